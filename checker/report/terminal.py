"""The report for people: one headline a file, and under it what they need to believe it.

It draws into a rich console: with colour and tables cut to its width on a terminal, as plain lines
of any length elsewhere. Text out of a history is escaped, so that a file cannot steer the terminal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from checker.history.formats.source import STDIN_NAME
from checker.history.statistics import has_times
from checker.operation import Operation, Outcome
from checker.report.file_report import FileReport, FileVerdict
from checker.report.wording import Moments, count_text, printable, value_text
from checker.verdict import Anomaly, PartitionResult

__all__ = ["print_line", "print_report", "print_summary"]

_COLOURS: Final = {
    FileVerdict.VALID: "bold green",
    FileVerdict.INVALID: "bold red",
    FileVerdict.UNKNOWN: "bold yellow",
    FileVerdict.MALFORMED: "bold magenta",
}
_VERDICT_WIDTH: Final = 9
_PARTITIONS_SHOWN: Final = 5
_ANOMALIES_SHOWN: Final = 3
_OPERATIONS_SHOWN: Final = 12


def print_report(console: Console, report: FileReport) -> None:
    """Print one file's headline, its failing and its undecided parts."""
    print_line(console, _headline(report))
    shown = report.invalid_partitions[:_PARTITIONS_SHOWN]
    for part in shown:
        _print_invalid(console, report, part)
    _print_rest(console, len(report.invalid_partitions) - len(shown), "parts in violation")
    undecided = report.unknown_partitions[:_PARTITIONS_SHOWN]
    for part in undecided:
        print_line(console, f"  {_part_name(part)}: undecided: {part.reason}")
    _print_rest(console, len(report.unknown_partitions) - len(undecided), "undecided parts")


def print_summary(console: Console, reports: Sequence[FileReport], *, html: str | None) -> None:
    """Print the tally when there are several files, and what to do next."""
    if len(reports) > 1:
        print_line(console, f"{len(reports)} histories: {_tally(reports)}", style="bold")
    guessed = sum(report.model_source == "guess" for report in reports)
    if guessed:
        subject = "the model was" if guessed == 1 else f"{guessed} models were"
        print_line(
            console,
            f"{subject} told from the operations' names; --model names another",
            style="dim",
        )
    if html is not None:
        print_line(console, f"timeline: {html}")
    for advice in _advice(reports, html):
        # Never wrapped by us: it is to be copied.
        console.print(Text(f"next, {advice}"), style="dim", soft_wrap=True)


def _tally(reports: Sequence[FileReport]) -> str:
    counts = Counter("not judged" if report.trouble else report.verdict for report in reports)
    kinds = [*reversed(FileVerdict), "not judged"]
    return ", ".join(f"{counts[kind]} {kind}" for kind in kinds if counts[kind])


def print_line(
    console: Console, text: str | Text, *, indent: int = 0, style: str | None = None
) -> None:
    """Print a line, escaped; it wraps only on a terminal."""
    # Lines wrap only on a terminal: elsewhere a program may be looking for them.
    rich_text = Text(text) if isinstance(text, str) else text
    if console.is_terminal:
        console.print(Padding(rich_text, (0, 0, 0, indent)), style=style)
    else:
        console.print(Text(" " * indent) + rich_text, style=style, soft_wrap=True)


def _headline(report: FileReport) -> Text:
    line = Text().append(f"{report.verdict:<{_VERDICT_WIDTH}} ", style=_COLOURS[report.verdict])
    place = report.file if report.line is None else f"{report.file}:{report.line}"
    line.append(printable(place), style="bold")
    result = report.result
    if result is not None:
        parts = len(result.partitions)
        among = f" in {parts:,} parts" if parts > 1 else ""
        line.append(
            f"  {result.model}, {result.consistency}: {count_text(result.operations, 'operation')}"
            f"{among}, {result.seconds:.2f} s ({result.algorithm})"
        )
    if report.reason and not report.unknown_partitions:
        line.append(f"  {printable(report.reason)}")
    if report.operation:
        line.append(f" [{printable(report.operation)}]", style="dim")
    return line


def _print_invalid(console: Console, report: FileReport, part: PartitionResult) -> None:
    for anomaly in part.anomalies[:_ANOMALIES_SHOWN]:
        print_line(console, "")
        print_line(console, Text(f"  {_part_name(part)}: {anomaly.type}", style="bold"))
        print_line(console, printable(anomaly.explanation), indent=4)
        console.print(Padding(_operations_table(report, anomaly), (0, 0, 0, 4), expand=False))
    _print_rest(console, len(part.anomalies) - _ANOMALIES_SHOWN, "anomalies here")
    print_line(console, "")


def _operations_table(report: FileReport, anomaly: Anomaly) -> Table:
    operations = report.operations(anomaly.operations[:_OPERATIONS_SHOWN])
    timed = report.history is not None and has_times(report.history)
    keyed = any(operation.key is not None for operation in operations)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("op", no_wrap=True)
    table.add_column("process", no_wrap=True)
    table.add_column("f", no_wrap=True)
    if keyed:
        table.add_column("key", overflow="ellipsis", no_wrap=True)
    table.add_column("asked", overflow="fold")
    table.add_column("answered", overflow="fold")
    table.add_column("when", no_wrap=True)
    table.add_column("line", no_wrap=True, justify="right")
    when = _times(report, operations) if timed else _ranks
    for operation in operations:
        cells = [f"#{operation.index}", printable(str(operation.process)), printable(operation.f)]
        if keyed:
            cells.append(value_text(operation.key))
        cells += [
            value_text(operation.value),
            _answer(operation),
            when(operation),
            "" if operation.line is None else str(operation.line),
        ]
        table.add_row(*(Text(cell) for cell in cells))
    return table


def _answer(operation: Operation) -> str:
    if operation.outcome is Outcome.OK:
        # A write that is answered by nothing was answered; a read of nothing read null.
        echoed = operation.output is None and operation.value is not None
        return "ok" if echoed else value_text(operation.output)
    if operation.outcome is Outcome.FAIL:
        return f"failed: {value_text(operation.error)}" if operation.error is not None else "failed"
    return f"unknown: {value_text(operation.error)}" if operation.error is not None else "unknown"


def _times(report: FileReport, operations: Sequence[Operation]) -> Callable[[Operation], str]:
    """Return what writes when an operation ran, counted from the first invocation of all."""
    start = report.history.operations[0].time_invoked if report.history else 0
    ends = [op.time_completed for op in operations if op.time_completed is not None]
    moments = Moments([time - start for time in (*(op.time_invoked for op in operations), *ends)])

    def text(operation: Operation) -> str:
        begin = moments.text(operation.time_invoked - start)
        # The completion of an unknown outcome says when its client gave up, not when it ended.
        if operation.completed is None or operation.time_completed is None:
            return f"{begin} {moments.unit} -"
        return f"{begin} - {moments.text(operation.time_completed - start)} {moments.unit}"

    return text


def _ranks(operation: Operation) -> str:
    # Without times, the place in the order is all that is known of when.
    completed = "" if operation.completed is None else f" {operation.completed}"
    return f"event {operation.invoked} -{completed}"


def _advice(reports: Sequence[FileReport], html: str | None) -> Iterable[str]:
    again = [report for report in reports if report.file != STDIN_NAME]
    invalid = next((r for r in again if r.verdict is FileVerdict.INVALID), None)
    if invalid is not None and html is None:
        yield f"to see it on a timeline: {invalid.command('--html', 'report.html')}"
    unknown = next((r for r in again if r.verdict is FileVerdict.UNKNOWN and not r.trouble), None)
    if unknown is not None:
        yield f"to search longer: {unknown.command('--timeout', '10m')}"


def _part_name(part: PartitionResult) -> str:
    return "history" if part.key is None else f"key {value_text(part.key)}"


def _print_rest(console: Console, count: int, what: str) -> None:
    if count > 0:
        print_line(console, f"  ... and {count} more {what}", style="dim")

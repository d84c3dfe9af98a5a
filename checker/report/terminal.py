"""The report for people: one headline a file, and under it what they need to believe it.

It draws into a rich console: with colour and tables cut to its width on a terminal, as plain lines
of any length elsewhere. Text out of a history is escaped, so that a file cannot steer the terminal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from checker.history.formats.source import STDIN_NAME
from checker.history.statistics import has_times
from checker.report.file_report import FileReport, FileVerdict
from checker.report.operations_table import operations_table
from checker.report.wording import count_text, duration_text, printable, value_text
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
_INDENT: Final = 4
_LONGER: Final = ("--timeout", "10m")


def print_report(console: Console, report: FileReport) -> None:
    """Print one file's headline, its failing and its undecided parts."""
    print_line(console, _headline(report))
    shown = report.invalid_partitions[:_PARTITIONS_SHOWN]
    for part in shown:
        _print_invalid(console, report, part)
    _print_rest(console, len(report.invalid_partitions) - len(shown), "parts in violation")
    if shown:
        print_line(console, "")
    undecided = report.unknown_partitions[:_PARTITIONS_SHOWN]
    if undecided and report.result is not None and len(report.result.partitions) > 1:
        print_line(console, f"  {report.result.decided}; the hardest of the rest:")
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
        if result.clock_uncertainty:
            line.append(f", clocks uncertain by {duration_text(result.clock_uncertainty)}")
    if report.reason and not report.unknown_partitions:
        line.append(f"  {printable(report.reason)}")
    if report.operation:
        line.append(f" [{printable(report.operation)}]", style="dim")
    return line


def _print_invalid(console: Console, report: FileReport, part: PartitionResult) -> None:
    for anomaly in part.anomalies[:_ANOMALIES_SHOWN]:
        print_line(console, "")
        print_line(console, Text(f"  {_part_name(part)}: {anomaly.type}", style="bold"))
        print_line(console, printable(anomaly.explanation), indent=_INDENT)
        if anomaly.operations:
            console.print(_table(console, report, part, anomaly))
    _print_rest(console, len(part.anomalies) - _ANOMALIES_SHOWN, "anomalies here")


def _table(
    console: Console, report: FileReport, part: PartitionResult, anomaly: Anomaly
) -> Padding:
    operations = report.operations(anomaly.operations[:_OPERATIONS_SHOWN])
    table = operations_table(
        operations,
        timed=report.history is not None and has_times(report.history),
        keyed=part.key is None and any(operation.key is not None for operation in operations),
        width=console.width - _INDENT,
    )
    return Padding(table, (0, 0, 0, _INDENT), expand=False)


def _advice(reports: Sequence[FileReport], html: str | None) -> Iterable[str]:
    again = [report for report in reports if report.file != STDIN_NAME]
    invalid = next((r for r in again if r.verdict is FileVerdict.INVALID), None)
    if invalid is not None and html is None:
        yield f"to see it on a timeline: {invalid.command('--html', 'report.html')}"
    unknown = next((r for r in again if r.verdict is FileVerdict.UNKNOWN and not r.trouble), None)
    if unknown is not None:
        # The reason names the limit that was reached.
        options = ("--memory-limit", "16GiB") if "--memory-limit" in unknown.reason else _LONGER
        yield f"to search on: {unknown.command(*options)}"


def _part_name(part: PartitionResult) -> str:
    return "history" if part.key is None else f"key {value_text(part.key)}"


def _print_rest(console: Console, count: int, what: str) -> None:
    if count > 0:
        print_line(console, f"  ... and {count} more {what}", style="dim")

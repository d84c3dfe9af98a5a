"""Explanations for people, on a console: the sentence, the lanes, the longest legal order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from checker.history.history import History
from checker.history.recorded import RecordedHistory
from checker.history.statistics import has_times
from checker.report.anomaly_definitions import AnomalyDefinition
from checker.report.explain.evidence import STEPS_MAX, Explanation
from checker.report.explain.lanes import lanes
from checker.report.operations_table import operations_table
from checker.report.terminal import print_line
from checker.report.wording import count_text, printable, value_text

__all__ = ["print_definitions", "print_explanation"]

_INDENT: Final = 2
_LANES_MAX: Final = 8
_CELL_MIN: Final = 16
_CELL_MAX: Final = 60
_GAP: Final = 2


def print_explanation(
    console: Console, history: History | RecordedHistory, told: Explanation
) -> None:
    """Print one explanation; it never takes more than about a screen."""
    where = "history" if told.key is None else f"key {value_text(told.key)}"
    print_line(console, Text(f"{where}: {told.anomaly}", style="bold red"))
    print_line(console, printable(told.sentence), indent=_INDENT)
    for definition in told.definitions[:1]:
        print_line(console, f"That is: {definition.observed}.", indent=_INDENT, style="dim")
        if definition.cause:
            cause = f"What usually lies behind it: {definition.cause}."
            print_line(console, cause, indent=_INDENT, style="dim")
    for edge in told.cycle:
        line = f"#{edge.source} -{edge.kind}-> #{edge.target}: {edge.evidence}"
        print_line(console, printable(line), indent=_INDENT)
    print_line(console, "")
    _print_operations(console, history, told)
    if told.longest_order or told.blocked is not None:
        print_line(console, "")
        _print_order(console, told)


def print_definitions(console: Console, definitions: Sequence[AnomalyDefinition]) -> None:
    """Print what a name means, for each family of models that has it."""
    for definition in definitions:
        of = f" ({', '.join(definition.models)})" if definition.models else ""
        print_line(
            console, Text(f"{definition.name}", style="bold").append(f"  {definition.subject}{of}")
        )
        print_line(console, f"{definition.observed}.", indent=_INDENT)
        if definition.cause:
            cause = f"What usually lies behind it: {definition.cause}."
            print_line(console, cause, indent=_INDENT, style="dim")


def _print_operations(
    console: Console, history: History | RecordedHistory, told: Explanation
) -> None:
    operations = [history.operations[index] for index in told.operations[:STEPS_MAX]]
    words = count_text(len(told.operations), "operation")
    what = (
        f"{words}; without any one of them it would not fail so:" if told.minimal else f"{words}:"
    )
    print_line(console, what, indent=_INDENT)
    keyed = len({value_text(operation.key) for operation in operations}) > 1
    drawn = lanes(operations, keyed=keyed)
    room = (console.width - _INDENT) // max(1, len(drawn)) - _GAP
    table: Table
    if len(drawn) > _LANES_MAX or room < _CELL_MIN:
        timed = has_times(history)
        width = console.width - _INDENT
        table = operations_table(operations, timed=timed, keyed=keyed, width=width)
    else:
        table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="dim")
        cut = min(room, _CELL_MAX)
        for lane in drawn:
            table.add_column(lane.process, no_wrap=True)
        for cells in zip(*(lane.cells for lane in drawn), strict=True):
            table.add_row(*(Text(_cut(cell, cut)) for cell in cells))
    console.print(Padding(table, (0, 0, 0, _INDENT), expand=False))
    rest = len(told.operations) - len(operations)
    if rest:
        print_line(console, f"... and {rest:,} more", indent=_INDENT, style="dim")
    lines = [f"#{op.index} line {op.line}" for op in operations if op.line is not None]
    if lines:
        print_line(console, f"in the file: {', '.join(lines)}", indent=_INDENT, style="dim")


def _print_order(console: Console, told: Explanation) -> None:
    if told.longest_order:
        line = "The longest legal order of them, and the state after each:"
        print_line(console, line, indent=_INDENT)
        table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), show_header=False)
        table.add_row("", Text("at first"), Text(told.initial))
        for number, step in enumerate(told.longest_order, start=1):
            table.add_row(f"{number}.", Text(printable(step.does)), Text(printable(step.state)))
        console.print(Padding(table, (0, 0, 0, 2 * _INDENT), expand=False))
    else:
        print_line(
            console, f"No order of them begins at all; the state is {told.initial}.", indent=_INDENT
        )
    if told.blocked is not None:
        print_line(console, f"No order reaches #{told.blocked}.", indent=_INDENT)
    if told.legal_answers:
        answers = " or ".join(told.legal_answers)
        print_line(console, f"Legal would have been: {answers}.", indent=_INDENT)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 3]}..."

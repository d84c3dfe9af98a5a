"""The operations of an anomaly as a table: who asked what, was answered what, when, and where."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from rich.table import Table
from rich.text import Text

from checker.operation import Operation, Outcome
from checker.report.wording import Moments, printable, value_text

__all__ = ["operations_table"]

_GAP: Final = 2
_VALUE_WIDTH_MIN: Final = 12
_ELASTIC: Final = ("asked", "answered")
"""The columns that give way when the table is too wide."""


def operations_table(
    operations: Sequence[Operation], *, timed: bool, keyed: bool, width: int
) -> Table:
    """Draw operations into at most ``width`` columns, values cut where they do not fit.

    Args:
        operations: What to draw, a row each.
        timed: Whether they have times of their own; else their place in the order is shown.
        keyed: Whether to show keys, which is noise where all have one.
        width: Columns of text.
    """
    when = _times(operations) if timed else _ranks
    columns = {
        "op": [f"#{operation.index}" for operation in operations],
        "process": [printable(str(operation.process)) for operation in operations],
        "f": [printable(operation.f) for operation in operations],
        "key": [value_text(operation.key) for operation in operations] if keyed else [],
        "asked": [value_text(operation.value) for operation in operations],
        "answered": [_answer(operation) for operation in operations],
        "when": [when(operation) for operation in operations],
        "line": ["" if op.line is None else str(op.line) for op in operations],
    }
    columns = _fitted({name: cells for name, cells in columns.items() if cells}, width)
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="dim")
    for name in columns:
        table.add_column(name, no_wrap=True, justify="right" if name == "line" else "left")
    for cells in zip(*columns.values(), strict=True):
        table.add_row(*map(Text, cells))
    return table


def _fitted(columns: dict[str, list[str]], width: int) -> dict[str, list[str]]:
    widths = {name: max(map(len, (name, *cells))) for name, cells in columns.items()}
    rigid = sum(size for name, size in widths.items() if name not in _ELASTIC)
    left = width - rigid - _GAP * len(columns)
    asked, answered = (widths[name] for name in _ELASTIC)
    if asked + answered > left:
        # Each gets half, and what the other does not need of its own.
        half = left // 2
        asked, answered = (
            min(asked, max(half, left - answered, _VALUE_WIDTH_MIN)),
            min(answered, max(left - half, left - asked, _VALUE_WIDTH_MIN)),
        )
    fit = dict(zip(_ELASTIC, (asked, answered), strict=True))
    return {
        name: [_cut(cell, fit[name]) for cell in cells] if name in fit else cells
        for name, cells in columns.items()
    }


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 3]}..."


def _answer(operation: Operation) -> str:
    if operation.outcome is Outcome.OK:
        # A write that is answered by nothing was answered; a read of nothing read null.
        echoed = operation.output is None and operation.value is not None
        return "ok" if echoed else value_text(operation.output)
    outcome = "failed" if operation.outcome is Outcome.FAIL else "unknown"
    return outcome if operation.error is None else f"{outcome}: {value_text(operation.error)}"


def _times(operations: Sequence[Operation]) -> Callable[[Operation], str]:
    """Return what writes when an operation ran, in the file's own time."""
    ends = [op.time_completed for op in operations if op.time_completed is not None]
    moments = Moments([*(op.time_invoked for op in operations), *ends])

    def text(operation: Operation) -> str:
        begin = moments.text(operation.time_invoked)
        # The completion of an unknown outcome says when its client gave up, not when it ended.
        if operation.completed is None or operation.time_completed is None:
            return f"{begin} {moments.unit} -"
        return f"{begin} - {moments.text(operation.time_completed)} {moments.unit}"

    return text


def _ranks(operation: Operation) -> str:
    # Without times, the place in the order is all that is known of when.
    completed = "" if operation.completed is None else f" {operation.completed}"
    return f"event {operation.invoked} -{completed}"

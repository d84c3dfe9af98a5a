"""Operations as a table: a column for each process, time going down, as Lincheck draws them.

::

    process 1         process 0           process 5
    #3 write 2 -> ok
                      ┌ #19 cas [2,1]
                      │                   #27 read -> 2
                      ? unknown
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from checker.operation import Operation, Outcome
from checker.report.wording import printable, value_text

__all__ = ["Lane", "lanes"]


class Lane(NamedTuple):
    """What one process did: a cell for each row of the table, most of them empty."""

    process: str
    cells: list[str]


class _Row(NamedTuple):
    """One moment: an operation begins, ends, or does both before anything else happens."""

    operation: Operation
    begins: bool
    ends: bool


def lanes(operations: Sequence[Operation], *, keyed: bool) -> list[Lane]:
    """Draw the operations; all lanes have the same number of cells.

    Args:
        operations: What to draw.
        keyed: Whether to name keys, which is noise where all have one.
    """
    rows = _rows(operations)
    drawn: dict[int | str, Lane] = {}
    for row in rows:
        process = row.operation.process
        drawn.setdefault(process, Lane(printable(f"process {process}"), [""] * len(rows)))
    for place, row in enumerate(rows):
        drawn[row.operation.process].cells[place] = _text(row, keyed=keyed)
    for operation in operations:
        _draw_duration(drawn[operation.process].cells, rows, operation)
    return list(drawn.values())


def _rows(operations: Sequence[Operation]) -> list[_Row]:
    endpoints = [(op.invoked, op, True) for op in operations]
    endpoints += [(op.completed, op, False) for op in operations if op.completed is not None]
    endpoints.sort(key=lambda endpoint: endpoint[0])
    rows: list[_Row] = []
    for _, operation, begins in endpoints:
        if not begins and rows and rows[-1].operation is operation:
            rows[-1] = _Row(operation, begins=True, ends=True)
        else:
            rows.append(_Row(operation, begins=begins, ends=not begins))
    # What never ended is still open below everything else.
    never = [op for op in operations if op.completed is None]
    return [*rows, *(_Row(operation, begins=False, ends=True) for operation in never)]


def _text(row: _Row, *, keyed: bool) -> str:
    asked, answered = _asked(row.operation, keyed=keyed), _answered(row.operation)
    if row.begins and row.ends:
        return f"{asked} {answered}"
    if row.begins:
        return f"┌ {asked}"
    return f"? {answered}" if row.operation.completed is None else f"└ {answered}"


def _draw_duration(cells: list[str], rows: Sequence[_Row], operation: Operation) -> None:
    places = [place for place, row in enumerate(rows) if row.operation is operation]
    for place in range(places[0] + 1, places[-1]):
        cells[place] = cells[place] or "│"


def _asked(operation: Operation, *, keyed: bool) -> str:
    words = [f"#{operation.index}", printable(operation.f)]
    if keyed and operation.key is not None:
        words.append(value_text(operation.key))
    # A read's request is empty, or, where a recorder did not know better, its own answer.
    echoed = operation.f == "read" and operation.value == operation.output
    if operation.value is not None and not echoed:
        words.append(value_text(operation.value))
    return " ".join(words)


def _answered(operation: Operation) -> str:
    if operation.outcome is Outcome.INFO:
        return "unknown" if operation.completed is None else "-> unknown"
    if operation.outcome is Outcome.FAIL:
        why = "" if operation.error is None else f": {value_text(operation.error)}"
        return f"-> failed{why}"
    echoed = operation.value is not None and operation.output in (None, operation.value)
    return "-> ok" if echoed and operation.f != "read" else f"-> {value_text(operation.output)}"

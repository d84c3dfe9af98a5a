"""Read `ops`: one whole operation a line, with the times of its call and its return.

::

    {"client": 2, "call": 316058, "return": 606595, "f": "read", "value": null, "out": 5}
    {"client": 7, "call": 420031, "return": null, "f": "write", "value": 5, "out": null}

Times alone order the endpoints, in one unit of the recorder's choice. Where two are equal, calls
rank before returns: operations that touch at one instant are concurrent, which can only make a
history easier to explain, never raise a false alarm. An operation whose ``return`` is null has an
unknown outcome; whatever ``out`` it carries means nothing, and its client is gone.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from checker.errors import MalformedHistory
from checker.history.formats.json_line import BROKEN, explain, field_marks, refuse_traps
from checker.history.formats.limits import MAX_TIME
from checker.history.formats.source import Source
from checker.history.history import History
from checker.operation import Operation, Outcome

__all__ = ["read_ops"]


class _Line(msgspec.Struct, gc=False, rename={"returned": "return"}):
    client: int | str
    call: int
    returned: int | None
    f: str
    key: Any = None
    value: Any = None
    out: Any = None


_LINES: Final = msgspec.json.Decoder(_Line)
_MARKS: Final = field_marks(_Line.__struct_encode_fields__)


def read_ops(source: Source) -> History:
    """Read the history; lines need not be sorted.

    Raises:
        MalformedHistory: With the line, and what is wrong with it.
    """
    rows = _decoded(source)
    # Of two calls of one client at one instant, the one that returned at once came first.
    rows.sort(key=lambda row: (row[1].call, row[1].returned is None, row[1].returned))
    _refuse_overlap(rows, source)
    ranks = _ranks(rows)
    operations = tuple(
        Operation(
            index=index,
            process=row.client,
            f=row.f,
            key=row.key,
            value=row.value,
            output=None if row.returned is None else row.out,
            outcome=Outcome.INFO if row.returned is None else Outcome.OK,
            invoked=ranks[2 * index],
            completed=None if row.returned is None else ranks[2 * index + 1],
            time_invoked=row.call,
            time_completed=row.returned,
            line=number,
        )
        for index, (number, row) in enumerate(rows)
    )
    return History(operations=operations, source=source.name)


def _decoded(source: Source) -> list[tuple[int, _Line]]:
    rows: list[tuple[int, _Line]] = []
    for number, line in enumerate(source.lines(), start=1):
        if line and not line.isspace():
            with source.faults:
                rows.append((number, _decoded_line(line, number, source)))
    return rows


def _decoded_line(line: bytes, number: int, source: Source) -> _Line:
    try:
        row = _LINES.decode(line)
    except BROKEN as error:
        raise explain(error, line, number, source) from error
    refuse_traps(line, number, source, _MARKS, (row.key, row.value, row.out))
    if not (-MAX_TIME <= row.call <= MAX_TIME and (row.returned or 0) <= MAX_TIME):
        raise MalformedHistory(
            "field `call` or `return`: beyond 64 bits",
            source=source.name,
            line=number,
            operation=f"{row.client} {row.f}",
        )
    if row.returned is not None and row.returned < row.call:
        raise MalformedHistory(
            f"client {row.client!r} returns from {row.f!r} at {row.returned}, "
            f"before its call at {row.call}",
            source=source.name,
            line=number,
            operation=f"{row.client} {row.f}",
        )
    return row


def _refuse_overlap(rows: list[tuple[int, _Line]], source: Source) -> None:
    last: dict[int | str, tuple[int, _Line]] = {}
    for number, row in rows:
        before_number, before = last.get(row.client, (0, None))
        with source.faults:
            if before is not None and (before.returned is None or row.call < before.returned):
                reason = (
                    f"client {row.client!r} goes on after its {before.f!r} (line {before_number}) "
                    "that never returned: it must continue under a new number"
                    if before.returned is None
                    else f"client {row.client!r} calls {row.f!r} at {row.call}, before its "
                    f"{before.f!r} (line {before_number}) returns at {before.returned}: "
                    "one client does one thing at a time"
                )
                raise MalformedHistory(
                    reason, source=source.name, line=number, operation=f"{row.client} {row.f}"
                )
        last[row.client] = (number, row)


def _ranks(rows: list[tuple[int, _Line]]) -> list[int]:
    """Return the rank of each endpoint: call of row i at 2i, return at 2i + 1 (0 when none)."""
    endpoints = [(row.call, False, 2 * index) for index, (_, row) in enumerate(rows)]
    endpoints += [
        (row.returned, True, 2 * index + 1)
        for index, (_, row) in enumerate(rows)
        if row.returned is not None
    ]
    endpoints.sort()
    ranks = [0] * (2 * len(rows))
    for rank, (_, _, endpoint) in enumerate(endpoints):
        ranks[endpoint] = rank
    return ranks

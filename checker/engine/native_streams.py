"""Streams for the native engine; the counterpart of ``native/core/src/models/stream``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import count
from typing import Final

from checker.engine.native_columns import NO_NUMBER, NUMBER_MAX, Columns, number_or_none
from checker.errors import MalformedHistory
from checker.models.describe import describe
from checker.models.stream import Stream
from checker.models.stream_operations import (
    Append,
    EventId,
    Expected,
    LogHead,
    LogRead,
    StreamRead,
    StreamVersionRead,
    decode,
)
from checker.operation import Operation

__all__ = ["encode"]

_APPEND: Final = 0
_CONFLICT: Final = 1
_READ: Final = 2
_READ_WITH_POSITIONS: Final = 3
_VERSION: Final = 4
_READ_LOG: Final = 5
_HEAD: Final = 6
_NEVER: Final = 7
"""An answer that no state gives."""

_ANY: Final = 2**32 - 1
_EXISTS: Final = 2**32 - 2
_NOWHERE: Final = 2**32 - 3
"""A version that no stream reaches, as an expectation."""


def encode(model: Stream, operations: Sequence[Operation]) -> Columns:
    """Write the operations as rows; positions count only in the whole store.

    Raises:
        MalformedHistory: an operation is none of the model's, or has not the shape it defines.
    """
    rows = _Rows(positions=model.whole)
    for operation in operations:
        kind, arguments = rows.row(operation)
        rows.columns.add(operation.index, kind, arguments)
    return rows.columns


class _Rows:
    """The numbers of streams and events, from 0 in order of appearance."""

    def __init__(self, *, positions: bool) -> None:
        self.columns = Columns()
        self._positions = positions
        self._streams: defaultdict[str, int] = defaultdict(count().__next__)
        self._events: defaultdict[EventId, int] = defaultdict(count().__next__)

    def row(self, operation: Operation) -> tuple[int, Iterable[int]]:
        request = decode(operation)
        if isinstance(request, LogHead):
            return _never_unless(_HEAD, number_or_none(request.position))
        if isinstance(request, LogRead):
            return self._log_read(operation, request)
        stream = self._streams[operation.key]
        if isinstance(request, Append):
            return self._append(stream, request)
        if isinstance(request, StreamRead):
            return self._stream_read(operation, stream, request)
        if isinstance(request, StreamVersionRead):
            return _never_unless(_VERSION, stream, number_or_none(request.version))
        raise ValueError(f"[{describe(operation)}] says nothing about the stream")

    def _append(self, stream: int, append: Append) -> tuple[int, Iterable[int]]:
        expected = _expected(append.expected)
        if append.conflict:
            return _never_unless(_CONFLICT, stream, expected, number_or_none(append.actual))
        return _never_unless(
            _APPEND,
            stream,
            expected,
            number_or_none(append.version),
            number_or_none(append.position if self._positions else None),
            *map(self._events.__getitem__, append.ids),
        )

    def _stream_read(
        self, operation: Operation, stream: int, read: StreamRead
    ) -> tuple[int, Iterable[int]]:
        after, limit = _page(operation, read.after, read.limit)
        if not _count_from(read.versions, after):
            return _NEVER, ()
        head = (stream, after, limit)
        events = map(self._events.__getitem__, read.ids)
        if read.positions is None or not self._positions:
            return _READ, (*head, *events)
        positions = map(number_or_none, read.positions)
        return _never_unless(_READ_WITH_POSITIONS, *head, *events, *positions)

    def _log_read(self, operation: Operation, read: LogRead) -> tuple[int, Iterable[int]]:
        after, limit = _page(operation, read.after, read.limit)
        if not _count_from(read.positions, after):
            return _NEVER, ()
        arguments: list[int | None] = [after, limit, *(0 for _ in range(3 * len(read.ids)))]
        arguments[2::3] = map(self._streams.__getitem__, read.streams)
        arguments[3::3] = map(number_or_none, read.versions)
        arguments[4::3] = map(self._events.__getitem__, read.ids)
        return _never_unless(_READ_LOG, *arguments)


def _never_unless(kind: int, *arguments: int | None) -> tuple[int, Iterable[int]]:
    """Return a row, or the one that is never legal if an argument is no number."""
    numbers = [argument for argument in arguments if argument is not None]
    return (kind, numbers) if len(numbers) == len(arguments) else (_NEVER, ())


def _count_from(numbers: Sequence[int], after: int) -> bool:
    """Say whether events are numbered one by one from the first after a number."""
    return tuple(numbers) == tuple(range(after + 1, after + 1 + len(numbers)))


def _expected(expected: Expected) -> int:
    if expected == "any":
        return _ANY
    if expected == "exists":
        return _EXISTS
    if expected == "absent":
        return 0
    return expected if 0 <= expected <= NUMBER_MAX else _NOWHERE


def _page(operation: Operation, after: int, limit: int | None) -> tuple[int, int]:
    if after < 0 or (limit is not None and limit < 0):
        raise MalformedHistory(
            f"{operation.f}: after and limit must be 0 or more",
            line=operation.line,
            operation=describe(operation),
        )
    return min(after, NUMBER_MAX), NO_NUMBER if limit is None else min(limit, NUMBER_MAX)

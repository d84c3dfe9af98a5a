"""The operations of the model ``stream``, decoded from a history's JSON values.

What is decoded has the right shape and nothing more: whether its numbers can be true is for the
model and the monitor to say. ``docs/reference/models.md`` defines the encoding.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, NoReturn, TypeAlias, TypeVar

import msgspec

from checker.errors import MalformedHistory
from checker.models.describe import describe
from checker.operation import Operation, Outcome

__all__ = [
    "CONFLICT",
    "Append",
    "Decoder",
    "EventId",
    "Expected",
    "LogHead",
    "LogRead",
    "StreamOperation",
    "StreamRead",
    "StreamVersionRead",
    "decode",
    "is_conflict",
]

EventId: TypeAlias = str | int
Expected: TypeAlias = int | Literal["any", "exists", "absent"]
CONFLICT = "wrong-expected-version"


class Append(msgspec.Struct, frozen=True, kw_only=True):
    """An append: acknowledged (``version``), in conflict (``conflict``), or of unknown outcome."""

    ids: tuple[EventId, ...]
    expected: Expected
    version: int | None = None
    """The version of its last event, as acknowledged."""
    position: int | None = None
    """The position of its last event, as acknowledged; None if the system has none."""
    conflict: bool = False
    actual: int | None = None
    """The version that a conflict reported, if it did."""


class StreamRead(msgspec.Struct, frozen=True, kw_only=True):
    """An answered page of one stream, column by column."""

    after: int
    limit: int | None
    versions: tuple[int, ...] = ()
    ids: tuple[EventId, ...] = ()
    positions: tuple[int, ...] | None = None


class StreamVersionRead(msgspec.Struct, frozen=True, kw_only=True):
    """An answered question for a stream's version."""

    version: int


class LogRead(msgspec.Struct, frozen=True, kw_only=True):
    """An answered page of the whole log, column by column."""

    after: int
    limit: int | None
    positions: tuple[int, ...] = ()
    streams: tuple[str, ...] = ()
    versions: tuple[int, ...] = ()
    ids: tuple[EventId, ...] = ()


class LogHead(msgspec.Struct, frozen=True, kw_only=True):
    """An answered question for the last position of the log."""

    position: int


StreamOperation: TypeAlias = Append | StreamRead | StreamVersionRead | LogRead | LogHead


class _AppendValue(msgspec.Struct, frozen=True):
    ids: tuple[EventId, ...]
    expected: Expected


class _AppendOutput(msgspec.Struct, frozen=True):
    version: int
    position: int | None = None


class _Conflict(msgspec.Struct, frozen=True):
    actual: int | None = None


_Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]


class _Page(msgspec.Struct, frozen=True):
    after: _Count = 0
    limit: _Count | None = None


class _Events(msgspec.Struct, frozen=True):
    events: list[Any]


def is_conflict(operation: Operation) -> bool:
    """Say whether an operation failed because the stream was not where it was expected."""
    error = operation.error
    return (
        operation.f == "append"
        and operation.outcome is Outcome.FAIL
        and isinstance(error, dict)
        and error.get("type") == CONFLICT
    )


def decode(operation: Operation) -> StreamOperation | None:
    """Decode an operation; None if it says nothing about the stream.

    Nothing is said by reads without an answer, and by appends that failed for another reason than
    a conflict (they certainly had no effect).

    Raises:
        MalformedHistory: the values do not have the shape that the model defines.
    """
    decoder = _DECODERS.get(operation.f)
    if decoder is None:
        _malformed(
            operation,
            f"model 'stream' has no operation {operation.f!r}: it has {', '.join(_DECODERS)}",
        )
    if operation.f != "append" and operation.outcome is not Outcome.OK:
        return None
    if operation.f in _OF_A_STREAM and not isinstance(operation.key, str):
        _malformed(operation, f"the key of {operation.f!r} must be the name of its stream")
    try:
        return decoder(operation)
    except (msgspec.ValidationError, TypeError, ValueError) as error:
        _malformed(operation, f"{operation.f}: {error}")


class Decoder:
    """Decodes each operation once, however often it is asked: reads can be long."""

    def __init__(self) -> None:
        self._decoded: dict[int, tuple[Operation, StreamOperation | None]] = {}

    def __call__(self, operation: Operation) -> StreamOperation | None:
        """Decode an operation, as `decode` does."""
        known = self._decoded.get(operation.index)
        if known is None or known[0] is not operation:
            known = self._decoded[operation.index] = (operation, decode(operation))
        return known[1]


def _malformed(operation: Operation, reason: str) -> NoReturn:
    raise MalformedHistory(reason, line=operation.line, operation=describe(operation))


def _append(operation: Operation) -> Append | None:
    value = msgspec.convert(operation.value, _AppendValue)
    if not value.ids:
        raise ValueError("an append needs at least one event id")
    if operation.outcome is Outcome.OK:
        output = msgspec.convert(operation.output, _AppendOutput)
        return Append(
            ids=value.ids,
            expected=value.expected,
            version=output.version,
            position=output.position,
        )
    if operation.outcome is Outcome.INFO:
        return Append(ids=value.ids, expected=value.expected)
    if not is_conflict(operation):
        return None
    actual = msgspec.convert(operation.error, _Conflict).actual
    return Append(ids=value.ids, expected=value.expected, conflict=True, actual=actual)


def _stream_read(operation: Operation) -> StreamRead:
    page = _page(operation)
    columns = _columns(operation, ("version", "id", "position"), optional=1)
    if not columns:
        return StreamRead(after=page.after, limit=page.limit)
    return StreamRead(
        after=page.after,
        limit=page.limit,
        versions=_numbers(columns[0], page.after),
        ids=_of_types(columns[1], str, int),
        positions=_of_types(columns[2], int) if len(columns) > 2 else None,  # noqa: PLR2004 - a pair
    )


def _log_read(operation: Operation) -> LogRead:
    page = _page(operation)
    columns = _columns(operation, ("position", "stream", "version", "id"))
    if not columns:
        return LogRead(after=page.after, limit=page.limit)
    return LogRead(
        after=page.after,
        limit=page.limit,
        positions=_numbers(columns[0], page.after),
        streams=_of_types(columns[1], str),
        versions=_of_types(columns[2], int),
        ids=_of_types(columns[3], str, int),
    )


def _version(operation: Operation) -> StreamVersionRead:
    return StreamVersionRead(version=msgspec.convert(operation.output, int))


def _head(operation: Operation) -> LogHead:
    return LogHead(position=msgspec.convert(operation.output, int))


_DECODERS = {
    "append": _append,
    "read": _stream_read,
    "version": _version,
    "read-log": _log_read,
    "head": _head,
}
_OF_A_STREAM = frozenset({"append", "read", "version"})


def _page(operation: Operation) -> _Page:
    return msgspec.convert(operation.value or {}, _Page)


def _columns(
    operation: Operation, names: Sequence[str], *, optional: int = 0
) -> list[tuple[Any, ...]]:
    """Transpose a read's events; no columns if there are no events."""
    events = msgspec.convert(operation.output, _Events).events
    columns = list(zip(*events, strict=True))
    if events and not len(names) - optional <= len(columns) <= len(names):
        raise ValueError(f"an event is [{', '.join(names)}], not {len(columns)} values")
    return columns


def _numbers(column: tuple[int, ...], after: int) -> tuple[int, ...]:
    """Check a column of consecutive numbers; nearly all are just what they should be."""
    expected = tuple(range(after + 1, after + 1 + len(column)))
    return expected if column == expected else _of_types(column, int)


T = TypeVar("T")


def _of_types(column: tuple[T, ...], *allowed: type) -> tuple[T, ...]:
    """Check a whole column at the speed of C: histories hold millions of ids."""
    others = set(map(type, column)).difference(allowed)
    if others:
        raise TypeError(
            f"an event holds a {others.pop().__name__} "
            f"where a {' or '.join(kind.__name__ for kind in allowed)} belongs"
        )
    return column

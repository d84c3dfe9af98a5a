"""Event streams: append with an expected version, read by version, and one log above them all.

The model states what an event store promises, independently of any store. It judges one stream
alone, or, ``whole``, the store as one object whose log gives every event its position.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

from checker.models.model import Model, Partition
from checker.models.stream_operations import (
    Append,
    Decoder,
    EventId,
    Expected,
    LogHead,
    LogRead,
    StreamOperation,
    StreamRead,
    StreamVersionRead,
    is_conflict,
)
from checker.operation import Operation, Outcome

__all__ = ["StoreState", "Stream", "met"]

_LOG_FUNCTIONS: Final = ("read-log", "head")


def met(expected: Expected, version: int) -> bool:
    """Say whether a stream at ``version`` is where an append expects it."""
    if expected == "any":
        return True
    if expected == "exists":
        return version > 0
    if expected == "absent":
        return version == 0
    return expected == version


class StoreState:
    """An immutable log; its streams are kept beside it, and its hash grows with it."""

    __slots__ = ("_hash", "appends", "log", "streams")

    log: tuple[tuple[str, int, EventId], ...]
    """Stream, version and id of each event; the event at index i has position i + 1."""
    streams: dict[str, tuple[tuple[EventId, int], ...]]
    """Id and position of each event of each stream; the one at index i has version i + 1."""
    appends: dict[EventId, tuple[str, tuple[EventId, ...], int, int]]
    """Where the append of an event went: stream, ids, and version and position of its last."""

    def __init__(self) -> None:
        self.log = ()
        self.streams = {}
        self.appends = {}
        self._hash = 0

    def append(self, stream: str, ids: tuple[EventId, ...]) -> StoreState:
        """Return the state after an append; this one stays as it is."""
        events = self.streams.get(stream, ())
        version, position = len(events), len(self.log)
        after = StoreState()
        after.log = self.log + tuple(
            (stream, version + place, event) for place, event in enumerate(ids, start=1)
        )
        numbered = tuple((event, position + place) for place, event in enumerate(ids, start=1))
        after.streams = {**self.streams, stream: events + numbered}
        where = (stream, ids, version + len(ids), position + len(ids))
        after.appends = {**self.appends, **dict.fromkeys(ids, where)}
        after._hash = hash((self._hash, stream, ids))
        return after

    def version(self, stream: str) -> int:
        """Return how many events a stream holds."""
        return len(self.streams.get(stream, ()))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, StoreState)
            and self._hash == other._hash
            and len(self.log) == len(other.log)
            and self.appends == other.appends
            and self.log == other.log
        )

    def __hash__(self) -> int:
        return self._hash

    def __sizeof__(self) -> int:
        return (
            object.__sizeof__(self)
            + sys.getsizeof(self.log)
            + sys.getsizeof(self.appends)
            + sum(map(sys.getsizeof, self.streams.values()))
        )

    def __repr__(self) -> str:
        versions = ", ".join(f"{name} at version {len(ids)}" for name, ids in self.streams.items())
        return f"{versions or 'no stream'}; head {len(self.log)}"


class Stream(Model[StoreState]):
    """An event store: ``append``, ``read`` and ``version`` of streams, ``read-log`` and ``head``.

    An append takes effect if its expectation is met and none of its ids is in the log. An append
    whose ids all went into the log before, together and on this stream, is a repetition: it changes
    nothing and is answered with the first result, whatever it expects. A conflict must be deserved
    (the expectation is not met), and the version it reports must be the stream's; whether its ids
    are in the log is not asked of it, since an earlier attempt may have landed meanwhile.
    """

    def __init__(
        self,
        *,
        whole: bool = False,
        decoder: Decoder | None = None,
        hints: Mapping[EventId, int] | None = None,
    ) -> None:
        """Make the model of one stream, or of the ``whole`` store, whose positions count.

        Models of the same history may share a ``decoder``. ``hints`` are versions of events that
        are known from elsewhere: a monitor may try them, the model itself does not use them.
        """
        self.name = "store" if whole else "stream"
        self.whole = whole
        self.decoder = decoder or Decoder()
        self.hints = hints or {}

    def init(self) -> StoreState:
        """Return the empty log."""
        return StoreState()

    def step(self, state: StoreState, operation: Operation) -> StoreState | None:
        """Append, or compare what was observed with what is there."""
        request = self.decoder(operation)
        if isinstance(request, Append):
            return self._append(state, operation.key, request)
        return state if self._observed(state, operation.key, request) else None

    def observes(self, operation: Operation) -> bool:
        """A conflict must be justified; other failures say nothing."""
        return is_conflict(operation)

    def changes(self, operation: Operation) -> bool:
        """Only appends change the log."""
        return operation.f == "append"

    def partition(self, operations: Sequence[Operation]) -> list[Partition]:
        """Each stream alone, and the whole store too if the history says anything about its log."""
        streams: dict[str, list[Operation]] = {}
        speaks_of_log = False
        for operation in operations:
            request = self.decoder(operation)
            if operation.f in _LOG_FUNCTIONS:
                speaks_of_log = True
            else:
                streams.setdefault(operation.key, []).append(operation)
                speaks_of_log = speaks_of_log or _has_position(request)
        hints = self._hints(operations) if speaks_of_log else {}
        parts = [
            Partition(
                key=stream,
                operations=tuple(part),
                model=Stream(decoder=self.decoder, hints=hints.get(stream)),
            )
            for stream, part in streams.items()
        ]
        if speaks_of_log:
            whole = Stream(whole=True, decoder=self.decoder)
            parts.append(Partition(key=None, operations=tuple(operations), model=whole))
        return parts

    def _hints(self, operations: Sequence[Operation]) -> dict[str, dict[EventId, int]]:
        """The versions that the log first shows of events whose append has no known outcome."""
        unknown: set[EventId] = set()
        for operation in operations:
            if operation.f == "append" and operation.outcome is Outcome.INFO:
                append = self.decoder(operation)
                unknown.update(append.ids if isinstance(append, Append) else ())
        hints: dict[str, dict[EventId, int]] = {}
        for operation in operations:
            page = self.decoder(operation)
            if isinstance(page, LogRead) and not unknown.isdisjoint(page.ids):
                for stream, version, event in zip(
                    page.streams, page.versions, page.ids, strict=True
                ):
                    if event in unknown:
                        hints.setdefault(stream, {}).setdefault(event, version)
        return hints

    def _append(self, state: StoreState, stream: str, append: Append) -> StoreState | None:
        version = state.version(stream)
        if append.conflict:
            deserved = not met(append.expected, version) and append.actual in (None, version)
            return state if deserved else None
        first = next((state.appends[event] for event in append.ids if event in state.appends), None)
        if first is not None:
            repeated = first[:2] == (stream, append.ids)
            return state if repeated and self._answers(append, *first[2:]) else None
        if not met(append.expected, version) or len(set(append.ids)) < len(append.ids):
            return None
        count = len(append.ids)
        if not self._answers(append, version + count, len(state.log) + count):
            return None
        return state.append(stream, append.ids)

    def _answers(self, append: Append, version: int, position: int) -> bool:
        """Say whether an append's answer, if it has one, is this one."""
        right_position = not self.whole or append.position in (None, position)
        return append.version in (None, version) and right_position

    def _observed(
        self, state: StoreState, stream: str | None, request: StreamOperation | None
    ) -> bool:
        if isinstance(request, StreamVersionRead) and stream is not None:
            return request.version == state.version(stream)
        if isinstance(request, LogHead):
            return request.position == len(state.log)
        if isinstance(request, LogRead):
            page = _page(state.log, request.after, request.limit)
            positions = range(request.after + 1, request.after + 1 + len(page))
            seen = zip(request.streams, request.versions, request.ids, strict=True)
            return tuple(seen) == page and request.positions == tuple(positions)
        if isinstance(request, StreamRead) and stream is not None:
            events = _page(state.streams.get(stream, ()), request.after, request.limit)
            versions = range(request.after + 1, request.after + 1 + len(events))
            return (
                request.ids == tuple(event for event, _ in events)
                and request.versions == tuple(versions)
                and (
                    not self.whole
                    or request.positions is None
                    or request.positions == tuple(position for _, position in events)
                )
            )
        return False


EventT = TypeVar("EventT")


def _page(events: tuple[EventT, ...], after: int, limit: int | None) -> tuple[EventT, ...]:
    return events[after:] if limit is None else events[after : after + limit]


def _has_position(request: StreamOperation | None) -> bool:
    return isinstance(request, Append | StreamRead) and (
        request.position is not None
        if isinstance(request, Append)
        else request.positions is not None
    )

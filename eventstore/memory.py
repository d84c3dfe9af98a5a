"""The executable specification of the event store: the whole contract, in memory.

It is what `EventStore` promises, in the fewest lines that say it. Every other store passes the same
tests, and users test against this one. An operation happens at once and as a whole, so any
interleaving of its callers is linearizable. It keeps nothing when the process ends.
"""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Callable, Sequence
from uuid import UUID

import msgspec

from eventstore.encoding import EncodedEvent
from eventstore.errors import EventIdReused, WrongExpectedVersion
from eventstore.event import Event, RecordedEvent
from eventstore.store import Appended
from eventstore.stream import (
    ExpectedVersion,
    Position,
    StreamName,
    StreamVersion,
    expectation_met,
    stream_name,
)
from eventstore.validation import check_append, check_read

__all__ = ["MemoryEventStore"]


def _utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class MemoryEventStore:
    """An `EventStore` in memory. ``clock`` gives the time at which events are recorded."""

    def __init__(self, *, clock: Callable[[], dt.datetime] = _utc_now) -> None:
        self._clock = clock
        self._log: list[RecordedEvent] = []
        self._streams: dict[StreamName, list[RecordedEvent]] = {}
        self._by_id: dict[UUID, RecordedEvent] = {}

    async def append(
        self, stream: StreamName, events: Sequence[Event], *, expected: ExpectedVersion
    ) -> Appended:
        """Append events to a stream, all or none, as `EventStore.append` says."""
        stream, encoded = check_append(stream, events, expected)
        known = [event.id for event in encoded if event.id in self._by_id]
        if known:
            return self._repeated(stream, encoded, known[0])
        actual = StreamVersion(len(self._streams.get(stream, [])))
        if not expectation_met(expected, actual):
            raise WrongExpectedVersion(stream, expected, actual)
        now = self._clock()
        for event in encoded:
            self._record(stream, event, now)
        return self._appended(self._log[-1], len(encoded), repeated=False)

    async def read_stream(
        self, stream: StreamName, *, after: StreamVersion = StreamVersion(0), limit: int = 1000
    ) -> list[RecordedEvent]:
        """Read a stream forwards, as `EventStore.read_stream` says."""
        check_read(after, limit)
        events = self._streams.get(stream_name(stream), [])
        return copy.deepcopy(events[after : after + limit])

    async def read_log(
        self, *, after: Position = Position(0), limit: int = 1000
    ) -> list[RecordedEvent]:
        """Read the log forwards, as `EventStore.read_log` says."""
        check_read(after, limit)
        return copy.deepcopy(self._log[after : after + limit])

    async def stream_version(self, stream: StreamName) -> StreamVersion:
        """Return how many events a stream holds."""
        return StreamVersion(len(self._streams.get(stream_name(stream), [])))

    async def head(self) -> Position:
        """Return the position of the last event in the log."""
        return Position(len(self._log))

    def _repeated(
        self, stream: StreamName, encoded: Sequence[EncodedEvent], known: UUID
    ) -> Appended:
        """Answer an append of which the log holds something: the first result, if it holds all.

        It holds all if its events stand side by side in the log, in the same order and stream.
        """
        first = self._by_id.get(encoded[0].id)
        start = first.position - 1 if first else 0
        held = self._log[start : start + len(encoded)]
        if [(event.stream, event.id) for event in held] != [
            (stream, event.id) for event in encoded
        ]:
            raise EventIdReused(stream, known)
        return self._appended(held[-1], len(encoded), repeated=True)

    def _record(self, stream: StreamName, event: EncodedEvent, now: dt.datetime) -> None:
        events = self._streams.setdefault(stream, [])
        recorded = RecordedEvent(
            id=event.id,
            type=event.type,
            data=msgspec.json.decode(event.data),
            metadata=msgspec.json.decode(event.metadata),
            stream=stream,
            version=StreamVersion(len(events) + 1),
            position=Position(len(self._log) + 1),
            recorded_at=now,
        )
        self._log.append(recorded)
        events.append(recorded)
        self._by_id[event.id] = recorded

    @staticmethod
    def _appended(last: RecordedEvent, events: int, *, repeated: bool) -> Appended:
        return Appended(
            stream=last.stream,
            version=last.version,
            position=last.position,
            events=events,
            repeated=repeated,
        )

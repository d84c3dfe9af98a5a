"""The executable specification of the event store: the whole contract, in memory.

It is what `EventStore` promises, in the fewest lines that say it. Every other store passes the same
tests, and users test against this one. An operation happens at once and as a whole, so any
interleaving of its callers is linearizable. It keeps nothing when the process ends.
"""

from __future__ import annotations

import copy
import datetime as dt
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from uuid import UUID

import msgspec

from eventstore.encoding import EncodedEvent
from eventstore.errors import BoundaryCrossed, EventIdReused, WrongExpectedVersion
from eventstore.event import Event, RecordedEvent
from eventstore.query import Query
from eventstore.store import PAGE_BYTES, Appended, Boundary, LogPage, Outcome, Write
from eventstore.stream import (
    ExpectedVersion,
    Position,
    StreamName,
    StreamVersion,
    expectation_met,
    stream_name,
)
from eventstore.subscription import CatchUpSubscription, HeadWatch, reach
from eventstore.validation import (
    EncodedWrite,
    check_append,
    check_append_all,
    check_ids,
    check_page,
    check_query,
    check_read,
    check_read_backwards,
    check_wait,
)

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
        self._watch = HeadWatch()

    async def append(
        self,
        stream: StreamName,
        events: Sequence[Event],
        *,
        expected: ExpectedVersion,
        boundary: Boundary | None = None,
    ) -> Appended:
        """Append events to a stream, all or none, as `EventStore.append` says."""
        stream, encoded = check_append(stream, events, expected, boundary)
        write = EncodedWrite(stream=stream, events=encoded, expected=expected)
        (appended,) = self._decide([write], boundary)
        return appended

    async def append_all(
        self, writes: Sequence[Write], *, boundary: Boundary | None = None
    ) -> tuple[Appended, ...]:
        """Append to several streams, all or none, as `EventStore.append_all` says."""
        return self._decide(check_append_all(writes, boundary), boundary)

    async def outcome(self, event_ids: Sequence[UUID]) -> Outcome:
        """Find out what became of an append, as `EventStore.outcome` says."""
        check_ids(event_ids)
        head = Position(len(self._log))
        known = self._first_known(event_ids)
        if known is None:
            return Outcome(appended=None, head=head)
        held = self._side_by_side(event_ids)
        if held is None:
            raise EventIdReused(known.stream, known.id)
        return Outcome(appended=tuple(_acknowledge(held, repeated=True)), head=head)

    async def read_stream(
        self,
        stream: StreamName,
        *,
        after: StreamVersion = StreamVersion(0),
        limit: int = 1000,
        until: Position | None = None,
    ) -> list[RecordedEvent]:
        """Read a stream forwards, as `EventStore.read_stream` says."""
        check_read(after, limit, until)
        events = self._streams.get(stream_name(stream), [])
        return _page((e for e in events[after:] if _lies_until(e, until)), limit)

    async def read_stream_backwards(
        self,
        stream: StreamName,
        *,
        before: StreamVersion | None = None,
        limit: int = 1000,
        until: Position | None = None,
    ) -> list[RecordedEvent]:
        """Read a stream backwards, as `EventStore.read_stream_backwards` says."""
        check_read_backwards(before, limit, until)
        events = reversed(self._streams.get(stream_name(stream), []))
        return _page(
            (e for e in events if (before is None or e.version < before) and _lies_until(e, until)),
            limit,
        )

    async def read_log(
        self,
        *,
        after: Position = Position(0),
        limit: int = 1000,
        query: Query | None = None,
        until: Position | None = None,
    ) -> list[RecordedEvent]:
        """Read the log forwards, as `EventStore.read_log` says."""
        check_read(after, limit, until)
        events = itertools.islice(self._log, after, until)
        return _page(_selected(events, query), limit)

    async def read_log_page(
        self,
        *,
        after: Position = Position(0),
        limit: int = 1000,
        query: Query | None = None,
        until: Position | None = None,
        bytes_max: int = PAGE_BYTES,
    ) -> LogPage:
        """Read a page of the log, as `EventStore.read_log_page` says."""
        check_page(after, limit, until, bytes_max)
        selected = list(_selected(itertools.islice(self._log, after, until), query))
        events: list[RecordedEvent] = []
        size = 0
        for event in selected[:limit]:
            size += len(msgspec.json.encode(event.data)) + len(msgspec.json.encode(event.metadata))
            if events and size > bytes_max:
                break
            events.append(event)
        full = len(events) == limit or len(events) < len(selected)
        return LogPage.of(copy.deepcopy(events), after=after, until=until, full=full)

    async def read_log_backwards(
        self,
        *,
        before: Position | None = None,
        limit: int = 1000,
        query: Query | None = None,
    ) -> list[RecordedEvent]:
        """Read the log backwards, as `EventStore.read_log_backwards` says."""
        check_read_backwards(before, limit)
        end = None if before is None else max(before - 1, 0)
        return _page(_selected(reversed(self._log[:end]), query), limit)

    async def stream_version(self, stream: StreamName) -> StreamVersion:
        """Return how many events a stream holds."""
        return self._version(stream_name(stream))

    async def head(self) -> Position:
        """Return the position of the last event in the log."""
        return Position(len(self._log))

    async def wait_for(self, position: Position, timeout_seconds: float) -> Position:
        """Wait until the log has reached a position, as `EventStore.wait_for` says."""
        check_wait(position, timeout_seconds)
        return await reach(self, self._watch, position, timeout_seconds)

    def subscribe(
        self,
        *,
        after: Position = Position(0),
        query: Query | None = None,
        page_size: int = 1000,
    ) -> CatchUpSubscription:
        """Follow the log, as `EventStore.subscribe` says."""
        check_read(after, page_size)
        if query is not None:
            check_query(query)
        return CatchUpSubscription(self, self._watch, after=after, query=query, page_size=page_size)

    def _decide(
        self, writes: Sequence[EncodedWrite], boundary: Boundary | None
    ) -> tuple[Appended, ...]:
        ids = [event.id for write in writes for event in write.events]
        known = self._first_known(ids)
        if known is not None:
            return self._repeated(writes, ids, known.id)
        for write in writes:
            actual = self._version(write.stream)
            if not expectation_met(write.expected, actual):
                raise WrongExpectedVersion(write.stream, write.expected, actual)
        if boundary is not None:
            self._check_boundary(writes[0].stream, boundary)
        now = self._clock()
        recorded = [self._record(w.stream, event, now) for w in writes for event in w.events]
        self._watch.announce(recorded[-1].position)
        return tuple(_acknowledge(recorded, repeated=False))

    def _repeated(
        self, writes: Sequence[EncodedWrite], ids: Sequence[UUID], known: UUID
    ) -> tuple[Appended, ...]:
        """Answer an append of which the log holds something: the first result, if it holds all."""
        streams = [write.stream for write in writes for _ in write.events]
        held = self._side_by_side(ids)
        if held is None or [event.stream for event in held] != streams:
            raise EventIdReused(writes[0].stream, known)
        return tuple(_acknowledge(held, repeated=True))

    def _check_boundary(self, stream: StreamName, boundary: Boundary) -> None:
        for event in reversed(self._log[boundary.after :]):
            if boundary.query.matches(event):
                raise BoundaryCrossed(stream, boundary.after, event.position)

    def _first_known(self, ids: Iterable[UUID]) -> RecordedEvent | None:
        return next((self._by_id[i] for i in ids if i in self._by_id), None)

    def _side_by_side(self, ids: Sequence[UUID]) -> list[RecordedEvent] | None:
        """The events with these ids, if they stand side by side in the log, in this order."""
        first = self._by_id.get(ids[0])
        start = first.position - 1 if first else 0
        held = self._log[start : start + len(ids)]
        return held if [event.id for event in held] == list(ids) else None

    def _version(self, stream: StreamName) -> StreamVersion:
        return StreamVersion(len(self._streams.get(stream, [])))

    def _record(self, stream: StreamName, event: EncodedEvent, now: dt.datetime) -> RecordedEvent:
        recorded = RecordedEvent(
            id=event.id,
            type=event.type,
            data=msgspec.json.decode(event.data),
            metadata=msgspec.json.decode(event.metadata),
            tags=event.tags,
            stream=stream,
            version=StreamVersion(self._version(stream) + 1),
            position=Position(len(self._log) + 1),
            recorded_at=now,
        )
        self._log.append(recorded)
        self._streams.setdefault(stream, []).append(recorded)
        self._by_id[event.id] = recorded
        return recorded


def _acknowledge(events: Iterable[RecordedEvent], *, repeated: bool) -> Iterator[Appended]:
    """Acknowledge events that stand side by side: one answer for each run of one stream."""
    for stream, run in itertools.groupby(events, key=lambda event: event.stream):
        of_stream = list(run)
        yield Appended(
            stream=stream,
            version=of_stream[-1].version,
            position=of_stream[-1].position,
            events=len(of_stream),
            repeated=repeated,
        )


def _lies_until(event: RecordedEvent, until: Position | None) -> bool:
    return until is None or event.position <= until


def _selected(events: Iterable[RecordedEvent], query: Query | None) -> Iterable[RecordedEvent]:
    if query is None:
        return events
    check_query(query)
    return filter(query.matches, events)


def _page(events: Iterable[RecordedEvent], limit: int) -> list[RecordedEvent]:
    return copy.deepcopy(list(itertools.islice(events, limit)))

"""Bugs of an event store, each as a store around a good one.

Every class here is a mistake that has been shipped by somebody: it behaves well until its mistake
shows, and answers its callers without a doubt. They are driven like the real store, and nothing of
what the clients record is touched.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Final

from eventstore import (
    ANY,
    Appended,
    Event,
    EventStoreError,
    ExpectedVersion,
    RecordedEvent,
    StreamName,
    WrongExpectedVersion,
)
from eventstore.stream import Position, StreamVersion, expectation_met
from verification.workloads.requests import WorkloadStore

__all__ = ["FalseSuccess", "LostAppend", "StaleRead", "TornBatch", "UnjustifiedConflict"]

LOST_PROBABILITY: Final = 0.05
CONFLICT_PROBABILITY: Final = 0.1
STALE_SECONDS: Final = 0.4


class _Around:
    """A store that passes everything on; the mutants override what they break."""

    def __init__(self, store: WorkloadStore) -> None:
        self._store = store

    async def append(
        self, stream: StreamName, events: Sequence[Event], *, expected: ExpectedVersion
    ) -> Appended:
        """Pass it on."""
        return await self._store.append(stream, events, expected=expected)

    async def read_stream(
        self, stream: StreamName, *, after: StreamVersion = StreamVersion(0), limit: int = 1000
    ) -> list[RecordedEvent]:
        """Pass it on."""
        return await self._store.read_stream(stream, after=after, limit=limit)

    async def read_log(
        self, *, after: Position = Position(0), limit: int = 1000
    ) -> list[RecordedEvent]:
        """Pass it on."""
        return await self._store.read_log(after=after, limit=limit)

    async def stream_version(self, stream: StreamName) -> StreamVersion:
        """Pass it on."""
        return await self._store.stream_version(stream)

    async def head(self) -> Position:
        """Pass it on."""
        return await self._store.head()


class LostAppend(_Around):
    """Acknowledges, and sometimes never stores: a write-behind buffer that died."""

    def __init__(self, store: WorkloadStore, draw: random.Random) -> None:
        super().__init__(store)
        self._draw = draw

    async def append(
        self, stream: StreamName, events: Sequence[Event], *, expected: ExpectedVersion
    ) -> Appended:
        """Append, or only say so."""
        if self._draw.random() >= LOST_PROBABILITY:
            return await self._store.append(stream, events, expected=expected)
        actual = await self._store.stream_version(stream)
        if not expectation_met(expected, actual):
            raise WrongExpectedVersion(stream, expected, actual)
        head = await self._store.head()
        return Appended(
            stream=stream,
            version=StreamVersion(actual + len(events)),
            position=Position(head + len(events)),
            events=len(events),
        )


class StaleRead(_Around):
    """Reads a stream as it was up to 0.4 s ago: a cache whose entries no append ever evicts."""

    def __init__(self, store: WorkloadStore, clock: Callable[[], float]) -> None:
        super().__init__(store)
        self._clock = clock
        self._cached: dict[StreamName, tuple[float, StreamVersion]] = {}

    async def read_stream(
        self, stream: StreamName, *, after: StreamVersion = StreamVersion(0), limit: int = 1000
    ) -> list[RecordedEvent]:
        """Read what the cached version of the stream shows."""
        version = await self.stream_version(stream)
        page = await self._store.read_stream(stream, after=after, limit=limit)
        return [event for event in page if event.version <= version]

    async def stream_version(self, stream: StreamName) -> StreamVersion:
        """Return the cached version of the stream, however many events came since."""
        expires, version = self._cached.get(stream, (0.0, StreamVersion(0)))
        if self._clock() >= expires:
            version = await self._store.stream_version(stream)
            self._cached[stream] = (self._clock() + STALE_SECONDS, version)
        return version


class UnjustifiedConflict(_Around):
    """Refuses appends that nothing stands against: a lock timeout reported as a conflict."""

    def __init__(self, store: WorkloadStore, draw: random.Random) -> None:
        super().__init__(store)
        self._draw = draw

    async def append(
        self, stream: StreamName, events: Sequence[Event], *, expected: ExpectedVersion
    ) -> Appended:
        """Append, or claim that the stream is elsewhere."""
        if isinstance(expected, int) and self._draw.random() < CONFLICT_PROBABILITY:
            actual = await self._store.stream_version(stream)
            if expectation_met(expected, actual):
                raise WrongExpectedVersion(stream, expected, StreamVersion(actual + 1))
        return await self._store.append(stream, events, expected=expected)


class TornBatch(_Around):
    """Stores a batch event by event, each in a transaction of its own.

    Others get in between, and what fails half-way is reported as if nothing had happened.
    """

    async def append(
        self, stream: StreamName, events: Sequence[Event], *, expected: ExpectedVersion
    ) -> Appended:
        """Append one event as expected, and the rest wherever they land."""
        last = await self._store.append(stream, events[:1], expected=expected)
        for event in events[1:]:
            last = await self._store.append(stream, [event], expected=ANY)
        return Appended(
            stream=stream,
            version=last.version,
            position=last.position,
            events=len(events),
            repeated=last.repeated,
        )


class FalseSuccess(_Around):
    """Takes a failed request for a successful one: an error swallowed on the way to the caller."""

    def __init__(self, store: WorkloadStore) -> None:
        super().__init__(store)
        self._versions: dict[StreamName, int] = {}
        self._head = 0

    async def append(
        self, stream: StreamName, events: Sequence[Event], *, expected: ExpectedVersion
    ) -> Appended:
        """Append, and say so whatever happened, unless it was a conflict."""
        try:
            appended = await self._store.append(stream, events, expected=expected)
        except WrongExpectedVersion as conflict:
            self._versions[stream] = conflict.actual
            raise
        except EventStoreError:
            appended = Appended(
                stream=stream,
                version=StreamVersion(self._versions.get(stream, 0) + len(events)),
                position=Position(self._head + len(events)),
                events=len(events),
            )
        self._versions[stream] = appended.version
        self._head = max(self._head, appended.position)
        return appended

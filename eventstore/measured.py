"""An event store that counts and times what another one does, and traces it.

A call is a span with the names of OpenTelemetry's conventions for databases; whoever configures
OpenTelemetry gets them, and without it nothing is made.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from typing import Any, Protocol
from uuid import UUID

from eventstore.epoch import Epoch, KnowsEpoch
from eventstore.errors import EventStoreError
from eventstore.event import Event, RecordedEvent
from eventstore.metrics import StoreMetrics
from eventstore.query import Query
from eventstore.store import (
    PAGE_BYTES,
    Appended,
    Boundary,
    Delivery,
    EventStore,
    LogPage,
    Outcome,
    Subscription,
    Write,
)
from eventstore.stream import ExpectedVersion, Position, StreamName, StreamVersion

__all__ = ["MeasuredEventStore", "Tracer"]


class Tracer(Protocol):
    """What makes spans: OpenTelemetry's tracer is one."""

    def start_as_current_span(
        self, name: str, *, attributes: Mapping[str, Any]
    ) -> AbstractContextManager[Any]:
        """Make a span for the length of a ``with`` block."""
        ...


class _NoTracer:
    def start_as_current_span(
        self, _name: str, *, attributes: Mapping[str, Any]
    ) -> AbstractContextManager[Any]:
        del attributes
        return nullcontext()


class MeasuredEventStore:
    """An `EventStore` that passes everything on to another, and keeps the numbers of it."""

    def __init__(
        self,
        store: EventStore,
        metrics: StoreMetrics,
        *,
        tracer: Tracer | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._store = store
        self._metrics = metrics
        self._tracer = tracer or _NoTracer()
        self._clock = clock

    async def append(
        self,
        stream: StreamName,
        events: Sequence[Event],
        *,
        expected: ExpectedVersion,
        boundary: Boundary | None = None,
    ) -> Appended:
        """Append events to a stream, as `EventStore.append` says."""
        async with self._call("append", events=len(events)):
            appended = await self._store.append(
                stream, events, expected=expected, boundary=boundary
            )
        self._appended([appended])
        return appended

    async def append_all(
        self, writes: Sequence[Write], *, boundary: Boundary | None = None
    ) -> tuple[Appended, ...]:
        """Append to several streams, as `EventStore.append_all` says."""
        async with self._call("append_all", events=sum(len(write.events) for write in writes)):
            appended = await self._store.append_all(writes, boundary=boundary)
        self._appended(appended)
        return appended

    async def outcome(self, event_ids: Sequence[UUID]) -> Outcome:
        """Find out what became of an append, as `EventStore.outcome` says."""
        async with self._call("outcome"):
            return await self._store.outcome(event_ids)

    async def read_stream(
        self,
        stream: StreamName,
        *,
        after: StreamVersion = StreamVersion(0),
        limit: int = 1000,
        until: Position | None = None,
    ) -> list[RecordedEvent]:
        """Read a stream forwards, as `EventStore.read_stream` says."""
        async with self._call("read_stream"):
            return self._read(
                await self._store.read_stream(stream, after=after, limit=limit, until=until)
            )

    async def read_stream_backwards(
        self,
        stream: StreamName,
        *,
        before: StreamVersion | None = None,
        limit: int = 1000,
        until: Position | None = None,
    ) -> list[RecordedEvent]:
        """Read a stream backwards, as `EventStore.read_stream_backwards` says."""
        async with self._call("read_stream_backwards"):
            return self._read(
                await self._store.read_stream_backwards(
                    stream, before=before, limit=limit, until=until
                )
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
        async with self._call("read_log"):
            return self._read(
                await self._store.read_log(after=after, limit=limit, query=query, until=until)
            )

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
        async with self._call("read_log_page"):
            page = await self._store.read_log_page(
                after=after, limit=limit, query=query, until=until, bytes_max=bytes_max
            )
        self._read(page.events)
        return page

    async def read_log_backwards(
        self, *, before: Position | None = None, limit: int = 1000, query: Query | None = None
    ) -> list[RecordedEvent]:
        """Read the log backwards, as `EventStore.read_log_backwards` says."""
        async with self._call("read_log_backwards"):
            return self._read(
                await self._store.read_log_backwards(before=before, limit=limit, query=query)
            )

    async def stream_version(self, stream: StreamName) -> StreamVersion:
        """Return how many events a stream holds."""
        async with self._call("stream_version"):
            return await self._store.stream_version(stream)

    async def head(self) -> Position:
        """Return the position of the last event in the log."""
        async with self._call("head"):
            head = await self._store.head()
        self._metrics.reached(head)
        return head

    async def epoch(self) -> Epoch:
        """Return the epoch of the log; the first one if the store does not know."""
        async with self._call("epoch"):
            return await self._store.epoch() if isinstance(self._store, KnowsEpoch) else Epoch()

    async def wait_for(self, position: Position, timeout_seconds: float) -> Position:
        """Wait until the log has reached a position, as `EventStore.wait_for` says."""
        async with self._call("wait_for"):
            head = await self._store.wait_for(position, timeout_seconds)
        self._metrics.reached(head)
        return head

    def subscribe(
        self, *, after: Position = Position(0), query: Query | None = None, page_size: int = 1000
    ) -> Subscription:
        """Follow the log, as `EventStore.subscribe` says."""
        inner = self._store.subscribe(after=after, query=query, page_size=page_size)
        return _MeasuredSubscription(inner, self._metrics)

    def _appended(self, appended: Sequence[Appended]) -> None:
        for one in appended:
            what = "repeated" if one.repeated else "appended"
            self._metrics.events.add(what, amount=one.events)
            self._metrics.reached(one.position)

    def _read(self, events: list[RecordedEvent]) -> list[RecordedEvent]:
        self._metrics.events.add("read", amount=len(events))
        return events

    @asynccontextmanager
    async def _call(self, method: str, **attributes: int) -> AsyncIterator[None]:
        ended = "Interrupted"
        begun = self._clock()
        named = {f"eventstore.{name}": value for name, value in attributes.items()}
        described = {"db.system.name": "postgresql", "db.operation.name": method, **named}
        try:
            with self._tracer.start_as_current_span(f"eventstore.{method}", attributes=described):
                yield
            ended = "ok"
        except EventStoreError as error:
            ended = type(error).__name__
            raise
        finally:
            self._metrics.calls.add(method, ended)
            self._metrics.seconds.observe(method, self._clock() - begun)


class _MeasuredSubscription:
    """A subscription that is counted from its first delivery on, until it is closed."""

    def __init__(self, inner: Subscription, metrics: StoreMetrics) -> None:
        self._inner = inner
        self._metrics = metrics
        self._open = False

    def __aiter__(self) -> _MeasuredSubscription:
        """Return itself."""
        return self

    async def __anext__(self) -> Delivery:
        """Wait for the next delivery."""
        if not self._open:
            self._open = True
            self._metrics.subscriptions.add()
        delivery = await self._inner.__anext__()
        self._metrics.events.add("delivered", amount=len(delivery.events))
        self._metrics.reached(delivery.position)
        return delivery

    async def aclose(self) -> None:
        """End the subscription."""
        if self._open:
            self._open = False
            self._metrics.subscriptions.add(amount=-1)
        await self._inner.aclose()

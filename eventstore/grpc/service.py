"""The calls of the contract on any event store: a request in, answers out.

A read or a subscription holds one page at a time: the next one is fetched when the last was taken.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, TypeVar

from eventstore.epoch import Epoch, KnowsEpoch
from eventstore.errors import InvalidRequest
from eventstore.event import RecordedEvent
from eventstore.grpc import eventstore_pb2 as pb
from eventstore.grpc.messages import (
    appended_to,
    boundary_from,
    pages,
    query_from,
    uuid_from,
    write_from,
)
from eventstore.query import Query
from eventstore.store import EventStore
from eventstore.stream import Position, StreamName, StreamVersion
from eventstore.validation import check_read

__all__ = ["Service"]

_PAGE_EVENTS: Final = 256

_Place = TypeVar("_Place", StreamVersion, Position)


class Service:
    """The calls of the contract on a store; each raises the store's own errors."""

    def __init__(self, store: EventStore) -> None:
        self._store = store

    async def append(self, request: pb.AppendRequest) -> pb.AppendResponse:
        """Append to one stream, or to several."""
        writes, boundary = [write_from(write) for write in request.writes], boundary_from(request)
        if len(writes) == 1:
            (write,) = writes
            one = await self._store.append(
                write.stream, write.events, expected=write.expected, boundary=boundary
            )
            return pb.AppendResponse(appended=[appended_to(one)])
        appended = await self._store.append_all(writes, boundary=boundary)
        return pb.AppendResponse(appended=[appended_to(one) for one in appended])

    async def outcome(self, request: pb.OutcomeRequest) -> pb.OutcomeResponse:
        """Find out what became of an append."""
        outcome = await self._store.outcome([uuid_from(data) for data in request.event_ids])
        return pb.OutcomeResponse(
            found=outcome.appended is not None,
            appended=[appended_to(one) for one in outcome.appended or ()],
            head=outcome.head,
        )

    async def stream_version(self, request: pb.StreamVersionRequest) -> pb.StreamVersionResponse:
        """Count the events of a stream."""
        version = await self._store.stream_version(StreamName(request.stream))
        return pb.StreamVersionResponse(version=version)

    async def head(self, _: pb.HeadRequest) -> pb.HeadResponse:
        """Find the last position."""
        return pb.HeadResponse(position=await self._store.head())

    async def epoch(self, _: pb.EpochRequest) -> pb.EpochResponse:
        """Say which history of the log it is; the first, where the store does not know."""
        epoch = await self._store.epoch() if isinstance(self._store, KnowsEpoch) else Epoch()
        return pb.EpochResponse(
            epochs=[pb.BeganEpoch(number=number, after=after) for number, after in epoch.began]
        )

    async def wait_for(self, request: pb.WaitForRequest) -> pb.HeadResponse:
        """Wait for a position."""
        head = await self._store.wait_for(Position(request.position), request.timeout_seconds)
        return pb.HeadResponse(position=head)

    async def read_stream(self, request: pb.ReadStreamRequest) -> AsyncIterator[pb.Page]:
        """Read a stream, forwards or backwards."""
        stream = StreamName(request.stream)
        bound = StreamVersion(request.bound) if request.HasField("bound") else None
        until = Position(request.until) if request.HasField("until") else None

        async def read(bound: StreamVersion | None, limit: int) -> list[RecordedEvent]:
            if request.backwards:
                return await self._store.read_stream_backwards(
                    stream, before=bound, limit=limit, until=until
                )
            return await self._store.read_stream(
                stream, after=bound or StreamVersion(0), limit=limit, until=until
            )

        async for page in _paged(read, bound, request.limit, lambda event: event.version):
            yield page

    async def read_log(self, request: pb.ReadLogRequest) -> AsyncIterator[pb.Page]:
        """Read the log, forwards or backwards."""
        bound = Position(request.bound) if request.HasField("bound") else None
        until = Position(request.until) if request.HasField("until") else None
        query = query_from(request)
        if request.backwards and until is not None:
            raise InvalidRequest("read backwards until a position: say before which, by `bound`.")

        async def read(before: Position | None, limit: int) -> list[RecordedEvent]:
            return await self._store.read_log_backwards(before=before, limit=limit, query=query)

        if request.backwards:
            answer = _paged(read, bound, request.limit, lambda event: event.position)
        else:
            answer = self._forwards(bound or Position(0), request.limit, query, until)
        async for page in answer:
            yield page

    async def _forwards(
        self, after: Position, limit: int, query: Query | None, until: Position | None
    ) -> AsyncIterator[pb.Page]:
        """Answer a read of the log as `_paged` does, in pages that are bounded in bytes too."""
        check_read(after, limit)
        while limit > 0:
            wanted = min(limit, _PAGE_EVENTS)
            read = await self._store.read_log_page(
                after=after, limit=wanted, query=query, until=until
            )
            for page in pages(read.events):
                yield pb.Page(events=page)
            if not read.more:
                return
            limit -= len(read.events)
            after = read.position

    async def subscribe(self, request: pb.SubscribeRequest) -> AsyncIterator[pb.Delivery]:
        """Follow the log."""
        subscription = self._store.subscribe(
            after=Position(request.after), query=query_from(request), page_size=request.page_size
        )
        try:
            async for delivery in subscription:
                *before, last = [*pages(delivery.events)] or [[]]
                for page in before:
                    yield pb.Delivery(events=page, position=page[-1].position, caught_up=False)
                yield pb.Delivery(
                    events=last, position=delivery.position, caught_up=delivery.caught_up
                )
        finally:
            await subscription.aclose()


async def _paged(
    read: Callable[[_Place | None, int], Awaitable[list[RecordedEvent]]],
    bound: _Place | None,
    limit: int,
    place: Callable[[RecordedEvent], _Place],
) -> AsyncIterator[pb.Page]:
    """Answer a read of any size with little memory.

    It is still one read, done when its last page is read: what is before a place never changes, so
    the pages before are what they would be then.
    """
    check_read(0, limit)
    while True:
        wanted = min(limit, _PAGE_EVENTS)
        events = await read(bound, wanted)
        for page in pages(events):
            yield pb.Page(events=page)
        limit -= wanted
        if len(events) < wanted or limit == 0:
            return
        bound = place(events[-1])

"""An event store that is served over gRPC: the same `EventStore`, somewhere else.

What the rules refuse is refused here, before anything is sent. The server's errors are raised as
they were there. When no answer comes, an append's outcome is unknown: repeat it with the same ids.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import grpc
from google.protobuf.message import Message

from eventstore.epoch import Epoch
from eventstore.errors import ReadFailed
from eventstore.event import Event, RecordedEvent
from eventstore.grpc import eventstore_pb2 as pb
from eventstore.grpc.failures import Asked
from eventstore.grpc.following import GrpcSubscription
from eventstore.grpc.link import Link, failed
from eventstore.grpc.messages import (
    appended_from,
    boundary_to,
    query_to,
    recorded_from,
    write_to,
)
from eventstore.query import Query
from eventstore.store import (
    PAGE_BYTES,
    Appended,
    Boundary,
    LogPage,
    Outcome,
    Subscription,
    Write,
)
from eventstore.stream import ExpectedVersion, Position, StreamName, StreamVersion, stream_name
from eventstore.validation import (
    check_append,
    check_append_all,
    check_ids,
    check_page,
    check_query,
    check_read,
    check_read_backwards,
    check_wait,
)

__all__ = ["GrpcEventStore"]


class GrpcEventStore:
    """An `EventStore` behind gRPC. Made by `connect`; safe to share between the tasks of a loop."""

    def __init__(self, link: Link) -> None:
        self._link = link

    @classmethod
    @asynccontextmanager
    async def connect(
        cls,
        url: str,
        *,
        token: str | None = None,
        root_certificates: Path | None = None,
        timeout_seconds: float = 10.0,
    ) -> AsyncIterator[GrpcEventStore]:
        """Connect to the server at ``grpc://HOST:PORT`` or, with TLS, ``grpcs://HOST:PORT``.

        Args:
            url: Where the server is.
            token: What it knows us by.
            root_certificates: PEM file of whom to trust; without, gRPC's own list.
            timeout_seconds: Limits each wait: for a connection, and for an answer.

        Raises:
            ConfigError: the URL, the file or the token cannot be used.
            StoreUnavailable: no connection could be made.
        """
        async with Link.open(
            url, token=token, root_certificates=root_certificates, timeout_seconds=timeout_seconds
        ) as link:
            store = cls(link)
            await store.head()  # what is wrong with the server or the token is said now
            yield store

    async def append(
        self,
        stream: StreamName,
        events: Sequence[Event],
        *,
        expected: ExpectedVersion,
        boundary: Boundary | None = None,
    ) -> Appended:
        """Append events to a stream, all or none, as `EventStore.append` says."""
        check_append(stream, events, expected, boundary)
        (appended,) = await self._append(
            [Write(stream=stream, events=events, expected=expected)], boundary
        )
        return appended

    async def append_all(
        self, writes: Sequence[Write], *, boundary: Boundary | None = None
    ) -> tuple[Appended, ...]:
        """Append to several streams, all or none, as `EventStore.append_all` says."""
        check_append_all(writes, boundary)
        return await self._append(writes, boundary)

    async def outcome(self, event_ids: Sequence[UUID]) -> Outcome:
        """Find out what became of an append, as `EventStore.outcome` says of what the server began.

        An append that is still on its way, through a connection that died, is not covered: to be
        sure, repeat the append with the same event ids instead.
        """
        check_ids(event_ids)
        request = pb.OutcomeRequest(event_ids=[event_id.bytes for event_id in event_ids])
        answer = await self._link.ask("Outcome", request, pb.OutcomeResponse)
        appended = tuple(appended_from(one) for one in answer.appended)
        return Outcome(appended=appended if answer.found else None, head=Position(answer.head))

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
        return await self._read(
            "ReadStream",
            pb.ReadStreamRequest(stream=stream_name(stream), bound=after, limit=limit, until=until),
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
        check_read_backwards(before, limit, until)
        return await self._read(
            "ReadStream",
            pb.ReadStreamRequest(
                stream=stream_name(stream), backwards=True, bound=before, limit=limit, until=until
            ),
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
        if query is not None:
            check_query(query)
        request = pb.ReadLogRequest(bound=after, limit=limit, query=query_to(query), until=until)
        return await self._read("ReadLog", request)

    async def read_log_page(
        self,
        *,
        after: Position = Position(0),
        limit: int = 1000,
        query: Query | None = None,
        until: Position | None = None,
        bytes_max: int = PAGE_BYTES,
    ) -> LogPage:
        """Read a page of the log, as `EventStore.read_log_page` says.

        It takes of the server's answer what fits; of what does not, little is on its way.
        """
        check_page(after, limit, until, bytes_max)
        if query is not None:
            check_query(query)
        request = pb.ReadLogRequest(bound=after, limit=limit, query=query_to(query), until=until)
        messages, cut = await self._read_bounded(request, bytes_max)
        events = [recorded_from(message) for message in messages]
        full = cut or len(events) == limit
        return LogPage.of(events, after=after, until=until, full=full)

    async def read_log_backwards(
        self, *, before: Position | None = None, limit: int = 1000, query: Query | None = None
    ) -> list[RecordedEvent]:
        """Read the log backwards, as `EventStore.read_log_backwards` says."""
        check_read_backwards(before, limit)
        if query is not None:
            check_query(query)
        request = pb.ReadLogRequest(
            backwards=True, bound=before, limit=limit, query=query_to(query)
        )
        return await self._read("ReadLog", request)

    async def stream_version(self, stream: StreamName) -> StreamVersion:
        """Return how many events a stream holds."""
        request = pb.StreamVersionRequest(stream=stream_name(stream))
        answer = await self._link.ask("StreamVersion", request, pb.StreamVersionResponse)
        return StreamVersion(answer.version)

    async def head(self) -> Position:
        """Return the position of the last event in the log."""
        return Position((await self._link.ask("Head", pb.HeadRequest(), pb.HeadResponse)).position)

    async def epoch(self) -> Epoch:
        """Return which history of the log this is; see `eventstore.epoch.KnowsEpoch`.

        Of a server that is older than this call, the first one, which says nothing.
        """
        try:
            answer = await self._link.ask("Epoch", pb.EpochRequest(), pb.EpochResponse)
        except ReadFailed as error:
            cause = error.__cause__
            unheard = isinstance(cause, grpc.aio.AioRpcError) and (
                cause.code() is grpc.StatusCode.UNIMPLEMENTED
            )
            if not unheard:
                raise
            return Epoch()
        return Epoch.of((one.number, Position(one.after)) for one in answer.epochs)

    async def wait_for(self, position: Position, timeout_seconds: float) -> Position:
        """Wait until the server's log has reached a position, as `EventStore.wait_for` says."""
        check_wait(position, timeout_seconds)
        answer = await self._link.ask(
            "WaitFor",
            pb.WaitForRequest(position=position, timeout_seconds=timeout_seconds),
            pb.HeadResponse,
            asked=Asked(position=position, seconds=timeout_seconds),
            seconds=timeout_seconds,
        )
        return Position(answer.position)

    def subscribe(
        self, *, after: Position = Position(0), query: Query | None = None, page_size: int = 1000
    ) -> Subscription:
        """Follow the log, as `EventStore.subscribe` says."""
        check_read(after, page_size)
        if query is not None:
            check_query(query)
        return GrpcSubscription(self._link, after, query, page_size)

    async def _append(
        self, writes: Sequence[Write], boundary: Boundary | None
    ) -> tuple[Appended, ...]:
        answer = await self._link.ask(
            "Append",
            pb.AppendRequest(
                writes=[write_to(write) for write in writes], boundary=boundary_to(boundary)
            ),
            pb.AppendResponse,
            asked=Asked(writes=writes, boundary=boundary),
        )
        return tuple(appended_from(one) for one in answer.appended)

    async def _read_bounded(
        self, request: pb.ReadLogRequest, bytes_max: int
    ) -> tuple[list[pb.RecordedEvent], bool]:
        """Take events up to a bound, or one; return them, and whether the answer had more."""
        answer = await self._link.stream("ReadLog", request, pb.Page)
        taken: list[pb.RecordedEvent] = []
        size = 0
        try:
            async for page in answer:
                for message in page.events:
                    size += len(message.event.data) + len(message.event.metadata)
                    if taken and size > bytes_max:
                        answer.cancel()
                        return taken, True
                    taken.append(message)
        except grpc.aio.AioRpcError as error:
            raise failed(error) from error
        return taken, False

    async def _read(self, method: str, request: Message) -> list[RecordedEvent]:
        answer = await self._link.stream(method, request, pb.Page)
        try:
            return [recorded_from(event) async for page in answer for event in page.events]
        except grpc.aio.AioRpcError as error:
            raise failed(error) from error

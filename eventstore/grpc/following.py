"""A subscription to a log that is served over gRPC."""

from __future__ import annotations

import asyncio

import grpc
from google.protobuf.message import Message

from eventstore.errors import ReadFailed
from eventstore.grpc import eventstore_pb2 as pb
from eventstore.grpc.failures import Asked
from eventstore.grpc.link import Link, failed
from eventstore.grpc.messages import query_to, recorded_from
from eventstore.query import Query
from eventstore.store import Delivery
from eventstore.stream import Position

__all__ = ["GrpcSubscription"]


class GrpcSubscription:
    """A `Subscription`: one call, begun again behind the last delivery whenever it breaks."""

    def __init__(self, link: Link, after: Position, query: Query | None, page_size: int) -> None:
        self._link = link
        self._position = after
        self._query = query
        self._page_size = page_size
        self._call: grpc.aio.UnaryStreamCall[Message, pb.Delivery] | None = None
        self._closed = asyncio.Event()

    def __aiter__(self) -> GrpcSubscription:
        """Return itself."""
        return self

    async def __anext__(self) -> Delivery:
        """Wait for the next delivery, as `Subscription` says."""
        if self._closed.is_set():
            raise StopAsyncIteration
        try:
            message = await self._next()
        except grpc.aio.AioRpcError as error:
            self._drop()
            raise failed(error, Asked(position=self._position)) from error
        except asyncio.CancelledError:
            self._drop()
            task = asyncio.current_task()
            if self._closed.is_set() and task is not None and not task.cancelling():
                raise StopAsyncIteration from None  # gRPC's own word for a call that we ended
            raise
        self._position = Position(message.position)
        return Delivery(
            events=tuple(recorded_from(event) for event in message.events),
            position=self._position,
            caught_up=message.caught_up,
        )

    async def aclose(self) -> None:
        """End the subscription."""
        self._closed.set()
        self._drop()

    async def _next(self) -> pb.Delivery:
        if self._call is None:
            request = pb.SubscribeRequest(
                after=self._position, query=query_to(self._query), page_size=self._page_size
            )
            self._call = await self._link.stream("Subscribe", request, pb.Delivery, limited=False)
        message = await self._call.read()
        if isinstance(message, pb.Delivery):
            return message
        self._drop()
        raise ReadFailed("the server ended the subscription: it can be asked again.")

    def _drop(self) -> None:
        call, self._call = self._call, None
        if call is not None:
            call.cancel()

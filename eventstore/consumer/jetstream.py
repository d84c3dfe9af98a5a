"""A cursor on the JetStream stream `EVENTS`: delivers from after a position, filtered by subjects.

Each attachment makes a consumer of JetStream anew: ephemeral, in memory, without acknowledgements.
It is trusted with nothing, and JetStream removes it when nobody asks it for a while. Events come
over the data plane; the consumer is made and asked over the ordinary client.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from itertools import islice
from typing import Final, NoReturn, Self
from uuid import uuid4

from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from eventstore import jetstream, wire, wire_bytes
from eventstore.consumer.following import Page, StreamState
from eventstore.dataplane.connection import DataPlane
from eventstore.dataplane.frames import Message
from eventstore.dataplane.opening import connect as connect_plane
from eventstore.dataplane.pulling import Delivered, Pull, delivered
from eventstore.errors import ForeignMessage, StreamUnavailable
from eventstore.event import RecordedEvent
from eventstore.jetstream import Connection, answered
from eventstore.relay.jetstream_stream import epoch_of
from eventstore.stream import Position

__all__ = ["JetStreamCursor"]

_IDLE_SECONDS: Final = 60.0
"""After this time without a question JetStream removes a consumer: longer than a pull waits."""

_GOODBYE_SECONDS: Final = 0.5
"""A server that stands still is not waited for longer."""


class JetStreamCursor:
    """Delivers to one subscription. Made by `open`.

    ``alarms`` fail when one of its connections is lost.
    """

    def __init__(
        self, connection: Connection, plane: DataPlane, subjects: Sequence[str], patience: float
    ) -> None:
        self.alarms: Sequence[asyncio.Future[NoReturn]] = (connection.lost, plane.lost)
        self._connection = connection
        self._plane = plane
        self._subjects = subjects
        self._patience_seconds = patience
        self._consumer = ""
        self._pull: Pull | None = None
        self._ordinal = 0  # of the last delivery that arrived

    @classmethod
    @contextlib.asynccontextmanager
    async def open(
        cls,
        url: str,
        *,
        subjects: Sequence[str],
        name: str,
        patience_seconds: float = 1.0,
        timeout_seconds: float = 5.0,
    ) -> AsyncIterator[Self]:
        """Connect to NATS at ``url``; the connections are closed at the end of the block.

        Args:
            url: The server or servers.
            subjects: What is to be delivered; they do not overlap.
            name: What the server's monitoring shows.
            patience_seconds: How long `fetch` waits for an event before it returns none.
            timeout_seconds: How long to wait for a connection, and for each other answer.

        Raises:
            StreamUnavailable: there is no connection.
        """
        async with (
            jetstream.connect(url, name=name, timeout_seconds=timeout_seconds) as connection,
            connect_plane(url, name=f"{name} (data)", timeout_seconds=timeout_seconds) as plane,
        ):
            cursor = cls(connection, plane, subjects, patience_seconds)
            try:
                yield cursor
            finally:
                await cursor._abandon()

    async def attach(self, after: Position) -> StreamState:
        """Deliver from the first event after a position; return what the stream holds.

        Raises:
            StreamUnavailable: there is no answer, or no stream.
        """
        await self._abandon()
        # A name of its own each time: an answer that came late must not be taken for this one's.
        consumer = f"follower-{uuid4().hex}"
        with answered(f"subscribe to the stream {wire.STREAM}"):
            await self._connection.api.add_consumer(
                wire.STREAM,
                ConsumerConfig(
                    name=consumer,
                    description="A cursor of a consumer, which keeps its position itself.",
                    deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
                    opt_start_seq=after + 1,
                    ack_policy=AckPolicy.NONE,
                    filter_subjects=list(self._subjects),
                    inactive_threshold=_IDLE_SECONDS,
                    num_replicas=1,
                    mem_storage=True,
                ),
            )
        self._consumer = consumer
        self._pull = Pull(self._plane, wire.STREAM, consumer)
        self._ordinal = 0
        # After it was made: should another stream take this one's place, the consumer goes with it.
        return await self._stream()

    async def fetch(self, limit: int) -> Page:
        """Return what has arrived, at most ``limit`` events, waiting a while if nothing has.

        Raises:
            StreamUnavailable: the connection is lost, or the consumer is gone.
            ForeignMessage: the next message is none of the log's.
        """
        pull = self._attached()
        await pull.wait(limit, self._patience_seconds)
        arrived = pull.arrived
        messages = list(islice(arrived, limit))
        places = self._places(messages)
        if messages and not places:
            return Page([], lost=True)
        events = _decoded(messages[: len(places)], places)
        for _ in events:
            arrived.popleft()
        self._ordinal += len(events)
        return Page(events, places[len(events) - 1].pending if events else 0)

    def _places(self, messages: Sequence[Message]) -> Sequence[Delivered]:
        """Say where messages are in the stream, up to one before which another got lost."""
        places: list[Delivered] = []
        for message in messages:
            place = delivered(message)
            if place.ordinal != self._ordinal + len(places) + 1:
                break  # what comes before it counts; it is still there the next time
            places.append(place)
        return places

    async def inspect(self) -> tuple[int, bool]:
        """Return the stream's last sequence, and whether we lack deliveries up to it.

        Raises:
            StreamUnavailable: there is no answer, no stream, or no consumer.
        """
        pull = self._attached()
        stream = await self._stream()
        with answered(f"inspect the consumer {self._consumer}"):
            info = await self._connection.api.consumer_info(wire.STREAM, self._consumer)
        sent = info.delivered.consumer_seq if info.delivered is not None else 0
        return stream.last, bool(info.num_pending or pull.arrived) or sent != self._ordinal

    async def _stream(self) -> StreamState:
        with answered(f"inspect the stream {wire.STREAM}"):
            info = await self._connection.api.stream_info(wire.STREAM)
        state = info.state
        held = state.last_seq - state.first_seq + 1 if state.last_seq else 0
        return StreamState(
            state.first_seq,
            state.last_seq,
            holes=state.messages < held,
            epoch=epoch_of(info.config.metadata),
        )

    def _attached(self) -> Pull:
        if self._pull is None:
            raise StreamUnavailable("the cursor is not attached to a consumer")
        return self._pull

    async def _abandon(self) -> None:
        """Leave the consumer; if it cannot be deleted now, JetStream removes it by itself."""
        pull, self._pull = self._pull, None
        if pull is None or self._plane.lost.done() or self._connection.lost.done():
            return
        pull.close()
        with (
            contextlib.suppress(StreamUnavailable),
            answered(f"delete the consumer {self._consumer}"),
        ):
            async with asyncio.timeout(_GOODBYE_SECONDS):
                await self._connection.api.delete_consumer(wire.STREAM, self._consumer)


def _decoded(messages: Sequence[Message], places: Sequence[Delivered]) -> list[RecordedEvent]:
    """Read the events of messages at their places in the stream, up to a stranger's.

    Raises:
        ForeignMessage: the first is none of the log's, or is at another place than its position.
    """
    events = wire_bytes.decode_all(messages)
    if events is not None and (
        [event.position for event in events] == [place.sequence for place in places]
    ):
        return events
    events = []
    for message, place in zip(messages, places, strict=True):
        try:
            events.append(
                wire_bytes.decode_at(place.sequence, message.subject, message.headers, message.body)
            )
        except ForeignMessage:
            if events:
                break  # what comes before it counts
            raise
    return events

"""Delivers the events of the JetStream stream `EVENTS`: the adapter behind `Delivery`.

Each subscription makes the durable consumer anew, from the position it is asked for. The consumer
acknowledges nothing and is trusted with nothing: it is a cursor that can be thrown away, while what
counts is the checkpoint in the read model. (After a power cut a consumer can stand ahead of its
stream and stay silent: nats-server issue 5412.) It is durable so that an operator sees it.

Events are asked for ahead of time, a bounded number of them; so the next ones arrive while the last
ones are committed. They come over the data plane; the consumer is made over the ordinary client.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Sequence
from typing import Final, NoReturn, Self

import msgspec
import nats.js.errors
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from eventstore import jetstream, wire, wire_bytes
from eventstore.dataplane.connection import DataPlane
from eventstore.dataplane.frames import Message
from eventstore.dataplane.opening import connect as connect_plane
from eventstore.errors import ForeignMessage, StreamUnavailable
from eventstore.event import RecordedEvent
from eventstore.jetstream import Connection, answered
from eventstore.stream import Position
from projector.checkpoint import Checkpoint, announced_on
from projector.projection import Projection

__all__ = ["JetStreamDelivery", "last_sequence"]

_STATUS: Final = b"NATS/1.0 "
"""What the headers begin with when JetStream says something instead of delivering."""

_NO_RESPONDERS: Final = "503"
_UNDELIVERED: Final = "Nats-Pending-Messages"

_PULL_SECONDS: Final = 30
_PULL_BYTES: Final = 16 * 1024 * 1024
_NANOSECONDS: Final = 1_000_000_000


class JetStreamDelivery:
    """Delivers to one projection; see `projector.ports.Delivery`. Made by `open`.

    ``alarms`` fail when one of its connections is lost.
    """

    def __init__(
        self,
        connection: Connection,
        plane: DataPlane,
        projection: Projection,
        *,
        patience_seconds: float,
    ) -> None:
        self.alarms: Sequence[asyncio.Future[NoReturn]] = (connection.lost, plane.lost)
        self._connection = connection
        self._api = connection.api
        self._plane = plane
        self._consumer = f"{projection.name}-{projection.generation}"
        self._patience_seconds = patience_seconds
        self._subscription: int | None = None
        self._inbox = ""
        self._arrived: deque[Message] = deque()
        self._due = 0  # asked for, and neither arrived nor declined
        self._gone = ""
        self._news = asyncio.Event()

    @classmethod
    @contextlib.asynccontextmanager
    async def open(
        cls, url: str, projection: Projection, *, name: str, patience_seconds: float = 1.0
    ) -> AsyncIterator[Self]:
        """Connect to NATS at ``url``; the connections are closed at the end of the block.

        Args:
            url: The server or servers.
            projection: Whose consumer it is.
            name: What the server's monitoring shows.
            patience_seconds: How long `fetch` waits for an event before it returns none.

        Raises:
            StreamUnavailable: there is no connection.
        """
        async with (
            jetstream.connect(url, name=name) as connection,
            connect_plane(url, name=f"{name} (data)") as plane,
        ):
            yield cls(connection, plane, projection, patience_seconds=patience_seconds)

    async def subscribe(self, after: Position) -> None:
        """Deliver from the first event after a position; see `Delivery.subscribe`."""
        with answered(f"subscribe to the stream {wire.STREAM}"):
            if self._subscription is not None:
                self._plane.unsubscribe(self._subscription)
            with contextlib.suppress(nats.js.errors.NotFoundError):
                await self._api.delete_consumer(wire.STREAM, self._consumer)
            await self._api.add_consumer(
                wire.STREAM,
                ConsumerConfig(
                    durable_name=self._consumer,
                    description="A cursor of a projector; its checkpoint is in the read model.",
                    deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
                    opt_start_seq=after + 1,
                    ack_policy=AckPolicy.NONE,
                ),
            )
        self._inbox = self._plane.new_inbox()
        self._arrived.clear()
        self._due = 0
        self._gone = ""
        self._subscription = self._plane.subscribe(self._inbox, self._receive)

    async def fetch(self, limit: int) -> list[RecordedEvent]:
        """Return what has arrived, waiting a while if nothing has; see `Delivery.fetch`."""
        self._ask(limit)
        if not self._arrived:
            self._news.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._patience_seconds):
                    await self._news.wait()
        if self._gone and not self._arrived:
            raise StreamUnavailable(f"the consumer {self._consumer} is gone: {self._gone}")
        events: list[RecordedEvent] = []
        arrived = self._arrived
        while arrived and len(events) < limit:
            message = arrived[0]
            try:
                events.append(wire_bytes.decode(message.subject, message.headers, message.body))
            except ForeignMessage:
                if events:
                    break  # what comes before it counts; it is still there the next time
                raise
            arrived.popleft()
        return events

    def _ask(self, limit: int) -> None:
        """Ask for more when less than half is due or here: a bounded number, ahead of time."""
        wanted = limit - self._due - len(self._arrived)
        if wanted * 2 < limit:
            return
        request = {
            "batch": wanted,
            "expires": _PULL_SECONDS * _NANOSECONDS,
            "max_bytes": _PULL_BYTES,
        }
        self._due += wanted
        self._plane.publish(
            f"$JS.API.CONSUMER.MSG.NEXT.{wire.STREAM}.{self._consumer}",
            msgspec.json.encode(request),
            reply=self._inbox,
        )

    def _receive(self, message: Message) -> None:
        if message.headers.startswith(_STATUS):
            self._note(message.headers)
        else:
            self._due -= 1
            self._arrived.append(message)
        self._news.set()

    def _note(self, headers: bytes) -> None:
        """Take note that JetStream will not deliver all that it was asked for."""
        line = headers[len(_STATUS) :].partition(b"\r\n")[0].decode("utf-8", "replace")
        code, _, description = line.partition(" ")
        if code == _NO_RESPONDERS:
            description = "there is none"
        undelivered = wire_bytes.header_fields(headers).get(_UNDELIVERED)
        if undelivered is None:
            # No such consumer, or its server is going away.
            self._gone = description
            return
        self._due -= int(undelivered)
        if "Deleted" in description or "Shutdown" in description:
            self._gone = description

    def announce(self, checkpoint: Checkpoint) -> None:
        """Wake who waits for a checkpoint; it may be lost, they also look for themselves."""
        subject = announced_on(checkpoint.projection, checkpoint.generation)
        with contextlib.suppress(StreamUnavailable):
            self._plane.publish(subject, str(checkpoint.position).encode())

    async def last_sequence(self) -> int:
        """Return the stream's last sequence; see `Delivery.last_sequence`."""
        return await last_sequence(self._connection)


async def last_sequence(connection: Connection) -> int:
    """Return the last sequence of the stream, which is the position of its last event.

    Raises:
        StreamUnavailable: there is no answer, or no stream.
    """
    with answered(f"inspect the stream {wire.STREAM}"):
        info = await connection.api.stream_info(wire.STREAM)
    return info.state.last_seq

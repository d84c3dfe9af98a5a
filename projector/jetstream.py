"""Delivers the events of the JetStream stream `EVENTS`: the adapter behind `Delivery`.

Each subscription makes the durable consumer anew, from the position it is asked for. The consumer
acknowledges nothing and is trusted with nothing: it is a cursor that can be thrown away, while what
counts is the checkpoint in the read model. (After a power cut a consumer can stand ahead of its
stream and stay silent: nats-server issue 5412.) It is durable, in memory, so that an operator sees
it; a server that was started again has forgotten it, and the next session makes it anew.

Events are asked for ahead of time, a bounded number of them; so the next ones arrive while the last
ones are committed. They come over the data plane; the consumer is made over the ordinary client.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Final, NoReturn, Self

import nats.js.errors
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from eventstore import jetstream, wire, wire_bytes
from eventstore.dataplane.connection import DataPlane
from eventstore.dataplane.frames import Message
from eventstore.dataplane.opening import connect as connect_plane
from eventstore.dataplane.pulling import Pull, delivered
from eventstore.epoch import Epoch
from eventstore.errors import ForeignMessage, StreamUnavailable
from eventstore.event import RecordedEvent
from eventstore.jetstream import Connection, answered
from eventstore.relay.jetstream_stream import epoch_of
from eventstore.stream import Position
from projector.checkpoint import Checkpoint, announced_on
from projector.lag import StreamExtent
from projector.projection import Projection

__all__ = ["AHEAD", "JetStreamDelivery", "extent", "last_sequence"]

AHEAD: Final = 4
"""So many times what is fetched at once is asked for ahead of time. With less, a server has often
delivered all that it was asked for while we were still at work on what came before."""


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
        self._pull: Pull | None = None
        self.fetched_bytes = 0

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
            if self._pull is not None:
                self._pull.close()
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
                    # A server that flushes would flush this cursor's state too, beside messages.
                    mem_storage=True,
                ),
            )
        self._pull = Pull(self._plane, wire.STREAM, self._consumer)

    async def fetch(self, limit: int) -> list[RecordedEvent]:
        """Return what has arrived, waiting a while if nothing has; see `Delivery.fetch`."""
        if self._pull is None:
            raise AssertionError("events are fetched before they are subscribed to")
        await self._pull.wait(limit * AHEAD, self._patience_seconds)
        arrived = self._pull.arrived
        taken = [arrived.popleft() for _ in range(min(limit, len(arrived)))]
        self.fetched_bytes = sum([len(message.body) for message in taken])
        events = wire_bytes.decode_all(taken)
        # Between the ends, the core sees what is out of place.
        if events is not None and all(
            map(_in_place, events[:1] + events[-1:], taken[:1] + taken[-1:])
        ):
            return events
        events = []
        try:
            for message in taken:
                sequence = delivered(message).sequence
                events.append(
                    wire_bytes.decode_at(sequence, message.subject, message.headers, message.body)
                )
        except ForeignMessage:
            # What comes before it counts; it is still there the next time.
            arrived.extendleft(reversed(taken[len(events) :]))
            if not events:
                raise
        return events

    def announce(self, checkpoint: Checkpoint) -> None:
        """Wake who waits for a checkpoint; it may be lost, they also look for themselves."""
        subject = announced_on(checkpoint.projection, checkpoint.generation)
        with contextlib.suppress(StreamUnavailable):
            self._plane.publish(subject, str(checkpoint.position).encode())

    async def epoch(self) -> Epoch:
        """Return the epoch of the stream.

        Raises:
            StreamUnavailable: there is no answer, or no stream.
        """
        with answered(f"inspect the stream {wire.STREAM}"):
            info = await self._api.stream_info(wire.STREAM)
        return epoch_of(info.config.metadata)

    async def last_sequence(self) -> int:
        """Return the stream's last sequence; see `Delivery.last_sequence`."""
        return await last_sequence(self._connection)


def _in_place(event: RecordedEvent, message: Message) -> bool:
    return event.position == delivered(message).sequence


async def extent(connection: Connection) -> StreamExtent:
    """Return what the stream holds.

    Raises:
        StreamUnavailable: there is no answer, or no stream.
    """
    with answered(f"inspect the stream {wire.STREAM}"):
        state = (await connection.api.stream_info(wire.STREAM)).state
    held = max(0, state.last_seq - state.first_seq + 1)
    return StreamExtent(
        first=state.first_seq, last=state.last_seq, holes=max(0, held - state.messages)
    )


async def last_sequence(connection: Connection) -> int:
    """Return the last sequence of the stream, which is the position of its last event.

    Raises:
        StreamUnavailable: there is no answer, or no stream.
    """
    with answered(f"inspect the stream {wire.STREAM}"):
        info = await connection.api.stream_info(wire.STREAM)
    return info.state.last_seq

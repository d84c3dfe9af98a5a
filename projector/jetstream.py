"""Delivers the events of the JetStream stream `EVENTS`: the adapter behind `Delivery`.

Each subscription makes the durable consumer anew, from the position it is asked for. The consumer
acknowledges nothing and is trusted with nothing: it is a cursor that can be thrown away, while what
counts is the checkpoint in the read model. (After a power cut a consumer can stand ahead of its
stream and stay silent: nats-server issue 5412.) It is durable so that an operator sees it.

Events are asked for ahead of time, a bounded number of them; so the next ones arrive while the last
ones are committed.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import Final

import msgspec
import nats.errors
import nats.js.errors
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from eventstore import wire
from eventstore.errors import ForeignMessage, StreamUnavailable
from eventstore.event import RecordedEvent
from eventstore.jetstream import Connection, answered
from eventstore.stream import Position
from projector.projection import Projection

__all__ = ["JetStreamDelivery"]

_STATUS: Final = "Status"
_DESCRIPTION: Final = "Description"
_NO_RESPONDERS: Final = "503"
_UNDELIVERED: Final = "Nats-Pending-Messages"

_PULL_SECONDS: Final = 30
_PULL_BYTES: Final = 16 * 1024 * 1024
_NANOSECONDS: Final = 1_000_000_000


class JetStreamDelivery:
    """Delivers to one projection; see `projector.ports.Delivery`.

    Args:
        connection: An open connection, which stays its owner's.
        projection: Whose consumer it is.
        patience_seconds: How long `fetch` waits for an event before it returns none.
    """

    def __init__(
        self, connection: Connection, projection: Projection, *, patience_seconds: float = 1.0
    ) -> None:
        self._client = connection.client
        self._api = connection.api
        self._consumer = f"{projection.name}-{projection.generation}"
        self._patience_seconds = patience_seconds
        self._subscription: Subscription | None = None
        self._inbox = ""
        self._arrived: deque[Msg] = deque()
        self._due = 0  # asked for, and neither arrived nor declined
        self._gone = ""
        self._news = asyncio.Event()

    async def subscribe(self, after: Position) -> None:
        """Deliver from the first event after a position; see `Delivery.subscribe`."""
        with answered(f"subscribe to the stream {wire.STREAM}"):
            if self._subscription is not None:
                await self._subscription.unsubscribe()
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
            self._inbox = self._client.new_inbox()
            self._arrived.clear()
            self._due = 0
            self._gone = ""
            self._subscription = await self._client.subscribe(self._inbox, cb=self._receive)

    async def fetch(self, limit: int) -> list[RecordedEvent]:
        """Return what has arrived, waiting a while if nothing has; see `Delivery.fetch`."""
        await self._ask(limit)
        if not self._arrived:
            self._news.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._patience_seconds):
                    await self._news.wait()
        if self._gone and not self._arrived:
            raise StreamUnavailable(f"the consumer {self._consumer} is gone: {self._gone}")
        events: list[RecordedEvent] = []
        while self._arrived and len(events) < limit:
            message = self._arrived[0]
            try:
                events.append(wire.decode(message.subject, message.headers, message.data))
            except ForeignMessage:
                if events:
                    break  # what comes before it counts; it is still there the next time
                raise
            self._arrived.popleft()
        return events

    async def _ask(self, limit: int) -> None:
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
        with answered(f"ask for events of the stream {wire.STREAM}"):
            await self._client.publish(
                f"$JS.API.CONSUMER.MSG.NEXT.{wire.STREAM}.{self._consumer}",
                msgspec.json.encode(request),
                reply=self._inbox,
            )

    async def _receive(self, message: Msg) -> None:
        headers = message.headers or {}
        if _STATUS in headers:
            self._note(headers)
        else:
            self._due -= 1
            self._arrived.append(message)
        self._news.set()

    def _note(self, headers: dict[str, str]) -> None:
        """Take note that JetStream will not deliver all that it was asked for."""
        missing = headers[_STATUS] == _NO_RESPONDERS
        description = "there is none" if missing else headers.get(_DESCRIPTION, "")
        undelivered = headers.get(_UNDELIVERED)
        if undelivered is None:
            # No such consumer, or its server is going away.
            self._gone = description
            return
        self._due -= int(undelivered)
        if "Deleted" in description or "Shutdown" in description:
            self._gone = description

    async def last_sequence(self) -> int:
        """Return the stream's last sequence; see `Delivery.last_sequence`."""
        with answered(f"inspect the stream {wire.STREAM}"):
            info = await self._api.stream_info(wire.STREAM)
        return info.state.last_seq

"""The steps of relay and projector by name, and a trap that strikes at one of them.

The real adapters are wrapped: before or after what they do they pass a step, and if the trap is set
there somebody dies, and is started again, before the step is over. It is either of the servers,
with SIGKILL, or the service itself, whose session ends there and then.
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from random import Random

import msgspec
import nats.js.errors
from sqlalchemy.ext.asyncio import AsyncConnection

from eventstore import wire
from eventstore.event import RecordedEvent
from eventstore.jetstream import connect
from eventstore.postgres.outgoing import PostgresOutgoingLog
from eventstore.postgres.store import PostgresEventStore
from eventstore.relay import relay
from eventstore.relay.core import RelayPace
from eventstore.relay.jetstream import JetStreamPublisher
from eventstore.relay.ports import StreamState
from eventstore.stream import Position
from eventstore.wire_bytes import WireBytes
from projector import projector
from projector.checkpoint import Checkpoint
from projector.jetstream import JetStreamDelivery
from projector.postgres import PostgresReadModel
from projector.projections.stream_totals import StreamTotals
from verification.cluster.service import Service

LOOKING_OFTEN = RelayPace(inspect_every=0.05)
_TURNS_UNTIL_SENT = 5


class Step(enum.StrEnum):
    """A moment of the protocol between which and the next something can die."""

    RELAY_INSPECTS = "the relay asks where the stream is"
    RELAY_INSPECTED = "the relay was told where the stream is"
    RELAY_CREATES = "the relay creates the stream"
    RELAY_CREATED = "the relay has created the stream"
    RELAY_REPLACES = "the relay makes the stream anew"
    RELAY_DELETED = "the damaged stream is deleted, and not yet created"
    RELAY_REPLACED = "the relay has made the stream anew"
    RELAY_READS = "the relay reads the log"
    RELAY_PUBLISHES = "before a publish"
    RELAY_SENT = "after a publish, before its acknowledgement"
    RELAY_ACKNOWLEDGED = "after the acknowledgement, before the relay goes on"
    PROJECTOR_LOADS = "the projector reads its checkpoint"
    PROJECTOR_SUBSCRIBES = "the projector subscribes"
    PROJECTOR_SUBSCRIBED = "the projector has subscribed"
    PROJECTOR_FETCHED = "events are delivered, and not yet committed"
    PROJECTOR_MOVED = "the checkpoint is moved, before the changes, in the transaction"
    PROJECTOR_CHANGED = "the changes are made, before the commit"
    PROJECTOR_COMMITTED = "after the commit, before the projector knows"

    @property
    def of_relay(self) -> bool:
        return self.name.startswith("RELAY")


class Victim(enum.StrEnum):
    """Who dies."""

    SERVICE = "the service itself"
    NATS = "NATS"
    POSTGRES = "PostgreSQL"


class Died(Exception):
    """The service is dead from here on."""


class Trap:
    """Strikes once, at the step that it is set for; ``hit`` are all that it struck."""

    def __init__(self, servers: dict[Victim, Service]) -> None:
        self._servers = servers
        self._set: tuple[Step, Victim] | None = None
        self._striking: asyncio.Future[None] | None = None
        self.sprung = asyncio.Event()
        self.hit: set[tuple[Step, Victim]] = set()

    def arm(self, step: Step, victim: Victim) -> None:
        self._set = (step, victim)
        self.sprung.clear()

    async def passed(self, step: Step) -> None:
        if self._set is None or self._set[0] is not step:
            return
        struck, self._set = self._set, None
        self.hit.add(struck)
        if struck[1] is Victim.SERVICE:
            self.sprung.set()
            raise Died
        # Who passes may be cancelled by the very loss of the server.
        self._striking = asyncio.ensure_future(self._strike(self._servers[struck[1]]))
        await asyncio.shield(self._striking)

    async def _strike(self, server: Service) -> None:
        await server.kill()
        await server.start()
        self.sprung.set()


class SteppingLog:
    """An `OutgoingLog`."""

    def __init__(self, log: PostgresOutgoingLog, trap: Trap) -> None:
        self._log = log
        self._trap = trap

    async def read(self, *, after: Position, limit: int) -> list[WireBytes]:
        await self._trap.passed(Step.RELAY_READS)
        return await self._log.read(after=after, limit=limit)

    async def wait(self, *, after: Position, seconds: float) -> None:
        await self._log.wait(after=after, seconds=seconds)


class SteppingStream:
    """A `StreamPublisher`."""

    def __init__(self, stream: JetStreamPublisher, nats_url: str, trap: Trap) -> None:
        self._stream = stream
        self._nats_url = nats_url
        self._trap = trap

    async def inspect(self) -> StreamState | None:
        await self._trap.passed(Step.RELAY_INSPECTS)
        state = await self._stream.inspect()
        await self._trap.passed(Step.RELAY_INSPECTED)
        return state

    async def create(self) -> None:
        await self._trap.passed(Step.RELAY_CREATES)
        await self._stream.create()
        await self._trap.passed(Step.RELAY_CREATED)

    async def replace(self, reason: str) -> None:
        await self._trap.passed(Step.RELAY_REPLACES)
        # As the adapter does, in two steps. It may be gone: the test makes streams as well.
        async with connect(self._nats_url, name="test") as connection:
            with suppress(nats.js.errors.NotFoundError):
                await connection.api.delete_stream(wire.STREAM)
        await self._trap.passed(Step.RELAY_DELETED)
        await self._stream.replace(reason)
        await self._trap.passed(Step.RELAY_REPLACED)

    async def publish(self, messages: Sequence[WireBytes]) -> None:
        await self._trap.passed(Step.RELAY_PUBLISHES)
        publishing = asyncio.ensure_future(self._stream.publish(messages))
        try:
            for _ in range(_TURNS_UNTIL_SENT):
                await asyncio.sleep(0)
            await self._trap.passed(Step.RELAY_SENT)
            await publishing
        finally:
            publishing.cancel()
            await asyncio.gather(publishing, return_exceptions=True)
        await self._trap.passed(Step.RELAY_ACKNOWLEDGED)


class SteppingDelivery:
    """A `Delivery`."""

    def __init__(self, delivery: JetStreamDelivery, trap: Trap) -> None:
        self._delivery = delivery
        self._trap = trap

    @property
    def fetched_bytes(self) -> int:
        return self._delivery.fetched_bytes

    async def subscribe(self, after: Position) -> None:
        await self._trap.passed(Step.PROJECTOR_SUBSCRIBES)
        await self._delivery.subscribe(after)
        await self._trap.passed(Step.PROJECTOR_SUBSCRIBED)

    async def fetch(self, limit: int) -> list[RecordedEvent]:
        events = await self._delivery.fetch(limit)
        if events:
            await self._trap.passed(Step.PROJECTOR_FETCHED)
        return events

    async def last_sequence(self) -> int:
        return await self._delivery.last_sequence()


class SteppingReadModel(PostgresReadModel):
    """A read model in PostgreSQL."""

    trap: Trap

    async def checkpoint(self) -> Checkpoint:
        await self.trap.passed(Step.PROJECTOR_LOADS)
        return await super().checkpoint()

    async def advance(
        self, connection: AsyncConnection, checkpoint: Checkpoint, position: Position
    ) -> Checkpoint:
        reached = await super().advance(connection, checkpoint, position)
        await self.trap.passed(Step.PROJECTOR_MOVED)
        return reached

    async def apply(self, connection: AsyncConnection, events: Sequence[RecordedEvent]) -> None:
        await super().apply(connection, events)
        await self.trap.passed(Step.PROJECTOR_CHANGED)

    async def commit(self, events: Sequence[RecordedEvent], checkpoint: Checkpoint) -> Checkpoint:
        reached = await super().commit(events, checkpoint)
        await self.trap.passed(Step.PROJECTOR_COMMITTED)
        return reached


class Urls(msgspec.Struct, frozen=True):
    """Where the servers are."""

    store: str
    nats: str


async def relay_until_cancelled(urls: Urls, trap: Trap, random: Random) -> None:
    """A relay, and another one when it died."""

    @asynccontextmanager
    async def open_session() -> AsyncIterator[relay.Session]:
        async with (
            PostgresOutgoingLog.connect(urls.store) as log,
            JetStreamPublisher.open(urls.nats, name="test relay") as stream,
        ):
            yield relay.Session(
                log=SteppingLog(log, trap),
                stream=SteppingStream(stream, urls.nats, trap),
                alarms=stream.alarms,
            )

    while True:
        try:
            await relay.run(open_session, random=random, pace=LOOKING_OFTEN)
        except Died:
            continue


async def project_until_cancelled(urls: Urls, trap: Trap, random: Random) -> None:
    """A projector, and another one when it died."""
    projection = StreamTotals()

    @asynccontextmanager
    async def open_session() -> AsyncIterator[projector.Session]:
        async with (
            SteppingReadModel.open(urls.store, projection) as model,
            PostgresEventStore.connect(urls.store, pool_size=1) as log,
            JetStreamDelivery.open(urls.nats, projection, name="test", patience_seconds=0.1) as at,
        ):
            model.trap = trap
            await model.prepare()
            yield projector.Session(
                delivery=SteppingDelivery(at, trap), read_model=model, log=log, alarms=at.alarms
            )

    while True:
        try:
            await projector.run(open_session, random=random)
        except Died:
            continue

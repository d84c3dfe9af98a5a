"""Our relay or projector, noting when each event passes which hop, in a process of its own.

usage: python -m benchmarks.hops relay|projector STORE_URL NATS_URL FILE. What is noted is what the
state machines ask their adapters for, so nothing of the services knows of it. At SIGTERM the file
gets one JSON object: a hop's name, then position by position the time by this machine's clock,
which is PostgreSQL's as well.
"""

from __future__ import annotations

import asyncio
import random
import signal
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.counts import CountsByAccount
from eventstore import RecordedEvent
from eventstore.postgres.outgoing import PostgresOutgoingLog
from eventstore.postgres.store import PostgresEventStore
from eventstore.relay import relay
from eventstore.relay.jetstream import JetStreamPublisher
from eventstore.stream import Position
from eventstore.wire_bytes import WireBytes
from projector import projector
from projector.checkpoint import Checkpoint
from projector.jetstream import JetStreamDelivery
from projector.postgres import PostgresReadModel
from projector.postgres_documents import DocumentTable

__all__ = ["HOPS"]

HOPS: Final = ("woken", "read", "acknowledged", "delivered", "committing", "committed")
"""In the order in which an event passes them."""

noted: Final[dict[str, dict[int, float]]] = {hop: {} for hop in HOPS}


class _Log(PostgresOutgoingLog):
    async def read(self, *, after: Position, limit: int) -> list[WireBytes]:
        began = time.time()
        messages = await super().read(after=after, limit=limit)
        for message in messages:
            noted["woken"].setdefault(message.position, began)
            noted["read"].setdefault(message.position, time.time())
        return messages


class _Stream(JetStreamPublisher):
    async def publish(self, messages: Sequence[WireBytes]) -> None:
        await super().publish(messages)
        for message in messages:
            noted["acknowledged"].setdefault(message.position, time.time())


class _Delivery(JetStreamDelivery):
    async def fetch(self, limit: int) -> list[RecordedEvent]:
        events = await super().fetch(limit)
        for event in events:
            noted["delivered"].setdefault(event.position, time.time())
        return events


class _Model(PostgresReadModel):
    async def commit(self, events: Sequence[RecordedEvent], checkpoint: Checkpoint) -> Checkpoint:
        began = time.time()
        reached = await super().commit(events, checkpoint)
        for event in events:
            noted["committing"][event.position] = began
            noted["committed"][event.position] = time.time()
        return reached


async def _relay(store_url: str, nats_url: str) -> None:
    @asynccontextmanager
    async def open_session() -> AsyncIterator[relay.Session]:
        async with (
            _Log.connect(store_url) as log,
            _Stream.open(nats_url, name="benchmark") as stream,
        ):
            yield relay.Session(log=log, stream=stream, alarms=stream.alarms)

    await relay.run(open_session, random=random.Random(1))


async def _project(store_url: str, nats_url: str) -> None:
    table = DocumentTable(CountsByAccount())

    @asynccontextmanager
    async def open_session() -> AsyncIterator[projector.Session]:
        async with (
            _Model.open(store_url, table) as model,
            PostgresEventStore.connect(store_url, pool_size=1) as log,
            _Delivery.open(nats_url, table, name="benchmark") as delivery,
        ):
            await model.prepare()
            yield projector.Session(
                delivery=delivery, read_model=model, log=log, alarms=delivery.alarms
            )

    await projector.run(open_session, random=random.Random(1))


async def _main(which: str, store_url: str, nats_url: str) -> None:
    run = {"relay": _relay, "projector": _project}[which]
    work = asyncio.ensure_future(run(store_url, nats_url))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, work.cancel)
    await asyncio.gather(work, return_exceptions=True)


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:4]))
    Path(sys.argv[4]).write_bytes(msgspec.json.encode(noted))

"""How fast events become read models: ours beside `eventsourcing` and a bare loop.

One PostgreSQL with fsync on and one nats-server that flushes before it acknowledges, both ours, on
a real disk; events of 256 bytes. `project-counts` is the whole projector, from JetStream to counts
by account in Postgres, with the checkpoint in each transaction, ten thousand accounts taking turns,
which leaves the least to fold; the peer is `eventsourcing` 9.5's
projection runner, one transaction an event; the limit folds events that are in memory already, a
thousand at a time, into the same table, and keeps no checkpoint. `rebuild-1m` reads the log instead
of JetStream.

`latency-1k` and `latency-5k` are `benchmarks.latency`'s.
"""

from __future__ import annotations

import asyncio
import gc
import random
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg
import msgspec

from benchmarks.counts import CountsByAccount, account
from benchmarks.document import Row, main
from benchmarks.latency import measure_latency
from benchmarks.logs import DATA_JSON, fill, fill_streams, server
from benchmarks.peers import EVENTSOURCING, PeerFailed, eventsourcing
from benchmarks.relay import nats_server, read_all, relay_rate
from eventstore import RecordedEvent, connect
from eventstore.postgres.store import PostgresEventStore
from projector import projector
from projector.checkpoint import Checkpoint
from projector.jetstream import JetStreamDelivery
from projector.postgres import PostgresReadModel
from projector.postgres_build import DocumentBuild
from projector.postgres_documents import DocumentTable
from projector.rebuild import rebuild

UNIT: Final = "events/s"
BATCH: Final = 1000


class Scale(msgspec.Struct, frozen=True, kw_only=True):
    """How much is measured."""

    rounds: int
    streams: int
    events_a_stream: int
    rebuild_events: int
    peer_events: int
    latency_seconds: float


FULL: Final = Scale(
    rounds=3,
    streams=2000,
    events_a_stream=100,
    rebuild_events=1_000_000,
    peer_events=5000,
    latency_seconds=10.0,
)
QUICK: Final = Scale(
    rounds=1,
    streams=300,
    events_a_stream=100,
    rebuild_events=30_000,
    peer_events=500,
    latency_seconds=3.0,
)


class _Timed(PostgresReadModel):
    """Notes when it was given its first events, and when it had stored the last ones."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.until = 0
        self._began = 0.0
        self.seconds: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    async def commit(self, events: Sequence[RecordedEvent], checkpoint: Checkpoint) -> Checkpoint:
        self._began = self._began or time.perf_counter()
        checkpoint = await super().commit(events, checkpoint)
        if checkpoint.position == self.until:
            self.seconds.set_result(time.perf_counter() - self._began)
        return checkpoint


async def our_rate(store_url: str, nats_url: str, generation: int, events: int) -> float:
    """The whole projector, from nothing to the end of the stream; it is connected already."""
    table = DocumentTable(CountsByAccount(), generation)
    async with (
        _Timed.open(store_url, table) as model,
        PostgresEventStore.connect(store_url, pool_size=1) as log,
        JetStreamDelivery.open(nats_url, table, name="benchmark") as delivery,
    ):
        model.until = events
        await model.prepare()

        @asynccontextmanager
        async def open_session() -> AsyncIterator[projector.Session]:
            yield projector.Session(
                delivery=delivery, read_model=model, log=log, alarms=delivery.alarms
            )

        work = asyncio.ensure_future(projector.run(open_session, random=random.Random(1)))
        try:
            either: list[asyncio.Future[Any]] = [work, model.seconds]
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                work.result()
            return events / await model.seconds
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)


async def limit_rate(store_url: str, log: list[RecordedEvent], name: str) -> float:
    """Fold and upsert, a thousand events a transaction, and nothing else."""
    connection = await asyncpg.connect(store_url)
    try:
        table = f"bare_{name}"
        await connection.execute(
            f"CREATE TABLE {table} (key text PRIMARY KEY, document json, position bigint)"
        )
        upsert = await connection.prepare(
            f"INSERT INTO {table} AS t SELECT k, d::json, p "  # noqa: S608 - our own name
            "FROM unnest($1::text[], $2::text[], $3::bigint[]) AS n (k, d, p) "
            "ON CONFLICT (key) DO UPDATE SET document = excluded.document, "
            "position = excluded.position"
        )
        counts: dict[str, int] = {}
        began = time.perf_counter()
        for start in range(0, len(log), BATCH):
            touched: dict[str, int] = {}
            for one in log[start : start + BATCH]:
                key = account(one.position)
                counts[key] = counts.get(key, 0) + 1
                touched[key] = one.position
            await upsert.fetch(
                list(touched), [str(counts[key]) for key in touched], list(touched.values())
            )
        return len(log) / (time.perf_counter() - began)
    finally:
        await connection.close()


async def peer_rate(postgres_url: str, events: int) -> float | str:
    """The peer's projection runner, or why there is none."""
    try:
        peer = await asyncio.to_thread(eventsourcing, "project.py")
        task = {"events": events, "data": DATA_JSON}
        answer = await asyncio.to_thread(peer.ask, postgres_url, task)
    except PeerFailed as error:
        return str(error)
    rate: float = answer["events"] / answer["seconds"]
    return rate


async def measure_counts(
    store_url: str, peer_url: str, log: list[RecordedEvent], scale: Scale
) -> Row:
    """The contenders take turns."""
    ours, limits = [], []
    gc.freeze()  # the log, which is here for the limit; a projector has none in memory
    async with nats_server("always") as nats_url:
        await relay_rate(store_url, nats_url, len(log))
        for number in range(scale.rounds):
            ours.append(await our_rate(store_url, nats_url, number + 1, len(log)))
            limits.append(await limit_rate(store_url, log, str(number)))
    peer = await peer_rate(peer_url, scale.peer_events)
    theirs = peer if isinstance(peer, float) else None
    return Row(
        name="project-counts",
        unit=UNIT,
        ours=max(ours),
        peer=theirs,
        peer_name=EVENTSOURCING,
        limit=max(limits),
        limit_name="a bare fold and upsert",
        ratio_to_peer=max(ours) / theirs if theirs else None,
        ratio_to_limit=max(ours) / max(limits),
        note="" if theirs else str(peer),
    )


async def measure_rebuild(store_url: str, log: list[RecordedEvent], events: int) -> Row:
    """A read model from the log, which is made longer for it."""
    async with connect(store_url) as filling:
        await fill(filling, events - len(log), run_name="rebuild")
    table = DocumentTable(CountsByAccount(), 99)
    async with (
        PostgresReadModel.open(store_url, table) as model,
        PostgresEventStore.connect(store_url, pool_size=1) as store,
    ):
        await model.prepare()
        began = time.perf_counter()
        await rebuild(store, model, build=await DocumentBuild.begin(model))
        rate = events / (time.perf_counter() - began)
    limit = await limit_rate(store_url, log, "rebuild")
    return Row(
        name="rebuild-1m",
        unit=UNIT,
        ours=rate,
        limit=limit,
        limit_name="a bare fold and upsert",
        ratio_to_limit=rate / limit,
        note=f"{events:,} events",
    )


def measure(quick: bool) -> Iterator[Row]:  # noqa: FBT001 - the shape that `main` calls
    """Measure every row."""
    scale = QUICK if quick else FULL
    with asyncio.Runner() as runner:
        postgres = server()
        started, url = runner.run(postgres.__aenter__())
        try:
            log = runner.run(_filled(url, scale))
            peer_url = runner.run(started.create_database("eventsourcing"))
            yield runner.run(measure_counts(url, peer_url, log, scale))
            yield runner.run(measure_rebuild(url, log, scale.rebuild_events))
        finally:
            runner.run(postgres.__aexit__(None, None, None))
        yield runner.run(measure_latency(scale.latency_seconds))
        yield runner.run(measure_latency(scale.latency_seconds, 5))


async def _filled(url: str, scale: Scale) -> list[RecordedEvent]:
    async with connect(url) as store:
        await fill_streams(store, scale.streams, scale.events_a_stream, 10)
    return await read_all(url)


if __name__ == "__main__":
    main(__doc__ or "", measure)

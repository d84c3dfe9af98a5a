"""`outcome` is the last word: what it says of an append without an answer stays so.

The append waits at the server for the lock of the log when its connection is cut. The server does
not notice: it would go on to store the append as soon as it gets the lock.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from eventstore import (
    ANY,
    Boundary,
    Event,
    OutcomeUnknown,
    Position,
    Query,
    ReadFailed,
    StoreUnavailable,
    stream_name,
)
from eventstore.postgres.store import PostgresEventStore
from tests.support.seeded import seeded
from tests.support.stores import cable_to, events, ids, whole_log

pytestmark = pytest.mark.stack

ORDER = stream_name("order-1")
LOST = 20
BOUNDARY = Boundary(Query.of(tags=("seat:1",)), Position(0))


@asynccontextmanager
async def lock_held(
    url: str, *, seconds: float
) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """Another session holds the lock of the log, and lets go a while after the block began."""
    sql = await asyncpg.connect(url)
    await sql.execute("BEGIN")
    await sql.fetch(
        "SELECT eventstore.append('held-1', 0, null, ARRAY[gen_random_uuid()], '{x}', '{1}', '{1}')"
    )

    async def let_go() -> None:
        await asyncio.sleep(seconds)
        await sql.execute("ROLLBACK")

    letting_go = asyncio.create_task(let_go())
    try:
        yield sql
    finally:
        await letting_go
        await sql.close()


async def waiting_for_the_lock(url: str, amount: int) -> None:
    """Wait until so many sessions wait for a lock."""
    sql = await asyncpg.connect(url)
    try:
        async with asyncio.timeout(20):
            while await sql.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted") < amount:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    finally:
        await sql.close()


@pytest.mark.parametrize("kind", ["one event", "a batch", "a boundary"])
async def test_of_an_append_that_waits_at_the_server_with_its_connection_cut(
    store_url: str, kind: str
) -> None:
    amount = 3 if kind == "a batch" else 1
    async with (
        cable_to(store_url) as (cable, url),
        PostgresEventStore.connect(url, timeout_seconds=20) as store,
    ):
        await store.append(stream_name("warm-up"), events(1), expected=ANY)
        batch = [Event(type="x", tags=("seat:1",)) for _ in range(amount)]
        async with lock_held(store_url, seconds=0.6):
            boundary = BOUNDARY if kind == "a boundary" else None
            appending = asyncio.create_task(
                store.append(ORDER, batch, expected=ANY, boundary=boundary)
            )
            await waiting_for_the_lock(store_url, 1)
            await cable.cut_now()
            with pytest.raises(OutcomeUnknown):
                await appending
            found = await store.outcome(ids(batch))
        for _ in range(20):  # whatever the server still had under way would land now
            await asyncio.sleep(0.02)
            log = await whole_log(store)
            assert (ids(batch)[0] in ids(log)) == (found.appended is not None)
        again = await store.append(ORDER, batch, expected=ANY)
        assert again.repeated == (found.appended is not None)


class Appender:
    """Appends until it has lost some answers, and asks what became of each."""

    def __init__(self, store: PostgresEventStore) -> None:
        self._store = store
        self.acknowledged = 0
        self.told: list[tuple[list[Event], bool]] = []

    async def run(self, number: int) -> None:
        while len(self.told) < LOST:
            batch = events(2)
            try:
                await self._store.append(stream_name(f"s-{number}"), batch, expected=ANY)
                self.acknowledged += 1
            except OutcomeUnknown:
                self.told.append((batch, await self._ask(batch)))
            except StoreUnavailable:
                await asyncio.sleep(0.01)

    async def _ask(self, batch: list[Event]) -> bool:
        while True:
            try:
                return (await self._store.outcome(ids(batch))).appended is not None
            except (ReadFailed, StoreUnavailable):
                await asyncio.sleep(0.01)


async def test_of_many_that_are_cut_at_any_moment(store_url: str) -> None:
    chooser = seeded(5)
    async with (
        cable_to(store_url) as (cable, url),
        PostgresEventStore.connect(url, timeout_seconds=20) as store,
    ):
        appender = Appender(store)

        async def cut() -> None:
            acknowledged = 0
            while len(appender.told) < LOST:
                if appender.acknowledged > acknowledged + 30:
                    await asyncio.sleep(chooser.uniform(0, 0.02))
                    await cable.cut_now()
                    acknowledged = appender.acknowledged
                await asyncio.sleep(0.001)

        async with asyncio.timeout(60):
            await asyncio.gather(cut(), *map(appender.run, range(12)))
        stored = set(ids(await whole_log(store)))
    for batch, said in appender.told:
        assert [event.id in stored for event in batch] == [said] * 2

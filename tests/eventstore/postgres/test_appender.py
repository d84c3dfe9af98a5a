"""How producers share batches."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from eventstore.event import Event
from eventstore.postgres.store import PostgresEventStore
from eventstore.stream import ANY, stream_name

pytestmark = pytest.mark.stack

PRODUCERS = 24
APPENDS = 40


async def test_who_was_answered_goes_with_who_waited(store_url: str) -> None:
    """Two batches are under way, so each has half of the producers, and not a third of them."""
    async with PostgresEventStore.connect(store_url) as store:

        async def produce(producer: int) -> None:
            for _ in range(APPENDS):
                await store.append(stream_name(f"a-{producer}"), [Event(type="x")], expected=ANY)

        async with asyncio.TaskGroup() as producers:
            for producer in range(PRODUCERS):
                producers.create_task(produce(producer))
    sql = await asyncpg.connect(store_url)
    batches = await sql.fetchval("SELECT count(*) FROM eventstore.commits")
    await sql.close()
    assert PRODUCERS * APPENDS / batches > PRODUCERS / 3

"""A connection is used again at once, and never one that its last use, or time, has spoilt."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from eventstore import StoreUnavailable
from eventstore.postgres.at_hand import AtHand
from eventstore.postgres.engine import ConnectionPool

pytestmark = pytest.mark.stack


async def session(pool: ConnectionPool) -> int:
    """The server's process behind the connection that the pool lends."""
    async with pool.connection() as connection:
        pid: int = await connection.fetchval("SELECT pg_backend_pid()")
        return pid


async def test_the_last_connection_is_lent_again(store_url: str) -> None:
    async with ConnectionPool.open(store_url, size=2) as pool:
        assert len({await session(pool) for _ in range(5)}) == 1


async def test_one_that_the_server_ended_is_replaced(store_url: str) -> None:
    async with ConnectionPool.open(store_url, size=1) as pool:
        ended = await session(pool)
        other = await asyncpg.connect(store_url)
        await other.fetchval("SELECT pg_terminate_backend($1, 5000)", ended)
        await other.close()
        await asyncio.sleep(0.1)  # for the end of the socket to come round
        assert await session(pool) != ended


async def test_a_transaction_left_open_is_not_lent_on(store_url: str) -> None:
    async with ConnectionPool.open(store_url, size=1) as pool:
        async with pool.connection() as connection:
            await connection.execute("BEGIN")
        async with pool.connection() as connection:
            assert not connection.is_in_transaction()


async def test_who_waits_for_the_pool_is_served_before_any_is_kept(store_url: str) -> None:
    async with ConnectionPool.open(store_url, size=1, timeout_seconds=5) as pool:
        assert len({*await asyncio.gather(*(session(pool) for _ in range(20)))}) == 1
        async with pool.connection():
            waiting = asyncio.create_task(session(pool))
            await asyncio.sleep(0.05)
            assert not waiting.done()
        await waiting


async def test_an_exhausted_pool_says_so(store_url: str) -> None:
    async with (
        ConnectionPool.open(store_url, size=1, timeout_seconds=0.2) as pool,
        pool.connection(),
    ):
        with pytest.raises(StoreUnavailable, match="within the time limit"):
            await session(pool)


async def test_one_that_lay_idle_for_long_is_closed(store_url: str) -> None:
    now = 0.0
    pool = await asyncpg.create_pool(store_url, min_size=0, max_size=1)
    at_hand = AtHand(lambda: now)
    connection = await pool.acquire()
    assert at_hand.keep(connection)
    now = 61.0
    assert at_hand.take() is None
    async with pool.acquire(timeout=5) as fresh:  # its place in the pool is free again
        assert await fresh.fetchval("SELECT 1") == 1
    await pool.close()


async def test_what_is_kept_goes_back_in_the_end(store_url: str) -> None:
    async with ConnectionPool.open(store_url, size=4) as pool:
        sessions = await asyncio.gather(*(session(pool) for _ in range(4)))
    other = await asyncpg.connect(store_url)
    left = await other.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE pid = ANY($1::int[])", sessions
    )
    await other.close()
    assert left == 0

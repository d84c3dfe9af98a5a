from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack

import pytest

from eventstore.errors import LeaseLost, StoreUnavailable
from eventstore.lease import acquire
from eventstore.postgres.lease import PostgresLease
from tests.support.seeded import seeded
from verification.cluster.postgres import PostgresServer

LOG = logging.getLogger("test")


@pytest.mark.stack
async def test_one_holder_at_a_time_and_names_are_apart(postgres_url: str) -> None:
    async with (
        PostgresLease.connect(postgres_url, "a") as first,
        PostgresLease.connect(postgres_url, "a") as second,
        PostgresLease.connect(postgres_url, "b") as other,
    ):
        assert await first.try_acquire()
        assert not await second.try_acquire()
        assert await other.try_acquire()


@pytest.mark.stack
async def test_leaving_gives_the_lease_to_who_stands_by(
    postgres_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with (
        PostgresLease.connect(postgres_url, "a") as second,
        AsyncExitStack() as stack,
    ):
        first = await stack.enter_async_context(PostgresLease.connect(postgres_url, "a"))
        await acquire(first, LOG, random=seeded(1))

        async def leave(_: float) -> None:
            await stack.aclose()

        await acquire(second, LOG, random=seeded(2), sleep=leave)
    assert caplog.messages == [
        "another one holds the lease: standing by",
        "took over the lease",
    ]


@pytest.mark.stack
async def test_a_killed_server_takes_the_lease_with_it(killable_postgres: PostgresServer) -> None:
    async with PostgresLease.connect(killable_postgres.url, "a") as lease:
        assert await lease.try_acquire()
        await killable_postgres.kill()
        with pytest.raises(LeaseLost, match="connection that held the lease is gone"):
            await asyncio.wait_for(lease.lost, 20)
        with pytest.raises(LeaseLost):
            await lease.try_acquire()
        with pytest.raises(StoreUnavailable):
            async with PostgresLease.connect(killable_postgres.url, "a"):
                pass

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from contextlib import AsyncExitStack, suppress

import pytest

from eventstore.errors import LeaseLost, StoreUnavailable
from eventstore.lease import acquire
from eventstore.postgres.lease import PostgresLease, holder_of
from tests.support.seeded import seeded
from verification.cluster.postgres import PostgresServer

LOG = logging.getLogger("test")

HOLD = """
import asyncio, sys
from eventstore.postgres.lease import PostgresLease

async def hold():
    async with PostgresLease.connect(sys.argv[1], "a", lease_seconds=0.6) as lease:
        print(await lease.try_acquire(), flush=True)
        await lease.lost

asyncio.run(hold())
"""


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


@pytest.mark.stack
async def test_a_holder_that_stands_still_loses_it_and_learns_that(postgres_url: str) -> None:
    pipe = asyncio.subprocess.PIPE
    holder = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLD, postgres_url, stdout=pipe, stderr=pipe
    )
    try:
        assert holder.stdout is not None
        assert await holder.stdout.readline() == b"True\n"
        async with PostgresLease.connect(postgres_url, "a") as standby:
            await asyncio.sleep(1.2)
            assert not await standby.try_acquire(), "it lives, and shows it"
            os.kill(holder.pid, signal.SIGSTOP)
            async with asyncio.timeout(20):
                await acquire(standby, LOG, random=seeded(1))
            os.kill(holder.pid, signal.SIGCONT)
            _, said = await asyncio.wait_for(holder.communicate(), 20)
        assert b"LeaseLost" in said
    finally:
        with suppress(ProcessLookupError):
            holder.kill()
        await holder.wait()


@pytest.mark.stack
async def test_who_holds_it_can_be_asked(postgres_url: str) -> None:
    assert await holder_of(postgres_url, "a") is None
    async with (
        PostgresLease.connect(postgres_url, "a") as first,
        PostgresLease.connect(postgres_url, "a"),
    ):
        assert await holder_of(postgres_url, "a") is None
        await first.try_acquire()
        found = await holder_of(postgres_url, "a")
        assert found is not None
        assert found.name is not None
        assert found.name.endswith(f":{os.getpid()}")
        assert await holder_of(postgres_url, "b") is None


@pytest.mark.stack
async def test_a_long_name_leaves_room_for_who_holds_it(postgres_url: str) -> None:
    name = "projector " + "ü" * 200
    async with PostgresLease.connect(postgres_url, name) as lease:
        await lease.try_acquire()
        found = await holder_of(postgres_url, name)
    assert found is not None
    assert str(found.name).endswith(f":{os.getpid()}")

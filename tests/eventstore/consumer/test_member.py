"""Groups on real servers: members join, leave, die, are paused and wake up."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator

import asyncpg
import pytest

from eventstore.consumer.member import GroupMember, Share
from eventstore.consumer.postgres_group import PostgresGroup
from eventstore.errors import ConfigError, PartitionLost
from eventstore.postgres.engine import engine
from eventstore.postgres.store import PostgresEventStore
from eventstore.store import EventStore, Subscription
from eventstore.stream import Position
from tests.support import relaying as support
from tests.support.group_member import (
    AWAY,
    GROUP,
    LEASE_SECONDS,
    OBSERVED,
    PARTITIONS,
    group,
    judged,
    made,
    observe,
)
from tests.support.source import ROOT
from verification.cluster.nats import NatsServer
from verification.cluster.postgres import PostgresServer

pytestmark = pytest.mark.stack

STREAMS = 24


def with_observations(url: str) -> str:
    async def create() -> None:
        connection = await asyncpg.connect(url)
        await connection.execute(OBSERVED)
        await connection.close()

    asyncio.run(create())
    return url


@pytest.fixture
def observed_url(store_url: str) -> str:
    return with_observations(store_url)


@pytest.fixture
def killable_observed_url(killable_store_url: str) -> str:
    return with_observations(killable_store_url)


async def fetch(url: str, query: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetch(query)
    finally:
        await connection.close()


async def owners(url: str) -> dict[str, int]:
    """How many partitions each member has whose lease has not expired."""
    rows = await fetch(
        url,
        "SELECT split_part(owner, '/', 1) AS owner, count(*) FROM consumer.partitions "
        "WHERE expires_at > clock_timestamp() GROUP BY 1",
    )
    return {row["owner"]: row["count"] for row in rows}


async def owned_by(url: str, wanted: dict[str, int]) -> None:
    async def reached() -> bool:
        with contextlib.suppress(*AWAY):  # nobody has joined yet, so that there is no table
            return await owners(url) == wanted
        return False

    await support.until(reached)


async def handled(url: str, events: int) -> None:
    async def reached() -> bool:
        with contextlib.suppress(*AWAY):
            (row,) = await fetch(url, "SELECT count(DISTINCT position) FROM observed")
            return bool(row["count"] >= events)
        return False

    await support.until(reached)


@contextlib.asynccontextmanager
async def traffic(store: EventStore) -> AsyncIterator[None]:
    """Appends to many streams all the while."""

    async def append() -> None:
        for turn in range(10_000):
            await support.append_surely(store, 2, stream=f"order-{turn % STREAMS}")
            await asyncio.sleep(0.002)

    async with support.running(append()):
        yield


@contextlib.asynccontextmanager
async def joined(url: str, nats_url: str, name: str) -> AsyncIterator[GroupMember]:
    async with made(url, nats_url, name) as member, support.running(member.run()) as running:
        yield member
        member.stop()
        async with asyncio.timeout(support.PATIENCE_SECONDS):
            await running


async def test_members_join_and_leave(observed_url: str, nats_url: str) -> None:
    url = observed_url
    async with (
        PostgresEventStore.connect(url) as store,
        support.relaying(url, nats_url),
        traffic(store),
        joined(url, nats_url, "a") as first,
    ):
        await owned_by(url, {"a": 8})
        async with joined(url, nats_url, "b"):
            await owned_by(url, {"a": 4, "b": 4})
            async with joined(url, nats_url, "c"):
                await owned_by(url, {"a": 3, "b": 3, "c": 2})
                await handled(url, await store.head())
            await owned_by(url, {"a": 4, "b": 4})
        await owned_by(url, {"a": 8})
        await handled(url, await store.head())
        assert len(first.owned) == PARTITIONS
    async with PostgresEventStore.connect(url) as store, joined(url, nats_url, "last"):
        log = await support.whole_log(store)
        await handled(url, len(log))
    assert await judged(url, log) == []
    members = {row["member"] for row in await fetch(url, "SELECT DISTINCT member FROM observed")}
    assert {"a", "b", "c"} <= members


@pytest.fixture
def start(nats_url: str) -> Iterator[Callable[[str, str], subprocess.Popen[bytes]]]:
    processes: list[subprocess.Popen[bytes]] = []

    def started(url: str, name: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.support.group_member", url, nats_url, name]
        processes.append(subprocess.Popen(command, cwd=ROOT))
        return processes[-1]

    yield started
    for process in processes:
        process.kill()
        process.wait()


async def test_members_are_killed_and_paused(
    observed_url: str, nats_url: str, start: Callable[[str, str], subprocess.Popen[bytes]]
) -> None:
    url = observed_url
    async with (
        PostgresEventStore.connect(url) as store,
        support.relaying(url, nats_url),
        traffic(store),
    ):
        stays, dies, sleeps = (start(url, name) for name in ("stays", "dies", "sleeps"))
        await owned_by(url, {"dies": 3, "sleeps": 3, "stays": 2})
        await handled(url, 100)
        dies.kill()
        await owned_by(url, {"sleeps": 4, "stays": 4})
        os.kill(sleeps.pid, signal.SIGSTOP)
        await owned_by(url, {"stays": 8})
        await handled(url, await store.head())
        os.kill(sleeps.pid, signal.SIGCONT)
        await owned_by(url, {"sleeps": 4, "stays": 4})
        await handled(url, await store.head())
        stays.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(stays.wait, support.PATIENCE_SECONDS) == 0
        await owned_by(url, {"sleeps": 8})
    async with PostgresEventStore.connect(url) as store:
        log = await support.whole_log(store)
        await handled(url, len(log))
    assert await judged(url, log) == []


async def test_members_outlive_their_servers(
    killable_observed_url: str, killable_postgres: PostgresServer, killable_nats: NatsServer
) -> None:
    url, nats_url = killable_observed_url, killable_nats.url
    async with (
        PostgresEventStore.connect(url, timeout_seconds=5) as store,
        support.relaying(url, nats_url),
        joined(url, nats_url, "a"),
        joined(url, nats_url, "b"),
    ):
        async with traffic(store):
            await owned_by(url, {"a": 4, "b": 4})
            seen = 0
            for server in (killable_postgres, killable_nats, killable_postgres):
                seen += 200
                await handled(url, seen)
                await server.kill()
                await server.start()
            await handled(url, seen + 200)
        log = await support.whole_log(store)
        await handled(url, len(log))
    assert await judged(url, log) == []


async def test_what_fails_at_one_member_can_go_to_another(observed_url: str, nats_url: str) -> None:
    url = observed_url
    async with PostgresEventStore.connect(url) as store, group(url, "bad") as membership:
        for number in range(STREAMS):
            await support.append(store, 1, stream=f"order-{number}")

        async def handle(_: Share) -> None:
            raise OSError("something that this process lacks")

        def follow(after: Position) -> Subscription:
            return store.subscribe(after=after)

        bad = GroupMember(membership, follow, handle, retry_on=(OSError,))
        async with support.running(bad.run()) as running:
            await owned_by(url, {"bad": 8})
            async with joined(url, nats_url, "good"):
                await owned_by(url, {"bad": 4, "good": 4})
                bad.stop()
                await running
                await owned_by(url, {"good": 8})
                await handled(url, STREAMS)
        log = await support.whole_log(store)
    assert await judged(url, log) == []


async def test_two_of_one_name_are_two_members(observed_url: str) -> None:
    async with group(observed_url, "a") as one, group(observed_url, "a") as other:
        await one.renew()
        surplus = (await other.renew(), await one.renew())[1].surplus
        assert len(surplus) == PARTITIONS // 2
        assert (await other.renew()).leases == {}


async def test_who_was_paused_is_fenced_and_stores_nothing(observed_url: str) -> None:
    url = observed_url
    async with group(url, "old") as old, group(url, "new") as new:
        lease = (await old.renew()).leases[0]
        await asyncio.sleep(LEASE_SECONDS * 1.5)  # paused: it does not renew
        taken = (await new.renew()).leases[0]
        assert taken.token > lease.token
        assert taken.position == 0
        connection = await asyncpg.connect(url)
        share = Share(old, lease, (), Position(7))

        async def handle() -> None:
            async with connection.transaction():
                await connection.execute("INSERT INTO observed (member) VALUES ('old')")
                await observe(connection, share, "old")

        with pytest.raises(PartitionLost) as lost:
            await handle()
        assert lost.value.definite
        assert await connection.fetchval("SELECT count(*) FROM observed") == 0
        async with connection.transaction():
            await new.commit(connection, taken, Position(9))
        async with connection.transaction():
            with pytest.raises(PartitionLost):  # and not twice from one place
                await new.commit(connection, taken, Position(8))
        await connection.close()
        assert (await new.renew()).leases[0].position == 9


async def test_a_commit_under_way_is_not_taken_from_its_owner(observed_url: str) -> None:
    """Its partition waits for it; the others are taken, and nobody is held up."""
    url = observed_url
    async with group(url, "slow") as slow, group(url, "new") as new:
        lease = (await slow.renew()).leases[3]
        connection = await asyncpg.connect(url)
        async with connection.transaction():
            await slow.commit(connection, lease, Position(5))
            await connection.execute("SELECT pg_sleep($1)", LEASE_SECONDS * 1.5)
            assert set((await new.renew()).leases) == set(range(PARTITIONS)) - {3}
        await connection.close()
        await asyncio.sleep(LEASE_SECONDS)
        assert (await new.renew()).leases[3].position == 5


async def test_who_is_paused_within_a_commit_is_not_waited_for_longer_than_a_lease(
    observed_url: str,
) -> None:
    url = observed_url
    async with group(url, "old") as old, group(url, "new") as new:
        lease = (await old.renew()).leases[3]
        connection = await asyncpg.connect(url)
        transaction = connection.transaction()
        await transaction.start()
        await old.commit(connection, lease, Position(5))  # and then it is paused

        async def taken() -> bool:
            return set((await new.renew()).leases) == set(range(PARTITIONS))

        await support.until(taken)
        with pytest.raises(AWAY):
            await transaction.commit()
        assert (await new.renew()).leases[3].position == 0


async def test_a_share_is_committed_in_sqlalchemys_transaction(observed_url: str) -> None:
    url = observed_url
    async with group(url, "a") as alone, engine(url) as made:
        lease = (await alone.renew()).leases[0]
        async with made.begin() as connection:
            await Share(alone, lease, (), Position(7)).commit(connection)
        stale = Share(alone, lease, (), Position(8))
        with pytest.raises(PartitionLost):
            async with made.begin() as connection:
                await stale.commit(connection)
        assert (await alone.renew()).leases[0].position == 7


async def test_a_handler_that_does_not_commit_is_at_least_once(observed_url: str) -> None:
    url = observed_url
    seen: list[int] = []
    async with PostgresEventStore.connect(url) as store, group(url, "a") as alone:
        head = await support.append(store, 20)

        async def handle(share: Share) -> None:
            seen.extend(event.position for event in share.events)
            if len(seen) == 20 and share.events[0].position == 1:
                raise RuntimeError("after the effect, before the checkpoint")

        def member() -> GroupMember:
            return GroupMember(alone, lambda after: store.subscribe(after=after), handle)

        with pytest.raises(RuntimeError, match="before the checkpoint"):
            await member().run()
        assert await owners(url) == {}
        again = member()
        async with support.running(again.run()) as running:
            await support.until(lambda: _all(seen, 40))
            again.stop()
            await running
    assert seen == [*range(1, head + 1)] * 2
    rows = await fetch(url, "SELECT max(position) AS position FROM consumer.partitions")
    assert rows[0]["position"] == head


async def _all(seen: list[int], count: int) -> bool:
    return len(seen) >= count


async def test_a_group_keeps_its_number_of_partitions(store_url: str) -> None:
    async with group(store_url, "a"):
        pass
    with pytest.raises(ConfigError, match="has 8 partitions, not 9"):
        async with PostgresGroup.open(store_url, GROUP, "b", partitions=9):
            pass

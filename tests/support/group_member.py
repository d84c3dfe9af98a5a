"""A process that is a member of a group until it is told to stop, or killed.

Started as ``python -m tests.support.group_member URL NATS_URL MEMBER``. What it handles it writes
into table ``observed``, in the transaction that moves the checkpoint.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, TypeAlias

import asyncpg

from checker.delivery import Delivery, Finding, Log, LogEntry, check_order
from eventstore.consumer import subscribe
from eventstore.consumer.member import GroupMember, Share
from eventstore.consumer.partitions import partition_of
from eventstore.consumer.postgres_group import PostgresGroup
from eventstore.event import RecordedEvent
from eventstore.postgres.store import PostgresEventStore
from eventstore.store import Subscription
from eventstore.stream import Position

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]

GROUP = "billing"
PARTITIONS = 8
LEASE_SECONDS = 0.6

AWAY = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)
"""What the driver raises when its server is killed."""

OBSERVED = """
CREATE TABLE IF NOT EXISTS observed (
    serial bigserial, partition integer, member text, position bigint, id uuid)
"""


def group(url: str, member: str) -> contextlib.AbstractAsyncContextManager[PostgresGroup]:
    return PostgresGroup.open(
        url, GROUP, member, partitions=PARTITIONS, lease_seconds=LEASE_SECONDS
    )


async def observe(connection: Connection, share: Share, member: str) -> None:
    """Write down what was handled, and move the checkpoint."""
    rows = [(share.partition, member, event.position, event.id) for event in share.events]
    await connection.executemany(
        "INSERT INTO observed (partition, member, position, id) VALUES ($1, $2, $3, $4)", rows
    )
    await share.commit(connection)


@contextlib.asynccontextmanager
async def made(url: str, nats_url: str, member: str) -> AsyncIterator[GroupMember]:
    """A member that observes."""
    async with (
        PostgresEventStore.connect(url, pool_size=2) as store,
        asyncpg.create_pool(url, min_size=1, max_size=4) as pool,
        group(url, member) as joined,
    ):

        async def handle(share: Share) -> None:
            async with pool.acquire() as connection, connection.transaction():
                await observe(connection, share, member)

        def follow(after: Position) -> Subscription:
            return subscribe(
                nats_url,
                store=store,
                after=after,
                epochs=joined,
                page_size=50,
                patience_seconds=0.1,
            )

        yield GroupMember(joined, follow, handle, retry_on=AWAY)


async def main(url: str, nats_url: str, name: str) -> None:
    async with made(url, nats_url, name) as member:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, member.stop)
        await member.run()


async def judged(url: str, log: Sequence[RecordedEvent]) -> list[Finding]:
    """What is wrong with what the members observed, each partition by itself."""
    connection = await asyncpg.connect(url)
    rows = await connection.fetch("SELECT * FROM observed ORDER BY serial")
    await connection.close()
    findings: list[Finding] = []
    for partition in range(PARTITIONS):
        entries = [
            LogEntry(event.position, event.stream, event.version, str(event.id))
            for event in log
            if partition_of(event.stream, PARTITIONS) == partition
        ]
        deliveries = [
            Delivery(row["position"], str(row["id"]))
            for row in rows
            if row["partition"] == partition
        ]
        found = check_order(
            Log(entries), deliveries, until=len(log), consumer=f"partition {partition}"
        )
        findings.extend(found)
    return findings


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

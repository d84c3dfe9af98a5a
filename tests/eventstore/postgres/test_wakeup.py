"""A process that waits is woken by another one's commit, and a lost wake-up costs time only."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from eventstore.event import Event
from eventstore.postgres.engine import connect
from eventstore.postgres.outgoing import PostgresOutgoingLog
from eventstore.postgres.store import PostgresEventStore
from eventstore.postgres.wakeup import Announcer, Listener
from eventstore.stream import ANY, Position, stream_name
from eventstore.subscription import HeadWatch

pytestmark = pytest.mark.stack

FOR_EVER = 30.0
"""Longer than the test may take: who waits so long was woken, or the test fails."""


async def told(announcer: Announcer, watch: HeadWatch, position: int) -> None:
    """Announce one position after the other until one is heard: who listens late misses some."""
    async with asyncio.timeout(FOR_EVER):
        for number in range(position, position + 1000):
            announcer.announce(Position(number))
            if await watch.wait_past(Position(position - 1), 0.1):
                return


async def test_what_one_process_commits_another_hears_of(store_url: str) -> None:
    watch = HeadWatch()
    async with (
        PostgresEventStore.connect(store_url) as store,
        Listener.open(store_url, "default", watch) as listener,
    ):
        listener.start()
        async with asyncio.timeout(FOR_EVER):
            # The first ones may be announced before it listens.
            for number in range(1000):
                await store.append(stream_name("a-1"), [Event(type="x")], expected=ANY)
                if await watch.wait_past(Position(number), 0.2):
                    break


async def test_an_outgoing_log_does_not_wait_for_what_is_there(store_url: str) -> None:
    async with (
        PostgresOutgoingLog.connect(store_url) as outgoing,
        PostgresEventStore.connect(store_url) as store,
    ):
        waiting = asyncio.create_task(outgoing.wait(after=Position(0), seconds=FOR_EVER))
        await store.append(stream_name("a-1"), [Event(type="x")], expected=ANY)
        await asyncio.wait_for(waiting, FOR_EVER)
        assert len(await outgoing.read(after=Position(0), limit=9)) == 1


async def test_logs_do_not_wake_each_other(store_url: str) -> None:
    mine, other = HeadWatch(), HeadWatch()
    async with (
        Listener.open(store_url, "default", mine) as listener,
        Listener.open(store_url, "tenant", other) as foreign,
        Announcer.open(store_url, "default", HeadWatch()) as announcer,
    ):
        listener.start()
        foreign.start()
        await told(announcer, mine, 7)
        assert not await other.wait_past(Position(0), 0.1)


async def test_a_lost_connection_is_made_again(store_url: str) -> None:
    watch = HeadWatch()
    async with (
        Listener.open(store_url, "default", watch) as listener,
        Announcer.open(store_url, "default", HeadWatch()) as announcer,
    ):
        listener.start()
        await told(announcer, watch, 1)
        administrator = await connect(store_url)
        await administrator.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name IN ('eventstore listen', 'eventstore announce') "
            "AND datname = current_database()"
        )
        await administrator.close()
        await told(announcer, watch, 2000)


async def test_a_server_that_is_not_there_is_no_error() -> None:
    nowhere = "postgresql://127.0.0.1:1/none"
    async with (
        Announcer.open(nowhere, "default", HeadWatch()) as announcer,
        Listener.open(nowhere, "default", HeadWatch()) as listener,
    ):
        listener.start()
        announcer.announce(Position(1))
        await asyncio.sleep(0.1)


async def test_nobody_is_told_where_nobody_listens(store_url: str) -> None:
    told_of: list[object] = []
    watch = HeadWatch()
    unnamed = await connect(store_url)
    await unnamed.add_listener("eventstore", lambda *given: told_of.append(given[-1]))
    async with (
        Announcer.open(store_url, "default", HeadWatch()) as announcer,
        Listener.open(store_url, "default", watch) as listener,
    ):
        for position in range(1, 4):
            announcer.announce(Position(position))
            await asyncio.sleep(0.1)
        assert not told_of
        listener.start()
        await told(announcer, watch, 4)
        await unnamed.fetch("SELECT 1")
        assert told_of
    await unnamed.close()


async def test_a_listener_of_another_role_is_told(store_url: str) -> None:
    """Who may not see what other sessions do sees the name under which they listen."""
    watch = HeadWatch()
    name = f"teller_{uuid4().hex}"
    administrator = await connect(store_url)
    await administrator.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'teller'")
    teller_url = urlsplit(store_url)._replace(
        netloc=f"{name}:teller@{urlsplit(store_url).netloc.rpartition('@')[2]}"
    )
    async with (
        Listener.open(store_url, "default", watch) as listener,
        Announcer.open(teller_url.geturl(), "default", HeadWatch()) as announcer,
    ):
        listener.start()
        await told(announcer, watch, 1)
    await administrator.execute(f"DROP ROLE {name}")
    await administrator.close()

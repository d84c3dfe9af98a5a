"""What the doctor says of standbys: real ones, and what a failover to them would lose."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import asyncpg
import pytest

from eventstore import ABSENT, connect, stream_name
from eventstore.errors import StoreUnavailable
from eventstore.postgres import replication
from eventstore.postgres.findings import Finding, Level
from eventstore.postgres.preflight import preflight
from tests.support.relaying import until
from tests.support.standbys import standby_of
from tests.support.stores import events
from verification.cluster.postgres import PostgresServer

pytestmark = pytest.mark.stack

NAMES = "synchronous_standby_names"
Set = Callable[[str, str], Awaitable[None]]


async def found(url: str) -> dict[str, Finding]:
    return {finding.name: finding for finding in await preflight(url)}


@pytest.fixture
async def sql(killable_store_url: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    connection = await asyncpg.connect(killable_store_url)
    # Its own statements must not wait for a standby that is not there.
    await connection.execute("SET synchronous_commit = local")
    yield connection
    connection.terminate()


async def configure(
    sql: asyncpg.Connection[asyncpg.Record], url: str, setting: str, value: str
) -> None:
    """Set it for the server, and wait until a new session has it."""
    await sql.execute(f"ALTER SYSTEM SET {setting} = '{value}'")
    await sql.execute("SELECT pg_reload_conf()")

    async def has_it() -> bool:
        other = await asyncpg.connect(url)
        try:
            return bool(await other.fetchval(f"SHOW {setting}") == value)
        finally:
            await other.close()

    await until(has_it)


async def test_standbys_and_what_a_failover_loses(
    killable_postgres: PostgresServer,
    killable_store_url: str,
    sql: asyncpg.Connection[asyncpg.Record],
    server_folders: Callable[[str], Path],
) -> None:
    assert "no standby or backup has" in (await found(killable_store_url))[NAMES].advice
    async with standby_of(killable_postgres, server_folders("standby"), name="second") as second:

        async def follows() -> bool:
            seen = (await found(killable_store_url)).get("standby second")
            return seen is not None and seen.value.startswith("streaming")

        await until(follows)
        findings = await found(killable_store_url)
        assert "asynchronous, " in findings["standby second"].value
        assert "failover loses acknowledged appends" in findings[NAMES].advice

        await configure(sql, killable_store_url, NAMES, "second")
        findings = await found(killable_store_url)
        assert (findings[NAMES].value, findings[NAMES].level) == ("second", Level.OK)
        assert "a commit may wait for it" in findings["standby second"].value
        async with connect(killable_store_url) as store:
            await store.append(stream_name("order-1"), events(3), expected=ABSENT)

        for commit, level in (("remote_write", Level.WARNING), ("local", Level.ERROR)):
            await configure(sql, killable_store_url, "synchronous_commit", commit)
            assert (await found(killable_store_url))[NAMES].level is level
        await configure(sql, killable_store_url, "synchronous_commit", "on")

        database = killable_store_url.rpartition("/")[2]
        on_standby = second.database_url(database)
        findings = await found(on_standby)
        assert findings["role"].level is Level.ERROR
        assert findings["replication"].value.startswith("streaming")
        with pytest.raises(StoreUnavailable, match="name the primary"):
            async with connect(on_standby):
                pass
    waits = (await found(killable_store_url))[NAMES]
    assert waits.level is Level.ERROR
    assert "every append waits" in waits.advice


async def test_a_standby_without_its_primary_says_so(
    killable_postgres: PostgresServer, killable_store_url: str
) -> None:
    await killable_postgres.stop()
    (killable_postgres.data / "standby.signal").touch()
    await killable_postgres.start()
    seen = (await found(killable_store_url))["replication"]
    assert seen.value.startswith("not receiving")
    assert seen.level is Level.WARNING


async def test_a_slot_that_nobody_reads(
    killable_store_url: str,
    sql: asyncpg.Connection[asyncpg.Record],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await sql.execute("SELECT pg_create_physical_replication_slot('gone', true)")
    seen = (await found(killable_store_url))["slot gone"]
    assert (seen.level, seen.value.partition(",")[0]) == (Level.OK, "read by nobody")
    monkeypatch.setattr(replication, "_KEPT_BYTES_MAX", -1)
    seen = (await found(killable_store_url))["slot gone"]
    assert seen.level is Level.WARNING
    assert "fills the disk" in seen.advice


async def test_who_may_not_see_the_standbys_is_told_what_it_takes(
    killable_postgres: PostgresServer,
    killable_store_url: str,
    sql: asyncpg.Connection[asyncpg.Record],
    server_folders: Callable[[str], Path],
) -> None:
    await sql.execute("CREATE ROLE looker LOGIN PASSWORD 'looker'")
    await sql.execute("GRANT USAGE ON SCHEMA eventstore TO looker")
    await sql.execute("GRANT SELECT ON ALL TABLES IN SCHEMA eventstore TO looker")
    server = killable_store_url.rpartition("@")[2]
    async with standby_of(killable_postgres, server_folders("standby"), name="second"):

        async def told() -> bool:
            seen = (await found(f"postgresql://looker:looker@{server}")).get("standby second")
            return seen is not None and "pg_monitor" in seen.advice

        await until(told)


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1536, "1.5 KiB"),
        (5 << 20, "5.0 MiB"),
        (3 << 30, "3.0 GiB"),
    ],
)
def test_sizes_are_said_as_people_read_them(size: int, said: str) -> None:
    assert replication._size(size) == said

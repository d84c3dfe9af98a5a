"""The fixtures keep their promises: isolated, usable from any test, survivors of a kill."""

from __future__ import annotations

import asyncio

import asyncpg
import nats
import pytest

from eventstore.migrate import HEAD, current
from verification.cluster.nats import NatsServer
from verification.cluster.postgres import PostgresServer

pytestmark = pytest.mark.stack


async def table_count(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        query = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        count = await connection.fetchval(query)
        await connection.execute("CREATE TABLE mark (n int)")
    finally:
        await connection.close()
    return int(count)


@pytest.mark.parametrize("turn", [1, 2])
async def test_each_test_has_a_database_of_its_own(postgres_url: str, turn: int) -> None:
    assert await table_count(postgres_url) == 0, turn


def test_an_ordinary_test_may_use_them_too(postgres_url: str) -> None:
    assert asyncio.run(table_count(postgres_url)) == 0


@pytest.mark.parametrize("fixture", ["store_url", "killable_store_url"])
def test_a_store_database_is_migrated(request: pytest.FixtureRequest, fixture: str) -> None:
    url: str = request.getfixturevalue(fixture)
    assert asyncio.run(current(url)) == HEAD


@pytest.mark.parametrize("turn", [1, 2])
async def test_each_test_starts_without_streams(nats_url: str, turn: int) -> None:
    connection = await nats.connect(nats_url)
    jetstream = connection.jetstream()
    assert await jetstream.streams_info() == [], turn
    for number in range(3):
        await jetstream.add_stream(name=f"S{number}", subjects=[f"s{number}.>"])
    await connection.close()


async def test_a_killed_postgres_keeps_what_it_acknowledged(
    killable_postgres: PostgresServer,
) -> None:
    url = killable_postgres.url
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE TABLE mark (n int)")
    await killable_postgres.kill()
    with pytest.raises((OSError, asyncpg.PostgresError, asyncpg.InterfaceError)):
        await connection.execute("SELECT 1")
    await killable_postgres.restart()
    assert killable_postgres.url == url
    assert await table_count_of(url, "mark") == 0


async def table_count_of(url: str, table: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        return int(await connection.fetchval(f"SELECT count(*) FROM {table}"))  # noqa: S608
    finally:
        await connection.close()


async def test_a_killed_nats_keeps_what_it_acknowledged(killable_nats: NatsServer) -> None:
    connection = await nats.connect(killable_nats.url)
    jetstream = connection.jetstream()
    await jetstream.add_stream(name="S", subjects=["s"])
    await jetstream.publish("s", b"kept")
    await connection.close()
    await killable_nats.kill()
    await killable_nats.restart()
    connection = await nats.connect(killable_nats.url)
    kept = await connection.jetstream().get_msg("S", 1)
    await connection.close()
    assert kept.data == b"kept"

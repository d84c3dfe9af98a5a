"""A log that was written at revision 0001 is the same log afterwards, and has a chain."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest
from alembic import command
from alembic.config import Config

from eventstore import ANY, Event, SchemaMismatch, StreamVersion, connect, stream_name
from eventstore.migrate import migrate, scripts
from eventstore.postgres.chain import verify_chain
from eventstore.query import Query

pytestmark = pytest.mark.stack

OLD_APPEND = "SELECT * FROM eventstore.append($1, 0, null, $2, $3, $4, $5)"


def upgrade_to(url: str, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(scripts()))
    config.attributes["url"] = url
    command.upgrade(config, revision)


async def test_an_old_log_goes_on(postgres_url: str) -> None:
    await asyncio.to_thread(upgrade_to, postgres_url, "0001")
    sql = await asyncpg.connect(postgres_url)
    old = [Event(type="é" if number % 2 else "x", data={"n": number}) for number in range(2500)]
    for start in range(0, 2500, 500):
        page = old[start : start + 500]
        await sql.fetch(
            OLD_APPEND,
            f"order-{start % 1000}",
            [event.id for event in page],
            [event.type for event in page],
            [f'{{"n": {event.data["n"]}}}' for event in page],
            ["{}"] * len(page),
        )
    before = await sql.fetch(
        "SELECT position, version, event_id, recorded_at FROM eventstore.events"
    )
    with pytest.raises(SchemaMismatch, match=r"0001.*eventstore migrate"):
        async with connect(postgres_url):
            pass

    await migrate(postgres_url)
    assert before == await sql.fetch(
        "SELECT position, version, event_id, recorded_at FROM eventstore.events ORDER BY position"
    )
    report = await verify_chain(postgres_url)
    assert (report.events, report.links, report.fault) == (2500, 3, None)
    async with connect(postgres_url) as store:
        appended = await store.append(
            stream_name("order-500"), [Event(type="x", tags=("t",))], expected=StreamVersion(1000)
        )
        assert appended.position == 2501
        assert (await store.append(stream_name("order-0"), old[:3], expected=ANY)).repeated
        read = await store.read_log(query=Query.of(types=("é",)), limit=10_000)
        assert [event.data["n"] for event in read] == list(range(1, 2500, 2))
        read = await store.read_log(query=Query.of(categories=("order",)), limit=10_000)
        assert [event.position for event in read] == list(range(1, 2502))
    assert (await verify_chain(postgres_url)).fault is None

    for table in ("events", "streams", "event_tags", "commits"):
        with pytest.raises(asyncpg.PostgresError, match="append-only"):
            await sql.execute(f"TRUNCATE eventstore.{table}")
    await sql.close()


async def test_an_old_append_that_waited_for_the_migration_stores_nothing(
    postgres_url: str,
) -> None:
    await asyncio.to_thread(upgrade_to, postgres_url, "0001")
    holder, waiter = [await asyncpg.connect(postgres_url) for _ in range(2)]
    transaction = holder.transaction()
    await transaction.start()
    await holder.execute("SELECT pg_advisory_xact_lock(7311142570156650343)")
    event = Event(type="x")
    append = asyncio.ensure_future(
        waiter.fetch(OLD_APPEND, "a-1", [event.id], ["x"], ["1"], ["{}"])
    )
    await asyncio.sleep(0.1)
    await migrate(postgres_url)
    await transaction.rollback()
    with pytest.raises(asyncpg.PostgresError):
        await append
    assert (await verify_chain(postgres_url)).events == 0
    await asyncio.gather(holder.close(), waiter.close())

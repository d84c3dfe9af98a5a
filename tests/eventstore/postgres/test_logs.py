"""Several logs in one database: each with its own positions, lock, tables and roles."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventstore import ABSENT, ConfigError, SchemaMismatch, stream_name
from eventstore.config import DEFAULT_LOG, check_log_name, log_name
from eventstore.migrate import HEAD, current, migrate
from eventstore.postgres.chain import verify_chain
from eventstore.postgres.queries import query
from eventstore.postgres.schema import for_log, schema_of
from eventstore.postgres.store import PostgresEventStore
from tests.support.stores import events, ids, whole_log

ORDER = stream_name("order-1")


def test_the_default_log_is_the_schema_eventstore() -> None:
    assert (schema_of(DEFAULT_LOG), schema_of("acme")) == ("eventstore", "eventstore_acme")
    assert query("head", DEFAULT_LOG) == query("head")
    assert "FROM eventstore_acme.events" in query("head", "acme")


def test_each_log_has_a_lock_of_its_own() -> None:
    statement = "SELECT pg_advisory_xact_lock(7311142570156650343)"
    locks = {for_log(statement, log) for log in (DEFAULT_LOG, "a", "b")}
    assert len(locks) == 3
    assert statement in locks


@given(st.from_regex(r"[a-z][a-z0-9_]{0,39}", fullmatch=True))
def test_names_of_logs_need_no_quotes(name: str) -> None:
    assert check_log_name(name) == name
    assert len(f"{schema_of(name)}_writer") < 64


@pytest.mark.parametrize("name", ["", "A", "1a", "_a", "a-b", "a b", "é", "a;", "a" * 41, 'a"'])
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(ConfigError, match="cannot be the name of a log"):
        check_log_name(name)


def test_the_environment_may_name_the_log() -> None:
    assert log_name(None, {}) == DEFAULT_LOG
    assert log_name(None, {"EVENTSTORE_LOG": "acme"}) == "acme"
    assert log_name("other", {"EVENTSTORE_LOG": "acme"}) == "other"


@pytest.mark.stack
async def test_logs_know_nothing_of_each_other(store_url: str) -> None:
    await asyncio.gather(*(migrate(store_url, log=log) for log in ("acme", "zeta")))
    assert await current(store_url, log="acme") == HEAD
    batches = {log: events(number) for number, log in enumerate(("default", "acme", "zeta"), 2)}
    for log, batch in batches.items():
        async with PostgresEventStore.connect(store_url, log=log) as store:
            appended = await store.append(ORDER, batch, expected=ABSENT)
            assert appended.first_position == 1
            # The same ids elsewhere are not known here.
            again = await store.append(stream_name("a-1"), events(1), expected=ABSENT)
            assert again.position == len(batch) + 1
    for log, batch in batches.items():
        async with PostgresEventStore.connect(store_url, log=log) as store:
            assert ids(await whole_log(store))[:-1] == ids(batch)
        assert (await verify_chain(store_url, log=log)).events == len(batch) + 1


@pytest.mark.stack
async def test_one_log_does_not_wait_for_another(store_url: str) -> None:
    await migrate(store_url, log="acme")
    sql = await asyncpg.connect(store_url)
    async with sql.transaction():
        await sql.fetch(
            "SELECT eventstore.append('held-1', 0, null, ARRAY[gen_random_uuid()], '{x}', '{1}', "
            "'{\"{}\"}')"
        )
        async with PostgresEventStore.connect(store_url, log="acme", timeout_seconds=5) as store:
            assert (await store.append(ORDER, events(1), expected=ABSENT)).position == 1
    await sql.close()


@pytest.mark.stack
async def test_the_schemas_are_alike(store_url: str) -> None:
    """The same tables, columns, constraints, indexes, triggers and functions, but for the name."""
    await migrate(store_url, log="acme")
    sql = await asyncpg.connect(store_url)
    found = []
    for schema in ("eventstore", "eventstore_acme"):
        rows = await sql.fetch(
            "SELECT table_name || '.' || column_name, data_type, is_nullable "
            "FROM information_schema.columns WHERE table_schema = $1 "
            "UNION ALL SELECT indexname, indexdef, '' FROM pg_indexes WHERE schemaname = $1 "
            "UNION ALL SELECT conname, pg_get_constraintdef(oid), '' FROM pg_constraint "
            "WHERE connamespace = $1::regnamespace "
            "UNION ALL SELECT tgname, pg_get_triggerdef(oid), '' FROM pg_trigger "
            "WHERE NOT tgisinternal AND pg_get_triggerdef(oid) LIKE '% ' || $1 || '.%' "
            "UNION ALL SELECT proname, pg_get_functiondef(oid), '' FROM pg_proc "
            "WHERE pronamespace = $1::regnamespace",
            schema,
        )
        lock = for_log("7311142570156650343", "default" if schema == "eventstore" else "acme")
        found.append(
            sorted(
                str(tuple(row)).replace(f"{schema}.", "LOG.").replace(lock, "LOCK") for row in rows
            )
        )
    await sql.close()
    assert len(found[0]) > 50
    assert found[0] == found[1]


@pytest.mark.stack
async def test_a_log_that_was_not_made_is_refused(store_url: str) -> None:
    with pytest.raises(SchemaMismatch, match="eventstore migrate"):
        async with PostgresEventStore.connect(store_url, log="nowhere"):
            pass

"""The schema: one definition, migrated to by anyone at any time, and refused when it is another."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from eventstore import MigrationFailed, SchemaMismatch, connect
from eventstore.migrate import HEAD, current, migrate, scripts
from eventstore.postgres.engine import engine
from eventstore.postgres.schema import SCHEMA, VERSION_TABLE, metadata
from tests.support.source import ROOT


def test_the_code_works_with_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(scripts()))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


@pytest.mark.stack
async def test_the_migrated_database_is_what_the_metadata_says(store_url: str) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_schemas": True,
                "include_name": lambda name, kind, _: kind != "schema" or name == SCHEMA,
                "version_table": VERSION_TABLE,
                "version_table_schema": SCHEMA,
            },
        )
        return list(compare_metadata(context, metadata))

    async with engine(store_url) as database, database.connect() as connection:
        assert await connection.run_sync(differences) == []


@pytest.mark.stack
async def test_migrating_at_the_same_time_and_again(postgres_url: str) -> None:
    assert await current(postgres_url) is None
    await asyncio.gather(*(migrate(postgres_url) for _ in range(4)))
    assert await current(postgres_url) == HEAD
    await migrate(postgres_url)
    async with connect(postgres_url) as store:
        assert await store.head() == 0


@pytest.mark.stack
def test_two_processes_migrate_through_alembic_ini(postgres_url: str) -> None:
    command = [str(Path(sys.executable).parent / "alembic"), "upgrade", "head"]
    environment = {**os.environ, "EVENTSTORE_DATABASE_URL": postgres_url}
    processes = [
        subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for process in processes:
        _, complaints = process.communicate(timeout=60)
        assert process.returncode == 0, complaints
    assert asyncio.run(current(postgres_url)) == HEAD


@pytest.mark.stack
async def test_a_database_that_is_not_migrated_is_refused(postgres_url: str) -> None:
    with pytest.raises(SchemaMismatch, match=r"without our schema.*run `eventstore migrate`"):
        async with connect(postgres_url):
            pass


@pytest.mark.stack
@pytest.mark.parametrize(
    ("revision", "words"), [("0000", "eventstore migrate"), ("9999", "install a newer version")]
)
async def test_another_revision_is_refused(store_url: str, revision: str, words: str) -> None:
    sql = await asyncpg.connect(store_url)
    await sql.execute("UPDATE eventstore.schema_revision SET version_num = $1", revision)
    await sql.close()
    with pytest.raises(SchemaMismatch, match=f"revision {revision}.*{words}") as caught:
        async with connect(store_url):
            pass
    assert caught.value.definite
    if revision > HEAD:
        with pytest.raises(SchemaMismatch):
            await migrate(store_url)


@pytest.mark.stack
async def test_a_migration_that_is_refused_changes_nothing(postgres_url: str) -> None:
    sql = await asyncpg.connect(postgres_url)
    await sql.execute("CREATE SCHEMA eventstore; CREATE TABLE eventstore.events (mine int)")
    with pytest.raises(MigrationFailed, match='relation "events" already exists') as caught:
        await migrate(postgres_url)
    assert "CREATE TABLE" not in str(caught.value)
    tables = await sql.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'eventstore'")
    assert [row["tablename"] for row in tables] == ["events"]
    await sql.close()

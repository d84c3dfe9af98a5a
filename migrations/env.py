"""What Alembic runs to migrate a database, from the checkout and from the installed package alike.

``eventstore migrate`` hands over a URL; ``alembic upgrade head`` takes EVENTSTORE_DATABASE_URL.
Everything is one transaction under one lock: two migrations at the same
time wait for each other, and a failed one leaves nothing behind.

A migration is written for the default log. For another one (``--log NAME``, or EVENTSTORE_LOG) its
statements are renamed on their way to the server.
"""

# ruff: noqa: INP001 - Alembic loads this folder by its path, it is no package

from __future__ import annotations

import asyncio

from alembic import context
from sqlalchemy import Connection, event, text

from eventstore.config import database_url, log_name
from eventstore.postgres.engine import engine
from eventstore.postgres.schema import VERSION_TABLE, for_log, metadata, schema_of

LOCK = 7_883_946_363_647_714_593
"""The advisory lock of migrations: the bytes of "migrate!"."""

LOCK_TIMEOUT = "60s"

STATEMENT_SECONDS = 3600.0
"""An index over a large log is slow to build."""


LOG = context.config.attributes.get("log") or log_name()
SCHEMA = schema_of(LOG)


def include_name(name: str | None, kind: str, _parents: object) -> bool:
    """Compare our own schema only; what else is in the database is not ours."""
    return name == SCHEMA if kind == "schema" else name != VERSION_TABLE


def configure(connection: Connection | None) -> None:
    """Tell Alembic about the database, or, without a connection, that it writes a script."""
    context.configure(
        connection=connection,
        dialect_name=None if connection else "postgresql",
        target_metadata=metadata,
        include_schemas=True,
        include_name=include_name,
        version_table=VERSION_TABLE,
        version_table_schema=SCHEMA,
        compare_server_default=True,
    )


def rename(
    _connection: Connection, _cursor: object, statement: str, parameters: object, *_: object
) -> tuple[str, object]:
    """Make a statement one for our log."""
    return for_log(statement, LOG), parameters


def migrate(connection: Connection) -> None:
    """Bring the database to the wanted revision in one transaction."""
    event.listen(connection, "before_cursor_execute", rename, retval=True)
    configure(connection)
    with context.begin_transaction():
        connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
        context.run_migrations()


async def connect_and_migrate(url: str) -> None:
    """Make a connection of our own kind, then migrate."""
    async with (
        engine(url, statement_seconds=STATEMENT_SECONDS) as database,
        database.connect() as connection,
    ):
        await connection.run_sync(migrate)


if context.is_offline_mode():
    configure(None)
    with context.begin_transaction():
        context.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        context.run_migrations()
else:
    asyncio.run(connect_and_migrate(context.config.attributes.get("url") or database_url()))

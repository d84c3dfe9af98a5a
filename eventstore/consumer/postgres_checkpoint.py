"""A checkpoint in the service's own database, in its own transaction: exactly once.

It takes the connection of a transaction that the service holds, so its errors, those of the driver
included, are the service's: nothing is stored unless it commits. The changes and the checkpoint
are committed together, or neither is.
"""

from __future__ import annotations

from typing import Any, Final, Protocol, TypeAlias

from sqlalchemy.ext.asyncio import AsyncConnection

from eventstore.errors import CheckpointMoved, InvalidRequest
from eventstore.stream import Position

__all__ = ["AsyncpgConnection", "PostgresCheckpoint", "TransactionConnection", "prepare", "run"]

_SETUP_LOCK: Final = int.from_bytes(b"consumer", "big")
"""The advisory lock of table creation: PostgreSQL's own IF NOT EXISTS races with itself."""

_TABLES: Final = """
SELECT pg_advisory_xact_lock($1);
CREATE SCHEMA IF NOT EXISTS consumer;
CREATE TABLE IF NOT EXISTS consumer.checkpoints (
    name text PRIMARY KEY,
    position bigint NOT NULL,
    saved_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS consumer.members (
    consumer_group text NOT NULL,
    member text NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (consumer_group, member)
);
CREATE TABLE IF NOT EXISTS consumer.partitions (
    consumer_group text NOT NULL,
    partition integer NOT NULL,
    position bigint NOT NULL DEFAULT 0,
    token bigint NOT NULL DEFAULT 0,
    owner text,
    expires_at timestamptz,
    PRIMARY KEY (consumer_group, partition)
);
CREATE TABLE IF NOT EXISTS consumer.epochs (
    name text PRIMARY KEY,
    epoch bigint
);
"""


class AsyncpgConnection(Protocol):
    """What is asked of a connection of asyncpg."""

    def is_in_transaction(self) -> bool:
        """Whether it is within a transaction."""
        ...

    async def fetchval(self, query: str, *args: Any) -> Any:
        """Run a statement and return the first value of its first row, null without one."""
        ...


TransactionConnection: TypeAlias = AsyncpgConnection | AsyncConnection
"""A connection on which a transaction was begun: asyncpg's, or SQLAlchemy's over asyncpg."""


async def run(connection: TransactionConnection, query: str, *args: Any) -> Any:
    """Run a statement in the transaction; return the first value of its first row, if any.

    Raises:
        InvalidRequest: the connection is in no transaction, so that nothing would hold together.
    """
    if isinstance(connection, AsyncConnection):
        # Not on the driver's connection: SQLAlchemy begins there with the first statement only.
        result = await connection.exec_driver_sql(query, args)
        row = result.first() if result.returns_rows else None
        return row[0] if row is not None else None
    if not connection.is_in_transaction():
        raise InvalidRequest(
            "the connection is in no transaction: begin one, and commit the changes and the "
            "checkpoint together."
        )
    return await connection.fetchval(query, *args)


async def prepare(connection: TransactionConnection) -> None:
    """Make the schema ``consumer`` and its tables where they are missing, in a transaction."""
    first, *tables = filter(str.strip, _TABLES.split(";"))
    await run(connection, first, _SETUP_LOCK)
    for table in tables:
        await run(connection, table)


class PostgresCheckpoint:
    """The checkpoint of a consumer, in table ``consumer.checkpoints``; see `prepare`."""

    def __init__(self, name: str) -> None:
        self._name = name

    async def load(self, connection: TransactionConnection) -> Position:
        """Return the position that was committed last, 0 if none was."""
        query = "SELECT position FROM consumer.checkpoints WHERE name = $1"
        if isinstance(connection, AsyncConnection):
            position = await run(connection, query, self._name)
        else:  # in a transaction or not
            position = await connection.fetchval(query, self._name)
        return Position(position or 0)

    async def save(
        self, connection: TransactionConnection, position: Position, *, previous: Position
    ) -> None:
        """Move the checkpoint from ``previous`` to ``position`` when the transaction commits.

        It locks the row: of two consumers of one name the second waits for the first, and then
        learns that it is not alone.

        Raises:
            CheckpointMoved: it is elsewhere; roll the transaction back.
            InvalidRequest: the connection is in no transaction.
        """
        moved = await run(
            connection,
            """
            INSERT INTO consumer.checkpoints AS held (name, position)
            SELECT $1::text, $2::bigint WHERE $3::bigint = 0 OR EXISTS
                (SELECT FROM consumer.checkpoints WHERE name = $1)
            ON CONFLICT (name) DO UPDATE SET position = $2, saved_at = now()
                WHERE held.position = $3
            RETURNING position
            """,
            self._name,
            position,
            previous,
        )
        if moved is None:
            raise CheckpointMoved(self._name, previous)

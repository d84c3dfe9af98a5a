"""A checkpoint in the service's own database, in its own transaction: exactly once.

It takes the connection of a transaction that the service holds, so its errors, those of the driver
included, are the service's: nothing is stored unless it commits. The changes and the checkpoint
are committed together, or neither is.
"""

from __future__ import annotations

from typing import Any, Final, Protocol

from eventstore.errors import CheckpointMoved
from eventstore.stream import Position

__all__ = ["PostgresCheckpoint", "TransactionConnection", "prepare"]

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
"""


class TransactionConnection(Protocol):
    """A connection of asyncpg, which is in a transaction.

    SQLAlchemy has it as ``(await connection.get_raw_connection()).driver_connection``.
    """

    async def fetchval(self, query: str, *args: Any) -> Any:
        """Run a statement and return the first value of its first row, null without one."""
        ...

    async def execute(self, query: str, *args: Any) -> str:
        """Run a statement."""
        ...


async def prepare(connection: TransactionConnection) -> None:
    """Make the schema ``consumer`` and its tables where they are missing, in a transaction."""
    first, *tables = filter(str.strip, _TABLES.split(";"))
    await connection.execute(first, _SETUP_LOCK)
    for table in tables:
        await connection.execute(table)


class PostgresCheckpoint:
    """The checkpoint of a consumer, in table ``consumer.checkpoints``; see `prepare`."""

    def __init__(self, name: str) -> None:
        self._name = name

    async def load(self, connection: TransactionConnection) -> Position:
        """Return the position that was committed last, 0 if none was."""
        position = await connection.fetchval(
            "SELECT position FROM consumer.checkpoints WHERE name = $1", self._name
        )
        return Position(position or 0)

    async def save(
        self, connection: TransactionConnection, position: Position, *, previous: Position
    ) -> None:
        """Move the checkpoint from ``previous`` to ``position`` when the transaction commits.

        It locks the row: of two consumers of one name the second waits for the first, and then
        learns that it is not alone.

        Raises:
            CheckpointMoved: it is elsewhere; roll the transaction back.
        """
        moved = await connection.fetchval(
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

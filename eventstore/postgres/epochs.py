"""The epochs of the log, kept in the log's own database: JetStream forgets them when it is lost.

The table is made where it is missing when the first epoch begins; there is nothing to migrate.
Whoever reads the log may read it.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Final, Protocol

import asyncpg

from eventstore import wire
from eventstore.config import server_of
from eventstore.epoch import Epoch
from eventstore.errors import ConfigError
from eventstore.postgres.engine import TIMEOUT_SECONDS, ConnectionPool, connect
from eventstore.postgres.translate import read_failed
from eventstore.stream import Position

__all__ = ["epoch_of_the_log", "read_epoch", "record_epoch", "record_epoch_at"]

_EXISTS: Final = "SELECT to_regclass('relay.epochs') IS NOT NULL"

_TABLE: Final = """
CREATE SCHEMA IF NOT EXISTS relay;
CREATE TABLE IF NOT EXISTS relay.epochs (
    stream text NOT NULL,
    number bigint NOT NULL,
    after bigint NOT NULL,
    began_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (stream, number)
);
COMMENT ON TABLE relay.epochs IS
    'Histories of the log: each shares its events with the one before up to a position.';
GRANT USAGE ON SCHEMA relay TO PUBLIC;
GRANT SELECT ON relay.epochs TO PUBLIC;
"""

_RECORD: Final = """
INSERT INTO relay.epochs (stream, number, after)
SELECT $1, * FROM unnest($2::bigint[], $3::bigint[])
ON CONFLICT DO NOTHING
"""

_READ: Final = "SELECT number, after FROM relay.epochs WHERE stream = $1 ORDER BY number"

_LOCK: Final = int.from_bytes(b"epochs", "big")
"""The advisory lock of table creation: PostgreSQL's own IF NOT EXISTS races with itself."""


class _Connection(Protocol):
    """What is asked of a connection of asyncpg."""

    def fetch(self, query: str, *args: object) -> Awaitable[list[Any]]: ...
    def fetchval(self, query: str, *args: object) -> Awaitable[Any]: ...
    def execute(self, query: str, *args: object) -> Awaitable[str]: ...
    def transaction(self) -> Any: ...


async def epoch_of_the_log(pool: ConnectionPool) -> Epoch:
    """Return which history of the log this is.

    Raises:
        ReadFailed, StoreUnavailable: no answer came.
    """
    async with pool.connection() as connection:
        try:
            return await read_epoch(connection, wire.STREAM)
        except Exception as error:
            raise read_failed(error) from error


async def read_epoch(connection: _Connection, stream: str) -> Epoch:
    """Return the epoch of the log that a stream carries; the first one if no other ever began."""
    if not await connection.fetchval(_EXISTS):
        return Epoch()
    rows = [
        (row["number"], Position(row["after"])) for row in await connection.fetch(_READ, stream)
    ]
    return Epoch.of(rows)


async def record_epoch(connection: _Connection, stream: str, epoch: Epoch) -> None:
    """Keep an epoch, with those before it; what is kept already stays as it is."""
    numbers, positions = zip(*epoch.began, strict=True) if epoch.began else ((), ())
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        await connection.execute(_TABLE)
        await connection.execute(_RECORD, stream, list(numbers), list(positions))


async def record_epoch_at(
    url: str, stream: str, epoch: Epoch, *, timeout_seconds: float = TIMEOUT_SECONDS
) -> None:
    """Keep an epoch in the log's database at ``url``.

    Raises:
        ConfigError: we may not.
        StoreUnavailable, ReadFailed: no answer came.
    """
    connection = await connect(
        url, timeout_seconds=timeout_seconds, statement_seconds=timeout_seconds
    )
    try:
        await record_epoch(connection, stream, epoch)
    except asyncpg.InsufficientPrivilegeError as error:
        raise ConfigError(
            f"a new epoch cannot be kept in the log's database at {server_of(url)}: {error}. "
            "Do this as its owner."
        ) from error
    except Exception as error:
        raise read_failed(error) from error
    finally:
        connection.terminate()

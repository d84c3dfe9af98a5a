"""The log as the relay publishes it: rows become messages, without becoming events in between.

It meets `eventstore.relay.ports.OutgoingLog`. The data of an event goes out as they are stored, to
the letter: nothing is decoded that only has to be carried.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, Self

import asyncpg

from eventstore import wire
from eventstore.config import DEFAULT_LOG
from eventstore.postgres.engine import TIMEOUT_SECONDS, ConnectionPool
from eventstore.postgres.queries import query as statement
from eventstore.postgres.rows import recorded
from eventstore.postgres.translate import read_failed
from eventstore.stream import Position
from eventstore.wire_bytes import WireBytes, encode_parts

__all__ = ["PostgresOutgoingLog"]

_END: Final = 2**63 - 1
_CONNECTIONS: Final = 2
_NOTHING: Final = "{}"


class PostgresOutgoingLog:
    """Reads a log for the relay. Made by `connect`."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool

    @classmethod
    @asynccontextmanager
    async def connect(
        cls, url: str, *, log: str = DEFAULT_LOG, timeout_seconds: float = TIMEOUT_SECONDS
    ) -> AsyncIterator[Self]:
        """Connect to a log on the primary at ``url``; closed at the end of the block.

        Raises:
            ConfigError: the URL cannot be used, or ``log`` cannot be a name.
            StoreUnavailable: no connection could be made.
            SchemaMismatch: the log is not migrated to the revision of this code.
        """
        async with ConnectionPool.open(
            url, size=_CONNECTIONS, timeout_seconds=timeout_seconds, log=log
        ) as pool:
            async with pool.connection():
                pass  # what is wrong with the server or its schema is said now, not later
            yield cls(pool)

    async def read(self, *, after: Position, limit: int) -> list[WireBytes]:
        """Read the events with a position above ``after``, as messages; see `OutgoingLog`."""
        async with self._pool.connection() as connection:
            try:
                rows = await connection.fetch(statement("read_log"), after, _END, limit)
            except Exception as error:
                raise read_failed(error) from error
        return [_message(row) for row in rows]


def _message(row: asyncpg.Record) -> WireBytes:
    position, stream, version, recorded_at, event_id, event_type, tags, data, metadata = row
    optional: dict[str, Any] | None = None
    if tags or metadata != _NOTHING:
        [event] = recorded([row])
        optional = wire.optional_headers(event)
    return encode_parts(
        position, event_id, stream, event_type, version, recorded_at, data.encode(), optional
    )

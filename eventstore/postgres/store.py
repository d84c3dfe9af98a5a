"""The event store in PostgreSQL: the same contract as `MemoryEventStore`, kept across crashes.

An append is one statement in one round trip; the server decides it under a lock and commits it
before it answers. Reads go to the primary, so each sees every append that was acknowledged before
it. It does no batching and no retries: what to do about an unknown outcome is the caller's choice.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec

from eventstore.errors import EventIdReused, EventStoreError, WrongExpectedVersion
from eventstore.event import Event, RecordedEvent
from eventstore.postgres.engine import POOL_SIZE, TIMEOUT_SECONDS, ConnectionPool
from eventstore.postgres.queries import query
from eventstore.postgres.translate import append_failed, read_failed
from eventstore.store import Appended
from eventstore.stream import (
    Expect,
    ExpectedVersion,
    Position,
    StreamName,
    StreamVersion,
    stream_name,
)
from eventstore.validation import check_append, check_read

__all__ = ["PostgresEventStore"]

_BOUNDS: Final[dict[Expect, tuple[int, int | None]]] = {
    Expect.ANY: (0, None),
    Expect.EXISTS: (1, None),
    Expect.ABSENT: (0, 0),
}


class PostgresEventStore:
    """An `EventStore` in PostgreSQL. Made by `connect`; safe to share between tasks."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool

    @classmethod
    @asynccontextmanager
    async def connect(
        cls,
        url: str,
        *,
        pool_size: int = POOL_SIZE,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> AsyncIterator[PostgresEventStore]:
        """Connect to the primary at ``url``; the connections are closed at the end of the block.

        ``timeout_seconds`` limits each wait: for a connection, and for the answer to a statement.

        Raises:
            ConfigError: the URL cannot be used.
            StoreUnavailable: no connection could be made.
            SchemaMismatch: the database is not migrated to the revision of this code.
        """
        async with ConnectionPool.open(
            url, size=pool_size, timeout_seconds=timeout_seconds
        ) as pool:
            async with pool.connection():
                pass  # what is wrong with the server or its schema is said now, not later
            yield cls(pool)

    async def append(
        self, stream: StreamName, events: Sequence[Event], *, expected: ExpectedVersion
    ) -> Appended:
        """Append events to a stream, all or none, as `EventStore.append` says."""
        stream, encoded = check_append(stream, events, expected)
        at_least, at_most = (
            _BOUNDS[expected] if isinstance(expected, Expect) else (expected, expected)
        )
        async with self._pool.connection() as connection:
            try:
                (row,) = await connection.fetch(
                    query("append"),
                    stream,
                    at_least,
                    at_most,
                    [event.id for event in encoded],
                    [event.type for event in encoded],
                    [event.data for event in encoded],
                    [event.metadata for event in encoded],
                )
            except Exception as error:
                raise append_failed(error, stream) from error
        return _appended(row, stream, len(encoded), expected)

    async def read_stream(
        self, stream: StreamName, *, after: StreamVersion = StreamVersion(0), limit: int = 1000
    ) -> list[RecordedEvent]:
        """Read a stream forwards, as `EventStore.read_stream` says."""
        check_read(after, limit)
        rows = await self._fetch("read_stream", stream_name(stream), after, limit)
        return [_recorded(row) for row in rows]

    async def read_log(
        self, *, after: Position = Position(0), limit: int = 1000
    ) -> list[RecordedEvent]:
        """Read the log forwards, as `EventStore.read_log` says."""
        check_read(after, limit)
        return [_recorded(row) for row in await self._fetch("read_log", after, limit)]

    async def stream_version(self, stream: StreamName) -> StreamVersion:
        """Return how many events a stream holds."""
        (row,) = await self._fetch("stream_version", stream_name(stream))
        return StreamVersion(row["version"])

    async def head(self) -> Position:
        """Return the position of the last event in the log."""
        (row,) = await self._fetch("head")
        return Position(row["head"])

    async def _fetch(self, name: str, *arguments: Any) -> list[asyncpg.Record]:
        async with self._pool.connection() as connection:
            try:
                return await connection.fetch(query(name), *arguments)
            except Exception as error:
                raise read_failed(error) from error


def _appended(
    row: asyncpg.Record, stream: StreamName, events: int, expected: ExpectedVersion
) -> Appended:
    match row["outcome"]:
        case "appended" | "repeated" as outcome:
            return Appended(
                stream=stream,
                version=StreamVersion(row["last_version"]),
                position=Position(row["last_position"]),
                events=events,
                repeated=outcome == "repeated",
            )
        case "wrong-version":
            raise WrongExpectedVersion(stream, expected, StreamVersion(row["last_version"]))
        case "id-reused":
            raise EventIdReused(stream, UUID(bytes=row["reused"].bytes))
        case outcome:
            raise EventStoreError(f"eventstore.append answered {outcome!r}, which is unknown here.")


def _recorded(row: asyncpg.Record) -> RecordedEvent:
    return RecordedEvent(
        id=UUID(bytes=row["event_id"].bytes),
        type=row["type"],
        data=msgspec.json.decode(row["data"]),
        metadata=msgspec.json.decode(row["metadata"]),
        stream=StreamName(row["stream"]),
        version=StreamVersion(row["version"]),
        position=Position(row["position"]),
        recorded_at=row["recorded_at"],
    )

"""The event store in PostgreSQL: the same contract as `MemoryEventStore`, kept across crashes.

Appends go through the `Appender`, which sends those that come together in one batch; the server
decides them under a lock and commits before it answers. Reads go to the primary, so each sees every
append that was acknowledged before it. Nothing is retried: what to do about an unknown outcome is
the caller's choice.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec

from eventstore.config import DEFAULT_LOG
from eventstore.epoch import Epoch
from eventstore.errors import EventIdReused
from eventstore.event import Event, RecordedEvent
from eventstore.postgres.appender import Appender
from eventstore.postgres.archived import Shelf
from eventstore.postgres.engine import POOL_SIZE, TIMEOUT_SECONDS, ConnectionPool
from eventstore.postgres.epochs import epoch_of_the_log
from eventstore.postgres.log_page import read_log_page
from eventstore.postgres.queries import query as statement
from eventstore.postgres.rows import acknowledged, recorded
from eventstore.postgres.translate import read_failed
from eventstore.postgres.wakeup import Announcer, Listener
from eventstore.query import Query
from eventstore.store import PAGE_BYTES, Appended, Boundary, LogPage, Outcome, Write
from eventstore.stream import ExpectedVersion, Position, StreamName, StreamVersion, stream_name
from eventstore.subscription import CatchUpSubscription, HeadWatch, reach
from eventstore.validation import (
    EncodedWrite,
    check_append,
    check_append_all,
    check_ids,
    check_page,
    check_query,
    check_read,
    check_read_backwards,
    check_wait,
)

__all__ = ["PostgresEventStore"]

_END: Final = 2**63 - 1
"""Behind every version and position."""


class PostgresEventStore:
    """An `EventStore` in PostgreSQL. Made by `connect`; safe to share between tasks."""

    def __init__(
        self,
        pool: ConnectionPool,
        appender: Appender,
        watch: HeadWatch,
        listener: Listener,
        shelf: Shelf,
    ) -> None:
        self._pool = pool
        self._appender = appender
        self._watch = watch
        self._listener = listener
        self._shelf = shelf

    @classmethod
    @asynccontextmanager
    async def connect(
        cls,
        url: str,
        *,
        log: str = DEFAULT_LOG,
        pool_size: int = POOL_SIZE,
        timeout_seconds: float = TIMEOUT_SECONDS,
        archive_folder: Path | None = None,
    ) -> AsyncIterator[PostgresEventStore]:
        """Connect to a log on the primary at ``url``; closed at the end of the block.

        ``pool_size`` limits the connections that read; up to two more append, one announces what
        they appended, and one listens to what others announce, once somebody waits for that.
        ``timeout_seconds`` limits each wait: for a connection, for an append's turn, and for the
        answer to a statement. ``archive_folder`` is where the files of archives are; without it
        they are looked for where they were written.

        Raises:
            ConfigError: the URL cannot be used, or ``log`` cannot be a name.
            StoreUnavailable: no connection could be made.
            SchemaMismatch: the log is not migrated to the revision of this code.
        """
        watch = HeadWatch()
        async with (
            ConnectionPool.open(
                url, size=pool_size, timeout_seconds=timeout_seconds, log=log
            ) as pool,
            Announcer.open(url, log, watch, timeout_seconds=timeout_seconds) as announcer,
            Listener.open(url, log, watch, timeout_seconds=timeout_seconds) as listener,
            Appender.open(
                url,
                log=log,
                timeout_seconds=timeout_seconds,
                committed=announcer.announce,
            ) as appender,
        ):
            async with pool.connection():
                pass  # what is wrong with the server or its schema is said now, not later
            yield cls(pool, appender, watch, listener, Shelf(archive_folder))

    async def append(
        self,
        stream: StreamName,
        events: Sequence[Event],
        *,
        expected: ExpectedVersion,
        boundary: Boundary | None = None,
    ) -> Appended:
        """Append events to a stream, all or none, as `EventStore.append` says."""
        stream, encoded = check_append(stream, events, expected, boundary)
        write = EncodedWrite(stream=stream, events=encoded, expected=expected)
        (appended,) = await self._appender.append((write,), boundary)
        return appended

    async def append_all(
        self, writes: Sequence[Write], *, boundary: Boundary | None = None
    ) -> tuple[Appended, ...]:
        """Append to several streams, all or none, as `EventStore.append_all` says."""
        return await self._appender.append(check_append_all(writes, boundary), boundary)

    async def outcome(self, event_ids: Sequence[UUID]) -> Outcome:
        """Find out what became of an append, as `EventStore.outcome` says.

        It waits for the appends of this store that are under way with one of the ids, ends the
        sessions that its lost answers were to come from, and then looks under the lock of the log,
        behind whoever holds it or waits for it.
        """
        check_ids(event_ids)
        await self._appender.settle(event_ids)
        rows = await self._fetch("outcome", list(event_ids))
        held = [row for row in rows if row["event_id"] is not None]
        if not held:
            return Outcome(appended=None, head=Position(rows[0]["head"]))
        positions = [row["position"] for row in held]
        first = positions[0]
        if [row["event_id"] for row in held] != list(event_ids) or positions != list(
            range(first, first + len(held))
        ):
            known = {row["event_id"]: row["stream"] for row in held}
            raise next(EventIdReused(known[id_], id_) for id_ in event_ids if id_ in known)
        return Outcome(appended=acknowledged(held), head=Position(rows[0]["head"]))

    async def read_stream(
        self,
        stream: StreamName,
        *,
        after: StreamVersion = StreamVersion(0),
        limit: int = 1000,
        until: Position | None = None,
    ) -> list[RecordedEvent]:
        """Read a stream forwards, as `EventStore.read_stream` says."""
        check_read(after, limit, until)
        name = stream_name(stream)
        return await self._events("read_stream", name, after, _or_end(until), limit, stream=name)

    async def read_stream_backwards(
        self,
        stream: StreamName,
        *,
        before: StreamVersion | None = None,
        limit: int = 1000,
        until: Position | None = None,
    ) -> list[RecordedEvent]:
        """Read a stream backwards, as `EventStore.read_stream_backwards` says."""
        check_read_backwards(before, limit, until)
        name = stream_name(stream)
        return await self._events(
            "read_stream_backwards", name, _or_end(before), _or_end(until), limit, stream=name
        )

    async def read_log(
        self,
        *,
        after: Position = Position(0),
        limit: int = 1000,
        query: Query | None = None,
        until: Position | None = None,
    ) -> list[RecordedEvent]:
        """Read the log forwards, as `EventStore.read_log` says."""
        check_read(after, limit, until)
        if query is None:
            return await self._events("read_log", after, _or_end(until), limit)
        return await self._read_matching(query, after, _or_end(until), limit, backwards=False)

    async def read_log_page(
        self,
        *,
        after: Position = Position(0),
        limit: int = 1000,
        query: Query | None = None,
        until: Position | None = None,
        bytes_max: int = PAGE_BYTES,
    ) -> LogPage:
        """Read a page of the log, as `EventStore.read_log_page` says."""
        check_page(after, limit, until, bytes_max)
        if query is not None:
            check_query(query)
        return await read_log_page(
            self._pool,
            self._shelf,
            after=after,
            limit=limit,
            query=query,
            until=until,
            bytes_max=bytes_max,
        )

    async def read_log_backwards(
        self,
        *,
        before: Position | None = None,
        limit: int = 1000,
        query: Query | None = None,
    ) -> list[RecordedEvent]:
        """Read the log backwards, as `EventStore.read_log_backwards` says."""
        check_read_backwards(before, limit)
        if query is None:
            return await self._events("read_log_backwards", _or_end(before), limit)
        return await self._read_matching(query, 0, _or_end(before) - 1, limit, backwards=True)

    async def stream_version(self, stream: StreamName) -> StreamVersion:
        """Return how many events a stream holds."""
        (row,) = await self._fetch("stream_version", stream_name(stream))
        return StreamVersion(row["version"])

    async def head(self) -> Position:
        """Return the position of the last event in the log."""
        (row,) = await self._fetch("head")
        return Position(row["head"])

    async def epoch(self) -> Epoch:
        """Return which history of the log this is; see `eventstore.epoch.KnowsEpoch`.

        Raises:
            ReadFailed, StoreUnavailable: no answer came.
        """
        return await epoch_of_the_log(self._pool)

    async def wait_for(self, position: Position, timeout_seconds: float) -> Position:
        """Wait until the log has reached a position, as `EventStore.wait_for` says."""
        check_wait(position, timeout_seconds)
        self._listener.start()
        return await reach(self, self._watch, position, timeout_seconds)

    def subscribe(
        self,
        *,
        after: Position = Position(0),
        query: Query | None = None,
        page_size: int = 1000,
    ) -> CatchUpSubscription:
        """Follow the log, as `EventStore.subscribe` says."""
        check_read(after, page_size)
        if query is not None:
            check_query(query)
        self._listener.start()
        return CatchUpSubscription(self, self._watch, after=after, query=query, page_size=page_size)

    async def _read_matching(
        self, query: Query, after: int, until: int, limit: int, *, backwards: bool
    ) -> list[RecordedEvent]:
        check_query(query)
        items = msgspec.json.encode(query.items).decode()
        return await self._events("read_matching", items, after, until, limit, backwards)

    async def _events(
        self, name: str, *arguments: Any, stream: StreamName | None = None
    ) -> list[RecordedEvent]:
        rows = await self._fetch(name, *arguments)
        return recorded(await self._shelf.completed(rows, self._pool), stream)

    async def _fetch(self, name: str, *arguments: Any) -> list[asyncpg.Record]:
        async with self._pool.connection() as connection:
            try:
                return await connection.fetch(statement(name, self._pool.log), *arguments)
            except Exception as error:
                raise read_failed(error) from error


def _or_end(bound: int | None) -> int:
    return _END if bound is None else bound

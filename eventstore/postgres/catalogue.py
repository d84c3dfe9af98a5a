"""What is in a log: its streams, and how large it is. For people; nothing decides by it."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import msgspec

from eventstore.errors import InvalidRequest
from eventstore.postgres.engine import check_schema, connected
from eventstore.postgres.queries import query
from eventstore.postgres.translate import read_failed
from eventstore.stream import Position, StreamName, StreamVersion

__all__ = ["Amount", "Catalogue", "Statistics", "StreamSummary"]


class StreamSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A stream and its last event."""

    stream: StreamName
    version: StreamVersion
    position: Position
    recorded_at: dt.datetime


class Amount(msgspec.Struct, frozen=True, kw_only=True):
    """How many events there are of a category or a type."""

    name: str
    events: int


class Statistics(msgspec.Struct, frozen=True, kw_only=True):
    """How large a log is. ``commits`` are batches of appends, the links of the chain of hashes."""

    events: int
    streams: int
    commits: int
    tags: int
    first_recorded_at: dt.datetime | None
    last_recorded_at: dt.datetime | None
    table_bytes: int
    index_bytes: int
    categories: list[Amount]
    types: list[Amount]


class Catalogue:
    """Looks through one log. Made by `open`; belongs to one task."""

    def __init__(self, connection: asyncpg.Connection[asyncpg.Record], log: str) -> None:
        self._connection = connection
        self._log = log

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, *, log: str, timeout_seconds: float) -> AsyncIterator[Catalogue]:
        """Connect to a log, a standby's too.

        Raises:
            ConfigError, StoreUnavailable, SchemaMismatch: as `PostgresEventStore.connect`.
        """
        async with connected(
            url,
            timeout_seconds=timeout_seconds,
            statement_seconds=timeout_seconds,
            application="eventstore catalogue",
            primary=False,
        ) as connection:
            await check_schema(connection, log)
            yield cls(connection, log)

    async def streams(
        self, *, after: str = "", category: str | None = None, limit: int
    ) -> list[StreamSummary]:
        """Read streams in the order of their names, those behind ``after``, at most ``limit``.

        Raises:
            InvalidRequest: what they are to come after, or their category, is none.
            ReadFailed: no answer came in time.
        """
        for text in (after, category or "x"):
            if not text.isprintable():
                raise InvalidRequest(f"{text!r} is no printable text, as names of streams are.")
        if category is not None and (not category or "-" in category):
            raise InvalidRequest(
                f"{category!r} is no category: it is what stands before the first hyphen of a "
                "stream's name."
            )
        rows = await self._fetch("streams", after, category, limit)
        return [
            StreamSummary(
                stream=StreamName(row["stream"]),
                version=StreamVersion(row["version"]),
                position=Position(row["position"]),
                recorded_at=row["recorded_at"],
            )
            for row in rows
        ]

    async def statistics(self, *, most: int) -> Statistics:
        """Count the log, and of categories and types the ``most`` frequent.

        Raises:
            ReadFailed: no answer came in time; a large log takes long to count.
        """
        (row,) = await self._fetch("statistics")
        return Statistics(
            **dict(row.items()),
            categories=await self._amounts("events_by_category", most),
            types=await self._amounts("events_by_type", most),
        )

    async def _amounts(self, name: str, most: int) -> list[Amount]:
        rows = await self._fetch(name, most)
        return [Amount(name=row["name"], events=row["events"]) for row in rows]

    async def _fetch(self, name: str, *arguments: object) -> list[asyncpg.Record]:
        try:
            return await self._connection.fetch(query(name, self._log), *arguments)
        except Exception as error:
            raise read_failed(error) from error

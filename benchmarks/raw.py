"""Raw PostgreSQL as the limit: the same table with the same indexes, and nothing else.

A row is inserted as plainly as it goes: one statement, prepared, its position from an identity
column, no check of anything, nothing in order. What our store gives on top has to be paid from the
same disk and the same two ends of one socket.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

import asyncpg

from benchmarks.closed_loop import Loop, Rate, run
from benchmarks.logs import APPENDS_A_STREAM, DATA_JSON
from benchmarks.tailing import Followed, follow
from eventstore import new_event_id
from eventstore.postgres.schema import schema_of

__all__ = ["RawLog", "open_log"]

_PAGE: Final = 1000

_VALUES: Final[dict[str, str]] = {
    "stream_id": "$1::bigint",
    "stream": "'bench-' || $1::bigint",
    "version": "$2::bigint",
    "event_id": "$3::uuid",
    "recorded_at": "clock_timestamp()",
    "type": "$4::text",
    "data": "$5::json",
    "metadata": "$6::json",
    "tags": "'{}'",
}
"""How a raw insert fills the columns that it finds; position is an identity."""

_CONTENT: Final = ("happened", DATA_JSON, "{}")


class RawLog:
    """A table like `eventstore.events`, with its indexes, without its triggers and its lock."""

    def __init__(self, url: str, schema: str, columns: list[str]) -> None:
        self._url = url
        self._schema = schema
        self._table = f"{schema}.events"
        self._columns = [name for name in columns if name in _VALUES]
        values = ", ".join(_VALUES[name] for name in self._columns)
        names = ", ".join(self._columns)
        self._insert = f"INSERT INTO {self._table} ({names}) VALUES ({values})"  # noqa: S608 - ours
        self._insert_many = (
            f"INSERT INTO {self._table} ({names}) "  # noqa: S608 - ours
            f"SELECT {values.replace('$2::bigint', '$2::bigint + place')} "
            "FROM unnest($3::uuid[]) WITH ORDINALITY AS given (id, place)"
        ).replace("$3::uuid,", "given.id,")

    async def insert_rate(self, loop: Loop, connections: int) -> Rate:
        """Single-row inserts, a commit each, by producers that share the connections."""
        async with AsyncExitStack() as stack:
            pool = [await stack.enter_async_context(self._connection()) for _ in range(connections)]
            statements = [await connection.prepare(self._insert) for connection in pool]
            turns = [asyncio.Lock() for _ in pool]
            first = time.time_ns()

            async def insert(producer: int, number: int) -> None:
                series, before = divmod(number, APPENDS_A_STREAM)
                stream = first + producer * 1_000_000 + series
                async with turns[producer % connections]:
                    await statements[producer % connections].fetch(
                        stream, before + 1, new_event_id(), *_CONTENT
                    )

            return await run(loop, insert)

    async def copy_rate(self, seconds: float, rows: int) -> Rate:
        """COPY of so many rows at a time into the same indexed table, one connection."""
        async with self._connection() as connection:
            events, spent, run_name = 0, 0.0, time.time_ns()
            while spent < seconds:
                began = time.perf_counter()  # new ids cost the same here as in an append
                records = list(self._records(run_name + events, rows))
                await connection.copy_records_to_table(
                    "events", schema_name=self._schema, records=records, columns=self._columns
                )
                spent += time.perf_counter() - began
                events += rows
            return Rate(events=events, seconds=spent)

    def copy_statement(self, log: str) -> str:
        """The statement that copies a log of ours into the table, with new positions."""
        names = ", ".join(self._columns)
        return (
            f"INSERT INTO {self._table} ({names}) "  # noqa: S608 - ours
            f"SELECT {names} FROM {schema_of(log)}.events ORDER BY position"
        )

    def _records(self, stream: int, rows: int) -> Iterator[tuple[Any, ...]]:
        plain: dict[str, Any] = {
            "recorded_at": dt.datetime.now(dt.UTC),
            "type": "happened",
            "data": DATA_JSON,
            "metadata": "{}",
            "tags": [],
        }
        for version in range(rows):
            row = {
                **plain,
                "stream_id": stream,
                "stream": f"bench-{stream}",
                "version": version + 1,
                "event_id": new_event_id(),
            }
            yield tuple(row[name] for name in self._columns)

    async def follow(self, *, writers: int, events: int) -> Followed:
        """The naive reader: a cursor over identity positions beside concurrent inserts."""
        async with AsyncExitStack() as stack:
            reader = await stack.enter_async_context(self._connection())
            await reader.execute(f"TRUNCATE {self._table} RESTART IDENTITY")
            page = await reader.prepare(
                f"SELECT position FROM {self._table} "  # noqa: S608 - ours
                f"WHERE position > $1 ORDER BY position LIMIT {_PAGE}"
            )
            pool = [await stack.enter_async_context(self._connection()) for _ in range(writers)]
            statements = [await connection.prepare(self._insert_many) for connection in pool]
            versions = [0] * writers

            async def read(after: int) -> list[int]:
                return [row["position"] for row in await page.fetch(after)]

            async def write(writer: int, amount: int) -> None:
                ids = [new_event_id() for _ in range(amount)]
                await statements[writer].fetch(writer, versions[writer], ids, *_CONTENT)
                versions[writer] += amount

            async def stored() -> int:
                count: int = await reader.fetchval(
                    f"SELECT count(*) FROM {self._table}"  # noqa: S608 - ours
                )
                return count

            return await follow(read, write, writers=writers, events=events, stored=stored)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
        connection = await asyncpg.connect(self._url)
        try:
            yield connection
        finally:
            await connection.close()


async def open_log(url: str, schema: str = "raw") -> RawLog:
    """Make the raw table beside our schema, with whatever columns and indexes ours has now."""
    table = f"{schema}.events"
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(
            f"CREATE SCHEMA {schema}; CREATE TABLE {table} (LIKE eventstore.events INCLUDING ALL); "
            f"ALTER TABLE {table} ALTER position ADD GENERATED ALWAYS AS IDENTITY"
        )
        columns = await connection.fetch(
            "SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass "
            "AND attnum > 0 AND attgenerated = '' ORDER BY attnum",
            table,
        )
    finally:
        await connection.close()
    return RawLog(url, schema, [row["attname"] for row in columns])

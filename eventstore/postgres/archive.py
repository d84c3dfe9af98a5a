"""Moves the payloads of the oldest events out of the database, into files that are read like it.

A file is written, brought to the disk and read back; then the server compares the leaves of what
was read with those of what it holds, and lets its own go, in one transaction. A crash before that
leaves a file that the next run finds and uses; a crash after it leaves nothing to do.

The rows stay, with everything that events are found and checked by: positions, versions, ids,
types, tags (docs/decisions/store-archive.md).
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final
from uuid import UUID

import asyncpg

from eventstore.config import DEFAULT_LOG
from eventstore.errors import (
    ConfigError,
    EventStoreError,
    RemovalRefused,
)
from eventstore.postgres.archive_file import ROWS, ArchiveReader, checksum_of, writing
from eventstore.postgres.archived import Archive, archives_of
from eventstore.postgres.engine import TIMEOUT_SECONDS, check_schema, connect
from eventstore.postgres.queries import query
from eventstore.postgres.translate import read_failed, removal_failed
from eventstore.stream import Position

__all__ = ["EVENTS_PER_FILE", "archive", "archives"]

EVENTS_PER_FILE: Final = 100_000
"""The most events of one file, and of the transaction that lets their payloads go."""

_STATEMENT_SECONDS: Final = 600.0
_CLOSE_SECONDS: Final = 2.0
_NO_TIME: Final = dt.datetime.max.replace(tzinfo=dt.UTC)
_NO_POSITION: Final = 2**63 - 1


async def archive(
    url: str,
    folder: Path,
    *,
    until: Position | None = None,
    before: dt.datetime | None = None,
    log: str = DEFAULT_LOG,
    timeout_seconds: float = TIMEOUT_SECONDS,
    events_per_file: int = EVENTS_PER_FILE,
    progress: Callable[[int, int], None] | None = None,
) -> list[Archive]:
    """Archive the oldest events that are not archived yet, as the log's archivist or owner.

    Args:
        url: The primary.
        folder: Where the files go; it must be there.
        until: The last position to archive; the head, without.
        before: Only what was recorded before this time, up to the first event that was not.
        log: Which log of the database.
        timeout_seconds: Limits each wait for a connection, and for the answer to a read.
        events_per_file: The most events of one file.
        progress: Is told how many events are archived, and of how many, after each page.

    Raises:
        ConfigError: the folder or the URL cannot be used, or pyarrow is missing.
        RemovalRefused: PostgreSQL refused, or another session archives; the log is as it was.
        UpdateFailed: no answer came; begin again, what is archived already is passed over.
        StoreUnavailable, SchemaMismatch, ReadFailed: as of the store.
    """
    folder = await asyncio.to_thread(_usable, folder)
    connection = await connect(
        url,
        timeout_seconds=timeout_seconds,
        statement_seconds=max(timeout_seconds, _STATEMENT_SECONDS),
        application="eventstore archive",
    )
    try:
        await check_schema(connection, log)
        first, last = await _bounds(
            connection, log, before or _NO_TIME, _NO_POSITION if until is None else until
        )
        work = _Archiving(connection, log, folder, progress, first, last)
        for start in range(first, last + 1, events_per_file):
            await work.one(Position(start), Position(min(last, start + events_per_file - 1)))
        return [one for one in await _archives(connection, log) if one.first >= first]
    except EventStoreError:
        raise
    except Exception as error:
        raise read_failed(error) from error
    finally:
        with suppress(Exception):
            await connection.close(timeout=_CLOSE_SECONDS)


async def archives(
    url: str, *, log: str = DEFAULT_LOG, timeout_seconds: float = TIMEOUT_SECONDS
) -> list[Archive]:
    """List the archives of a log, the oldest events first.

    Raises:
        ConfigError, StoreUnavailable, SchemaMismatch, ReadFailed: as of the store.
    """
    connection = await connect(
        url,
        timeout_seconds=timeout_seconds,
        statement_seconds=timeout_seconds,
        application="eventstore archives",
        primary=False,
    )
    try:
        await check_schema(connection, log)
        return await _archives(connection, log)
    except EventStoreError:
        raise
    except Exception as error:
        raise read_failed(error) from error
    finally:
        with suppress(Exception):
            await connection.close(timeout=_CLOSE_SECONDS)


async def _bounds(
    connection: asyncpg.Connection[asyncpg.Record], log: str, before: dt.datetime, until: int
) -> tuple[int, int]:
    """Be the only one that archives, and find from which position to which there is work."""
    if not await connection.fetchval(query("archive_lock", log)):
        raise RemovalRefused("another session archives this log: wait until it has ended.")
    (row,) = await connection.fetch(query("archivable", log), before, until)
    return row["first"], row["last"]


def _usable(folder: Path) -> Path:
    if not folder.is_dir():
        raise ConfigError(f"{folder} is no folder: make it first, on a disk that is backed up.")
    return folder.resolve()


async def _archives(connection: asyncpg.Connection[asyncpg.Record], log: str) -> list[Archive]:
    return list(archives_of(await connection.fetch(query("archives", log))))


class _Archiving:
    """Archives one file's worth after the other."""

    def __init__(
        self,
        connection: asyncpg.Connection[asyncpg.Record],
        log: str,
        folder: Path,
        progress: Callable[[int, int], None] | None,
        first: int,
        last: int,
    ) -> None:
        self._connection = connection
        self._log = log
        self._folder = folder
        self._progress = progress
        self._before = first - 1
        self._all = last - first + 1

    async def one(self, first: Position, last: Position) -> None:
        path = self._folder / await self._name(first, last)
        found = await asyncio.to_thread(path.exists)
        if not found:
            await self._write(path, first, last)
        size, checksum, leaves = await asyncio.to_thread(_read_back, path)
        try:
            await self._connection.fetchval(
                query("archive", self._log), last, str(path), size, checksum, leaves
            )
        except Exception as error:
            left = f"{path} was there before, move it away" if found else "its file is removed"
            failure = removal_failed(error, left)
            if failure.definite and not found:
                # Events were retired meanwhile: a file that says what they said must not stay.
                await asyncio.to_thread(path.unlink, missing_ok=True)
            raise failure from error

    async def _name(self, first: Position, last: Position) -> str:
        """Name a file after its log, its positions and its last event: clones share no name."""
        (row,) = await self._connection.fetch(query("archive_page", self._log), last - 1, last, 1)
        return f"{self._log}-{first:012d}-{last:012d}-{UUID(row['event_id']).hex[-8:]}.parquet"

    async def _write(self, path: Path, first: Position, last: Position) -> None:
        with writing(path, first) as file:
            for after in range(first - 1, last, ROWS):
                rows = await self._connection.fetch(
                    query("archive_page", self._log), after, min(last, after + ROWS), ROWS
                )
                await asyncio.to_thread(file.add, rows)
                if self._progress is not None:
                    self._progress(after + len(rows) - self._before, self._all)


def _read_back(path: Path) -> tuple[int, bytes, bytes]:
    """Read a file: its size in bytes, its sha256, and that of the leaves of its events."""
    return path.stat().st_size, checksum_of(path), ArchiveReader(path).leaves()

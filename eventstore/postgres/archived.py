"""Reads what archives hold: rows whose payload is in a file get it back.

The oldest part of the log is archived, up to some position, so whether a page holds archived events
is seen at its two ends, unless these were retired: a page without any costs nothing more.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import itertools
import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

import asyncpg
import msgspec

from eventstore.errors import ArchiveMissing
from eventstore.postgres.archive_file import ROWS, ArchiveReader, Payload
from eventstore.postgres.engine import ConnectionPool
from eventstore.postgres.queries import query
from eventstore.postgres.statements import fetch
from eventstore.stream import Position

__all__ = ["Archive", "Row", "Shelf", "archives_of", "superseded_of"]

Row: TypeAlias = "asyncpg.Record | tuple[Any, ...]"
"""A row of a statement that reads events; its first column is the position."""

_DATA: Final = 7
"""The column of the data; that of the metadata comes next, and is the last."""

_GONE: Final = (None, "null")
"""The data of a row that is archived, or that may be retired."""

_FILES_OPEN: Final = 4
_GROUPS_KEPT: Final = 4


class Archive(msgspec.Struct, frozen=True, kw_only=True):
    """One archive: the file that holds the payloads of the events from ``first`` to ``last``."""

    first: Position
    last: Position
    file: str
    size_bytes: int
    checksum: bytes
    archived_at: dt.datetime
    archived_by: str
    rewrites: int = 0
    """How many files took the place of the first one, each since something was retired."""

    def path_in(self, folder: Path | None) -> Path:
        """Where the file is: in a folder, else where it was written."""
        written = Path(self.file)
        return folder / written.name if folder else written


def archives_of(rows: Sequence[asyncpg.Record]) -> tuple[Archive, ...]:
    """Make archives of rows of ``archives``."""
    return tuple(
        Archive(
            first=row["first_position"],
            last=row["last_position"],
            file=row["file"],
            size_bytes=row["bytes"],
            checksum=row["checksum"],
            archived_at=row["archived_at"],
            archived_by=row["archived_by"],
            rewrites=row["rewrites"],
        )
        for row in rows
    )


def superseded_of(
    rows: Sequence[asyncpg.Record], archives: Sequence[Archive], folder: Path | None
) -> list[Path]:
    """Find the files that others took the place of, of rows of ``archives_superseded``."""
    written = [Path(row["file"]) for row in rows]
    used = {archive.path_in(folder) for archive in archives}
    return [
        path
        for path in (folder / one.name if folder else one for one in written)
        if path not in used
    ]


class Shelf:
    """The archives of one log, as far as they were needed; a few files and pages are kept open.

    ``folder`` is where the files are; without it they are looked for where they were written.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._archives: tuple[Archive, ...] = ()
        self._readers: OrderedDict[bytes, ArchiveReader] = OrderedDict()
        self._groups: OrderedDict[tuple[bytes, int], list[Payload]] = OrderedDict()
        self._lock = threading.Lock()

    async def completed(
        self, rows: Sequence[Row], pool: ConnectionPool, bytes_max: int | None = None
    ) -> Sequence[Row]:
        """Give rows back what was archived of them; rows of which nothing was, as they are.

        With ``bytes_max``, what was archived has at most so many bytes, unless the first has more;
        rows that would bring in more are left out.

        Raises:
            ArchiveMissing, ArchiveDamaged: a file is not there, or is not what it was.
            ConfigError: pyarrow is missing.
            ReadFailed, StoreUnavailable: the database did not answer.
        """
        if not rows or (rows[0][_DATA] not in _GONE and rows[-1][_DATA] not in _GONE):
            return rows
        missing = [row[0] for row in rows if row[_DATA] is None]
        if not missing:
            return rows
        payloads = await self._found(missing, lambda: fetch(pool, "archives"), bytes_max)
        whole = itertools.takewhile(lambda row: row[_DATA] is not None or row[0] in payloads, rows)
        return [
            (*tuple(row)[:_DATA], *payloads[row[0]]) if row[_DATA] is None else row for row in whole
        ]

    async def payloads_on(
        self,
        positions: Sequence[Position],
        connection: asyncpg.Connection[asyncpg.Record],
        log: str,
    ) -> dict[Position, Payload]:
        """Read payloads by way of a connection at hand; raises what `completed` does."""
        return await self._found(positions, lambda: connection.fetch(query("archives", log)))

    async def _found(
        self,
        positions: Sequence[Position],
        catalogue: Callable[[], Awaitable[Sequence[asyncpg.Record]]],
        bytes_max: int | None = None,
    ) -> dict[Position, Payload]:
        """Read payloads, and look again when another file has taken the place of one meanwhile."""
        if self.lacks(max(positions)):
            self.take(archives_of(await catalogue()))
        known = self._archives
        try:
            return await self.payloads(positions, bytes_max)
        except ArchiveMissing:
            self.take(archives_of(await catalogue()))
            if self._archives == known:
                raise
            return await self.payloads(positions, bytes_max)

    def lacks(self, position: Position) -> bool:
        """Whether no archive that is known holds a position."""
        return not self._archives or self._archives[-1].last < position

    def take(self, archives: tuple[Archive, ...]) -> None:
        """Know these archives from now on; each begins where the one before ends."""
        self._archives = archives

    async def payloads(
        self, positions: Sequence[Position], bytes_max: int | None = None
    ) -> dict[Position, Payload]:
        """Read the payloads of archived positions: the first ones, if all have too many bytes."""
        return await asyncio.to_thread(self._payloads, positions, bytes_max)

    def _payloads(
        self, positions: Sequence[Position], bytes_max: int | None
    ) -> dict[Position, Payload]:
        found: dict[Position, Payload] = {}
        size = 0
        with self._lock:
            for position in positions:
                payload = self._payload(position)
                size += sum(len(text.encode()) for text in payload)
                if found and bytes_max is not None and size > bytes_max:
                    break
                found[position] = payload
        return found

    def _payload(self, position: Position) -> Payload:
        archives = self._archives
        place = bisect_right(archives, position, key=lambda archive: archive.first) - 1
        if place < 0 or archives[place].last < position:
            raise ArchiveMissing(
                f"the payload of position {position} is gone, and no archive of the log has it: "
                "`eventstore verify-log` says what else is wrong."
            )
        archive = archives[place]
        group, row = divmod(position - archive.first, ROWS)
        return self._group(archive, group)[row]

    def _group(self, archive: Archive, group: int) -> list[Payload]:
        key = (archive.checksum, group)
        if key in self._groups:
            self._groups.move_to_end(key)
            return self._groups[key]
        payloads = self._reader(archive).payloads(group)
        self._groups[key] = payloads
        if len(self._groups) > _GROUPS_KEPT:
            self._groups.popitem(last=False)
        return payloads

    def _reader(self, archive: Archive) -> ArchiveReader:
        if archive.checksum in self._readers:
            self._readers.move_to_end(archive.checksum)
            return self._readers[archive.checksum]
        reader = ArchiveReader(archive.path_in(self._folder), archive.checksum)
        self._readers[archive.checksum] = reader
        if len(self._readers) > _FILES_OPEN:
            self._readers.popitem(last=False)
        return reader

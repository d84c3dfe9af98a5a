"""Retires events whose payloads are in archives.

An archive's file is written again without what they said, and read back; then the server retires
them and takes the new file for the archive's, in one transaction; then the old file is removed. A
crash before the transaction leaves a new file, which the next run replaces; one after it leaves the
old file, which the next run removes. At each moment every event reads as it was or as retired.

The server cannot compute the leaf of what it does not hold. It is given the leaves of all events of
each link of the chain of hashes that is touched, and keeps them only if they give the link's hash.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import asyncpg

from eventstore.config import DEFAULT_LOG
from eventstore.errors import EventStoreError, RemovalRefused
from eventstore.postgres.archive_rewrite import name_of_rewrite, remove, rewrite
from eventstore.postgres.archived import Archive, Shelf, archives_of, superseded_of
from eventstore.postgres.chain_leaf import leaf
from eventstore.postgres.engine import TIMEOUT_SECONDS, connect
from eventstore.postgres.queries import query
from eventstore.postgres.translate import read_failed, removal_failed
from eventstore.stream import Position

__all__ = ["retire_archived"]

_PAGE: Final = 1000
_STATEMENT_SECONDS: Final = 600.0
_CLOSE_SECONDS: Final = 2.0
_NOTHING: Final = "null"


async def retire_archived(
    url: str,
    now: dt.datetime,
    *,
    dry: bool = False,
    log: str = DEFAULT_LOG,
    archive_folder: Path | None = None,
    timeout_seconds: float = TIMEOUT_SECONDS,
    progress: Callable[[int], None] | None = None,
) -> Counter[tuple[str, str]]:
    """Retire what is due in the archives of a log, one archive after the other.

    With ``dry`` it counts only. ``progress`` is told how many were retired so far.

    Returns:
        How many were retired by each policy, by its kind and name.

    Raises:
        RemovalRefused: PostgreSQL refused, or another session archives.
        ArchiveMissing, ArchiveDamaged: a file is not at hand, or is not what was written.
        ConfigError: a file cannot be written or removed, or pyarrow is missing.
        UpdateFailed: no answer came.
        StoreUnavailable, ReadFailed: as of the store.
        Whichever it is, what was retired before stays so, and the next run goes on from there.
    """
    connection = await connect(
        url,
        timeout_seconds=timeout_seconds,
        statement_seconds=max(timeout_seconds, _STATEMENT_SECONDS),
        application="eventstore retention of archives",
    )
    work = _Retiring(connection, log, archive_folder)
    retired: Counter[tuple[str, str]] = Counter()
    try:
        if not dry:
            await work.be_alone()
        archives = archives_of(await connection.fetch(query("archives", log)))
        if not dry:
            await work.remove_superseded(archives)
        for archive in archives:
            due = await connection.fetch(
                query("retention_due_archived", log), archive.first, archive.last, now
            )
            if due and not dry:
                await work.retire(archive, [row["position"] for row in due])
            retired.update((row["kind"], row["name"]) for row in due)
            if progress is not None:
                progress(retired.total())
    except EventStoreError:
        raise
    except Exception as error:
        raise read_failed(error) from error
    finally:
        with suppress(Exception):
            await connection.close(timeout=_CLOSE_SECONDS)
    return retired


class _Retiring:
    """Retires one archive's due events after the other's; nobody else archives meanwhile."""

    def __init__(
        self, connection: asyncpg.Connection[asyncpg.Record], log: str, folder: Path | None
    ) -> None:
        self._connection = connection
        self._log = log
        self._folder = folder
        self._shelf = Shelf(folder)

    async def be_alone(self) -> None:
        if not await self._connection.fetchval(query("archive_lock", self._log)):
            raise RemovalRefused(
                "another session archives this log: wait until it has ended. What was retired "
                "before stays so."
            )

    async def remove_superseded(self, archives: Sequence[Archive]) -> None:
        """Remove what a run that broke off has left of the files that others took the place of."""
        rows = await self._connection.fetch(query("archives_superseded", self._log))
        for path in superseded_of(rows, archives, self._folder):
            await asyncio.to_thread(remove, path)

    async def retire(self, archive: Archive, positions: list[Position]) -> None:
        links, leaves = await self._links(positions)
        (now,) = await self._connection.fetch(query("retirement", self._log))
        source = archive.path_in(self._folder)
        target = source.with_name(name_of_rewrite(source.name, archive.rewrites))
        size, checksum = await asyncio.to_thread(
            rewrite,
            source,
            archive.checksum,
            target,
            without=frozenset(positions),
            tombstone=(_NOTHING, now["tombstone"]),
        )
        try:
            await self._connection.fetchval(
                query("retire_archived", self._log),
                positions,
                links,
                leaves,
                now["retired_at"],
                archive.first,
                archive.checksum,
                str(target),
                size,
                checksum,
            )
        except Exception as error:
            failure = removal_failed(error, "the archive is as it was")
            if failure.definite:
                await asyncio.to_thread(remove, target)
            raise failure from error
        await asyncio.to_thread(remove, source)

    async def _links(self, positions: Sequence[Position]) -> tuple[list[int], list[bytes]]:
        """Find the links that hold positions, and the leaves of all events of each."""
        links = await self._connection.fetch(query("links_of", self._log), positions)
        first, last = links[0]["first_position"], links[-1]["last_position"]
        leaves: list[bytes] = []
        while len(leaves) < last - first + 1:
            leaves += await self._leaves(first + len(leaves) - 1)
        return (
            [link["last_position"] for link in links],
            [
                b"".join(leaves[link["first_position"] - first : link["last_position"] - first + 1])
                for link in links
            ],
        )

    async def _leaves(self, after: int) -> list[bytes]:
        rows = await self._connection.fetch(query("chain_events", self._log), after, _PAGE)
        if not rows or rows[0]["position"] != after + 1:
            raise RemovalRefused(
                f"position {after + 1} is missing: `eventstore verify-log` says what else is wrong."
            )
        gone = [row["position"] for row in rows if row["data"] is None]
        payloads = await self._shelf.payloads_on(gone, self._connection, self._log) if gone else {}
        leaves: list[bytes] = []
        for row in rows:
            data, metadata = payloads.get(row["position"]) or (row["data"], row["metadata"])
            leaves.append(row["retired_leaf"] or leaf({**row, "data": data, "metadata": metadata}))
        return leaves

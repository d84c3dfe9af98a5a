"""The log as the relay publishes it: rows become messages, without becoming events in between.

It meets `eventstore.relay.ports.OutgoingLog`. The data of an event goes out as they are stored, to
the letter: nothing is decoded that only has to be carried. A page is bounded in bytes too, since a
thousand events of a megabyte are a gigabyte.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import struct
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from pathlib import Path
from typing import Final, Self
from uuid import UUID

import msgspec

from eventstore import wire
from eventstore.config import DEFAULT_LOG
from eventstore.epoch import Epoch
from eventstore.errors import EventDamaged
from eventstore.fitting_pages import FittingPages
from eventstore.postgres.archived import Row, Shelf
from eventstore.postgres.engine import TIMEOUT_SECONDS, ConnectionPool
from eventstore.postgres.epochs import epoch_of_the_log
from eventstore.postgres.queries import query as statement
from eventstore.postgres.rows import recorded
from eventstore.postgres.translate import read_failed
from eventstore.postgres.wakeup import Listener
from eventstore.stream import Position, StreamName
from eventstore.subscription import HeadWatch
from eventstore.uncollected import uncollected
from eventstore.wire_bytes import WireBytes, encode_parts, subject_for

__all__ = ["PAGE_BYTES", "PostgresOutgoingLog"]

PAGE_BYTES: Final = 16 * 1024 * 1024
"""How much data a page has at most, unless one event alone has more; see `FittingPages`."""

_CONNECTIONS: Final = 2
_NOTHING: Final = "{}"
_EPOCH: Final = dt.datetime(2000, 1, 1)  # noqa: DTZ001 - the zone is written once, by hand
_SECOND: Final = 1_000_000
_SECONDS_REMEMBERED: Final = 4096


class PostgresOutgoingLog:
    """Reads a log for the relay. Made by `connect`."""

    def __init__(
        self,
        pool: ConnectionPool,
        log: str,
        watch: HeadWatch,
        archive_folder: Path | None,
        page_bytes: int,
    ) -> None:
        self._pool = pool
        self._query = statement("read_log_page", log)
        self._pages = FittingPages(page_bytes)
        self._watch = watch
        self._woken_at = Position(-1)
        self._more_after: int | None = None
        self._shelf = Shelf(archive_folder)

    @classmethod
    @asynccontextmanager
    async def connect(
        cls,
        url: str,
        *,
        log: str = DEFAULT_LOG,
        timeout_seconds: float = TIMEOUT_SECONDS,
        archive_folder: Path | None = None,
        page_bytes: int = PAGE_BYTES,
    ) -> AsyncIterator[Self]:
        """Connect to a log on the primary at ``url``; closed at the end of the block.

        ``archive_folder`` is where the files of archives are; without it they are looked for where
        they were written. A page has at most ``page_bytes`` of data, or one event.

        Raises:
            ConfigError: the URL cannot be used, or ``log`` cannot be a name.
            StoreUnavailable: no connection could be made.
            SchemaMismatch: the log is not migrated to the revision of this code.
        """
        watch = HeadWatch()
        async with (
            ConnectionPool.open(
                url, size=_CONNECTIONS, timeout_seconds=timeout_seconds, log=log
            ) as pool,
            Listener.open(url, log, watch, timeout_seconds=timeout_seconds) as listener,
        ):
            async with pool.connection():
                pass  # what is wrong with the server or its schema is said now, not later
            listener.start()
            yield cls(pool, log, watch, archive_folder, page_bytes)

    async def read(self, *, after: Position, limit: int) -> list[WireBytes]:
        """Read the events with a position above ``after``, as messages; see `OutgoingLog`."""
        asked = self._pages.rows(limit)
        async with self._pool.connection() as connection:
            try:
                rows = await connection.fetch(self._query, after, asked, self._pages.bytes_max)
            except Exception as error:
                raise read_failed(error) from error
        completed = await self._shelf.completed(rows, self._pool)
        with uncollected():
            messages = _messages(completed)
        size = sum(len(message.body) for message in messages)
        self._pages.got(len(messages), size, asked=asked, limit=limit)
        self._more_after = after + len(messages) if self._pages.cut else None
        return messages

    async def epoch(self) -> Epoch:
        """Return which history of the log this is.

        Raises:
            ReadFailed, StoreUnavailable: no answer came.
        """
        return await epoch_of_the_log(self._pool)

    async def wait(self, *, after: Position, seconds: float) -> None:
        """Wait until there may be an event after a position; see `OutgoingLog.wait`."""
        if after == self._more_after:
            return
        if not await self._watch.wait_past(after, seconds):
            return
        if self._woken_at == after:
            # We were told of an event that we do not find: asking again at once would not help.
            await asyncio.sleep(seconds)
        self._woken_at = after


def _messages(rows: Sequence[Row]) -> list[WireBytes]:
    if not rows:
        return []
    positions, streams, versions, sent, ids, types, tags, data, metadata = zip(*rows, strict=True)
    made = msgspec.convert(ids, list[UUID])
    # All at once, since one by one this would take longer than all the rest.
    texts = msgspec.json.encode(made).decode()[2:-2].split('","')
    try:
        subjects = list(map(subject_for, streams, types))
    except ValueError as error:
        raise _first_without_subject(positions, streams, types) from error
    return list(
        map(
            encode_parts,
            positions,
            made,
            texts,
            subjects,
            versions,
            _times(sent),
            map(str.encode, data),
            map(_optional, rows, tags, metadata),
        )
    )


def _first_without_subject(
    positions: Sequence[Position], streams: Sequence[StreamName], types: Sequence[str]
) -> EventDamaged:
    """Find the event that cannot be named on NATS; one of these is it."""
    for position, stream, event_type in zip(positions, streams, types, strict=True):
        try:
            subject_for(stream, event_type)
        except ValueError as error:
            return EventDamaged.at(position, str(error))
    raise AssertionError("one of them has no subject")


def _times(sent: Sequence[bytes]) -> Iterator[str]:
    """Write times, which PostgreSQL sends as microseconds since 2000, as RFC 3339 has them."""
    for microseconds in struct.unpack(f">{len(sent)}q", b"".join(sent)):
        second, rest = divmod(microseconds, _SECOND)
        yield f"{_second(second)}.{rest:06d}+00:00"


@lru_cache(maxsize=_SECONDS_REMEMBERED)
def _second(number: int) -> str:
    """Write a second, counted from 2000. Most events share theirs with others."""
    return (_EPOCH + dt.timedelta(seconds=number)).isoformat()


def _optional(row: Row, tags: str | None, metadata: str) -> dict[str, str] | None:
    """Write the headers that not every event has."""
    if tags or metadata != _NOTHING:
        [event] = recorded([row])
        return wire.optional_headers(event)
    return None

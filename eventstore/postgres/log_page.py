"""Reading a page of the log that is bounded in bytes.

How many events fit is decided by the server, from the sizes that it stores, so what does not fit is
not even sent. What it sent is counted again here, to know whether it left something out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from eventstore.postgres.archived import Row, Shelf
from eventstore.postgres.engine import ConnectionPool
from eventstore.postgres.rows import recorded
from eventstore.postgres.statements import fetch
from eventstore.query import Query
from eventstore.store import LogPage
from eventstore.stream import Position

__all__ = ["read_log_page"]

_END: Final = 2**63 - 1
"""Behind every position."""

_PAYLOAD: Final = slice(7, 9)
"""The columns of data and metadata."""


async def read_log_page(
    pool: ConnectionPool,
    shelf: Shelf,
    *,
    after: Position,
    limit: int,
    query: Query | None,
    until: Position | None,
    bytes_max: int,
) -> LogPage:
    """Read a page, as `EventStore.read_log_page` says; query and bounds are checked.

    Raises:
        ReadFailed, StoreUnavailable: no answer came.
        EventDamaged, ArchiveMissing, ArchiveDamaged: what an event says cannot be read.
    """
    end = _END if until is None else until
    if end <= after:
        return LogPage.of([], after=after, until=None, full=False)
    found: Sequence[Row]
    if query is None:
        asked = min(limit, end - after)
        found = await fetch(pool, "read_log_page", after, asked, bytes_max)
        rows = await shelf.completed(found, pool, bytes_max)
        # An event has less than half a page, so a page that was cut has more than half of one.
        full = len(rows) == asked or 2 * _bytes_of(rows) > bytes_max
    else:
        items = msgspec.json.encode(query.items).decode()
        backwards = False
        found = await fetch(
            pool, "read_matching_page", items, after, end, limit, backwards, bytes_max
        )
        matching = found[0][-1] if found else 0
        rows = await shelf.completed([tuple(row)[:-1] for row in found], pool, bytes_max)
        full = len(rows) < matching or matching == limit
    return LogPage.of(recorded(rows), after=after, until=until, full=full)


def _bytes_of(rows: Sequence[Row]) -> int:
    return sum(
        len(text) if text.isascii() else len(text.encode())
        for row in rows
        for text in row[_PAYLOAD]
    )

"""`event-search`: a full-text index of the events, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.ext.asyncio import AsyncConnection

from eventstore.event import RecordedEvent
from eventstore.stream import Position

__all__ = ["EventSearch", "search"]

_tables = sa.MetaData()
_words = sa.Table(
    "event_search",
    _tables,
    sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column(
        "words",
        TSVECTOR,
        sa.Computed("to_tsvector('simple', left(content, 200000))", persisted=True),
        nullable=False,
    ),
    sa.Column("content", sa.Text, nullable=False),
    sa.Index("event_search_words", "words", postgresql_using="gin"),
)


class EventSearch:
    """Indexes stream, type and data, to 200,000 characters: PostgreSQL's `tsvector` has a limit."""

    name, generation, tables = "event-search", 1, _tables

    async def apply(self, connection: AsyncConnection, events: Sequence[RecordedEvent]) -> None:
        """Index the events."""
        contents = (f"{e.stream} {e.type} {msgspec.json.encode(e.data).decode()}" for e in events)
        rows = [
            {"position": e.position, "content": c} for e, c in zip(events, contents, strict=True)
        ]
        await connection.execute(sa.insert(_words), rows)


async def search(connection: AsyncConnection, words: str, *, limit: int = 20) -> list[Position]:
    """Find the last events that have all of some words."""
    matches = _words.c.words.bool_op("@@")(sa.func.plainto_tsquery("simple", words))
    query = sa.select(_words.c.position).where(matches).order_by(sa.desc("position")).limit(limit)
    return [Position(position) for position in (await connection.execute(query)).scalars()]

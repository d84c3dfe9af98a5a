"""`stream-totals`: how many events each stream holds, and a digest of which, in order.

It is small enough to check by hand and sensitive to everything that can go wrong: an event that is
missing, applied twice or out of order changes the digest of its stream, and shows in
`applied_events`, which has one row per application and deliberately no unique constraint that
would hide a second one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from eventstore.event import RecordedEvent
from eventstore.stream import Position, StreamName, StreamVersion

__all__ = [
    "StreamTotal",
    "StreamTotals",
    "applied_events",
    "fold",
    "read_totals",
    "stream_totals",
]

_tables = sa.MetaData()

stream_totals = sa.Table(
    "stream_totals",
    _tables,
    sa.Column("stream", sa.Text, primary_key=True),
    sa.Column("events", sa.BigInteger, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False, comment="of the last event"),
    sa.Column("position", sa.BigInteger, nullable=False, comment="of the last event"),
    sa.Column("digest", sa.Text, nullable=False, comment="of all event ids, in order"),
    comment="What each stream holds.",
)

applied_events = sa.Table(
    "applied_events",
    _tables,
    sa.Column("serial", sa.BigInteger, sa.Identity(always=True), nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("event_id", sa.Uuid, nullable=False),
    sa.Column("stream", sa.Text, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    comment="One row per application of an event, in order of serial; not unique on purpose.",
)

_DIGEST_BYTES: Final = 16
_EMPTY_DIGEST: Final = "00" * _DIGEST_BYTES


class StreamTotal(msgspec.Struct, frozen=True, kw_only=True):
    """What a stream holds: as many ``events``, the last at ``version`` and ``position``."""

    stream: StreamName
    events: int
    version: StreamVersion
    position: Position
    digest: str


def fold(
    events: Iterable[RecordedEvent], totals: Mapping[StreamName, StreamTotal] | None = None
) -> dict[StreamName, StreamTotal]:
    """Fold events into totals, without a database: the specification of the read model.

    The digest of a stream is 32 hexadecimal digits: of the empty stream zeros, then for each event
    BLAKE2b-128 of the previous digest's 16 bytes and the event id's 16 bytes.
    """
    folded = dict(totals or {})
    for event in events:
        before = folded.get(event.stream)
        previous = before.digest if before else _EMPTY_DIGEST
        content = bytes.fromhex(previous) + event.id.bytes
        folded[event.stream] = StreamTotal(
            stream=event.stream,
            events=(before.events if before else 0) + 1,
            version=event.version,
            position=event.position,
            digest=blake2b(content, digest_size=_DIGEST_BYTES).hexdigest(),
        )
    return folded


class StreamTotals:
    """The projection; see `projector.projection.Projection`."""

    name = "stream-totals"
    generation = 1
    tables = _tables

    async def apply(self, connection: AsyncConnection, events: Sequence[RecordedEvent]) -> None:
        """Fold the events into the rows of their streams, and note each application."""
        await connection.execute(
            sa.insert(applied_events),
            [
                {
                    "position": event.position,
                    "event_id": event.id,
                    "stream": event.stream,
                    "version": event.version,
                }
                for event in events
            ],
        )
        names = {event.stream for event in events}
        after = fold(events, await read_totals(connection, names))
        upsert = insert(stream_totals)
        changes = {column: upsert.excluded[column] for column in _CHANGING}
        await connection.execute(
            upsert.on_conflict_do_update(index_elements=["stream"], set_=changes),
            [msgspec.structs.asdict(after[name]) for name in sorted(names)],
        )


_CHANGING: Final = ("events", "version", "position", "digest")


async def read_totals(
    connection: AsyncConnection, streams: Iterable[StreamName] | None = None
) -> dict[StreamName, StreamTotal]:
    """Read the totals of some streams, or of all."""
    query = sa.select(stream_totals)
    if streams is not None:
        query = query.where(stream_totals.c.stream == sa.any_(sa.literal(list(streams), _TEXTS)))
    rows = (await connection.execute(query)).mappings()
    return {StreamName(row["stream"]): StreamTotal(**row) for row in rows}


_TEXTS: Final = sa.ARRAY(sa.Text)

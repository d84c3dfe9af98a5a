"""A read model's change feed in PostgreSQL: begin it, trim it, end it, read it for the relay.

`begin` records the documents that there are as the first changes, in the transaction that makes the
triggers: who applies the feed from number 1 has the whole read model.

`PostgresChanges` meets `eventstore.relay.ports.OutgoingLog`. It is not woken; it looks, as often as
the relay's pace says.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Iterable
from typing import Final, TypeAlias
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.ext.asyncio import AsyncConnection

from eventstore.errors import ReadFailed
from eventstore.stream import Position
from eventstore.wire_bytes import WireBytes
from projector.errors import FeedUnknown, ReadModelUnavailable
from projector.feed.change import FeedName, encode, encode_trimmed
from projector.feed.postgres_tables import FUNCTIONS, TRIGGERS, UNTRIGGERS, changes, feeds, metadata
from projector.postgres import Driver, PostgresReadModel
from projector.postgres_documents import DocumentTable
from projector.postgres_tables import checkpoints

__all__ = ["FeedState", "PostgresChanges", "begin", "end", "state", "trim"]

_dialect: Final = PGDialect()  # type: ignore[no-untyped-call]

# The lock of the checkpoint's row keeps the projector out until the feed is there.
_FIRST_CHANGES: Final = """
INSERT INTO {changes} (feed, number, key, previous, position, document)
SELECT {feed:d}, row_number() OVER (ORDER BY d.position, d.key), d.key, 0, {position:d}, d.document
FROM {table} AS d
"""

_WHOLE_SECONDS: Final = 600.0
"""The limit of a statement that takes a whole table."""

_TRIM_NUMBERS: Final = 20_000
"""How many numbers a transaction of `trim` goes over."""


class FeedState(msgspec.Struct, frozen=True, kw_only=True):
    """A feed as it was when asked: ``last_number`` is that of its last change, 0 without any.

    Up to ``trimmed_to`` only the last change of each key is kept.
    """

    feed: int
    identity: UUID
    last_number: int
    trimmed_to: int = 0


async def begin(model: PostgresReadModel, table: DocumentTable, *, identity: UUID) -> FeedState:
    """Record the changes of a prepared read model from now on; one that is there goes on.

    Args:
        model: The read model, prepared.
        table: Its documents.
        identity: A new one, for a feed that is new.

    Raises:
        ReadModelUnavailable: no answer came.
    """
    quoted = _dialect.identifier_preparer.format_table(table.table)
    async with model.transaction() as connection:
        position = await _locked_checkpoint(connection, table)
        await connection.run_sync(metadata.create_all)
        found = await _find(connection, table)
        if found is None:
            for function in FUNCTIONS:
                await connection.exec_driver_sql(function)
            made = sa.insert(feeds).values(**_key(table), identity=identity).returning(feeds.c.feed)
            feed: int = (await connection.execute(made)).scalar_one()
            first = _FIRST_CHANGES.format(
                changes=changes.fullname, feed=feed, position=position, table=quoted
            )
            await _take_whole(connection, first)
            counted = sa.select(sa.func.count()).select_from(changes).filter_by(feed=feed)
            last = (await connection.execute(counted)).scalar_one()
            await connection.execute(sa.update(feeds).filter_by(feed=feed).values(last_number=last))
            for trigger in TRIGGERS:
                await connection.exec_driver_sql(trigger.format(table=quoted, feed=feed))
            found = FeedState(feed=feed, identity=identity, last_number=last)
    return found


async def end(model: PostgresReadModel, table: DocumentTable) -> None:
    """Record no more changes, and forget those recorded.

    Raises:
        FeedUnknown: there is no feed.
        ReadModelUnavailable: no answer came.
    """
    quoted = _dialect.identifier_preparer.format_table(table.table)
    async with model.transaction() as connection:
        if await _find(connection, table) is None:
            raise FeedUnknown(table.name, table.generation)
        await _locked_checkpoint(connection, table)
        found = await _find(connection, table)
        if found is None:  # somebody else has just ended it
            raise FeedUnknown(table.name, table.generation)
        for untrigger in UNTRIGGERS:
            await connection.exec_driver_sql(untrigger.format(table=quoted))
        for kept in (changes, feeds):
            whole = f"DELETE FROM {kept.fullname} WHERE feed = {found.feed:d}"  # noqa: S608 - ours
            await _take_whole(connection, whole)


async def trim(
    model: PostgresReadModel, table: DocumentTable, *, to: int, page: int = _TRIM_NUMBERS
) -> int:
    """Forget the changes up to a number that later ones of the same key replaced.

    What is left still folds to the read model. It takes ``page`` numbers at once; begin again what
    broke off.

    Returns:
        How many were forgotten.

    Raises:
        FeedUnknown: there is no feed.
        ReadModelUnavailable: no answer came.
    """
    async with model.transaction() as connection:
        found = await _find(connection, table)
        if found is None:
            raise FeedUnknown(table.name, table.generation)
        to = min(to, found.last_number)
        # First: who reads meanwhile knows that numbers may be missing up to here.
        await connection.execute(
            sa.update(feeds)
            .filter_by(feed=found.feed)
            .values(trimmed_to=sa.func.greatest(feeds.c.trimmed_to, to))
        )
        least = sa.select(sa.func.min(changes.c.number)).filter_by(feed=found.feed)
        first: int = (await connection.execute(least)).scalar_one() or 1
    forgotten = 0
    for start in range(first, to + 1, page):
        async with model.transaction() as connection:
            last = min(to, start + page - 1)
            gone = await connection.execute(_forget(found.feed, start, last))
            forgotten += gone.rowcount
    return forgotten


def _forget(feed: int, first: int, last: int) -> sa.Delete:
    later = changes.alias("later")
    replaced = (
        sa.select(later.c.number)
        .where(later.c.feed == changes.c.feed, later.c.key == changes.c.key)
        .where(later.c.number > changes.c.number)
    )
    return (
        sa.delete(changes)
        .where(changes.c.feed == feed, changes.c.number.between(first, last))
        .where(replaced.exists())
    )


async def state(model: PostgresReadModel, table: DocumentTable) -> FeedState:
    """Say where a feed is.

    Raises:
        FeedUnknown: there is none.
        ReadModelUnavailable: no answer came.
    """
    async with model.transaction() as connection:
        found = await _find(connection, table)
    if found is None:
        raise FeedUnknown(table.name, table.generation)
    return found


async def _take_whole(connection: AsyncConnection, statement: str) -> None:
    """Run a statement for as long as a large table takes, in a transaction that has begun."""
    driver: Driver | None = (await connection.get_raw_connection()).driver_connection
    assert driver is not None, "the connection is open"  # noqa: S101
    await driver.execute(statement, timeout=_WHOLE_SECONDS)


async def _find(connection: AsyncConnection, table: DocumentTable) -> FeedState | None:
    exists = sa.select(sa.func.to_regclass(feeds.fullname))
    if (await connection.execute(exists)).scalar_one() is None:
        return None
    query = sa.select(feeds).filter_by(**_key(table))
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    return FeedState(
        feed=row.feed,
        identity=row.identity,
        last_number=row.last_number,
        trimmed_to=row.trimmed_to,
    )


async def _locked_checkpoint(connection: AsyncConnection, table: DocumentTable) -> int:
    query = sa.select(checkpoints.c.position).filter_by(**_key(table)).with_for_update()
    position: int = (await connection.execute(query)).scalar_one()
    return position


def _key(table: DocumentTable) -> dict[str, str | int]:
    return {"projection": table.name, "generation": table.generation}


_Columns: TypeAlias = tuple[int, int, str, int, str | None, dt.datetime]


class PostgresChanges:
    """Reads a feed for the relay; see `OutgoingLog`."""

    def __init__(self, model: PostgresReadModel, name: FeedName, found: FeedState) -> None:
        self._model = model
        self._name = name
        self._feed = found
        self._query = (
            sa.select(
                changes.c.number,
                changes.c.previous,
                changes.c.key,
                changes.c.position,
                sa.cast(changes.c.document, sa.Text),
                changes.c.committed_at,
            )
            .where(changes.c.feed == found.feed, changes.c.number > sa.bindparam("after"))
            .order_by(changes.c.number)
            .limit(sa.bindparam("limit"))
        )

    async def read(self, *, after: Position, limit: int) -> list[WireBytes]:
        """Read the changes with a number above ``after``, at most ``limit``, as messages.

        Raises:
            FeedUnknown: the feed was ended.
            ReadFailed: no answer came.
        """
        try:
            async with self._model.transaction() as connection:
                rows = (
                    await connection.execute(self._query, {"after": after, "limit": limit})
                ).all()
                # Afterwards: what was cut off before the rows were read is known to be.
                trimmed = await connection.execute(
                    sa.select(feeds.c.trimmed_to).filter_by(feed=self._feed.feed)
                )
                trimmed_to: int | None = trimmed.scalar_one_or_none()
        except ReadModelUnavailable as error:
            raise ReadFailed(str(error)) from error
        if trimmed_to is None:
            raise FeedUnknown(self._name.projection, self._name.generation)
        return self._dense(after, limit, map(self._message, rows), trimmed_to)

    def _message(self, row: sa.Row[*_Columns]) -> WireBytes:
        number, previous, key, position, document, committed_at = row
        return encode(
            self._name,
            self._feed.identity,
            number=number,
            previous=previous,
            key=key,
            position=position,
            document=None if document is None else document.encode(),
            committed_at=committed_at.astimezone(dt.UTC),
        )

    def _dense(
        self, after: int, limit: int, messages: Iterable[WireBytes], trimmed_to: int
    ) -> list[WireBytes]:
        """Fill the places of changes that were cut off."""
        dense: list[WireBytes] = []
        for message in messages:
            end = min(message.position - 1, trimmed_to)
            dense += (
                encode_trimmed(self._name, self._feed.identity, number)
                for number in range(after + 1, min(end, after + limit - len(dense)) + 1)
            )
            if len(dense) == limit:
                break
            dense.append(message)
            after = message.position
        return dense

    async def wait(self, *, after: Position, seconds: float) -> None:  # noqa: ARG002 - not woken
        """Let the time pass; see `OutgoingLog.wait`."""
        await asyncio.sleep(seconds)

"""Document projections in PostgreSQL: a table a generation, changed by at most three statements.

It makes a `projector.projection.Projection` of a `DocumentProjection`: whatever the size of a
batch, the documents it updates are read by one statement, and what it leaves is written by one and
removed by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import asyncpg
import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.ext.asyncio import AsyncConnection

from eventstore.event import RecordedEvent
from projector.documents import Changed, DocumentProjection, fold, keys_to_load
from projector.errors import ConfigError
from projector.postgres_tables import DOCUMENTS

__all__ = ["DocumentTable"]

# Never `key = ANY($1)`: a plan that is made for any array, on a table of which nothing is known,
# compares every row with every key.
_LOAD: Final = """
SELECT wanted.key, (SELECT d.document::text FROM {table} AS d WHERE d.key = wanted.key)
FROM unnest($1::text[]) AS wanted (key)
"""
_WRITE: Final = """
INSERT INTO {table} (key, document, position)
SELECT key, document::json, position
FROM unnest($1::text[], $2::text[], $3::bigint[]) AS t (key, document, position)
ON CONFLICT (key) DO UPDATE SET document = excluded.document, position = excluded.position
"""
_REMOVE: Final = """
DELETE FROM {table} AS d USING unnest($1::text[]) AS gone (key) WHERE d.key = gone.key
"""

_dialect: Final = PGDialect()  # type: ignore[no-untyped-call]

_IDENTIFIER_BYTES: Final = 63
"""What PostgreSQL keeps of a name, silently."""

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder().decode


class DocumentTable:
    """A document projection, and the table of one generation of it.

    The table is ``documents."NAME@GENERATION"``: a key, a document (JSON), and the position of the
    last event that changed it.

    Raises:
        ConfigError: the name is too long for a table.
    """

    def __init__(self, projection: DocumentProjection, generation: int = 1) -> None:
        if len(f"{projection.name}@{generation}") > _IDENTIFIER_BYTES:
            raise ConfigError(
                f"the projection's name {projection.name!r} is too long: with its generation it "
                f"has at most {_IDENTIFIER_BYTES} characters."
            )
        self.projection = projection
        self.name = projection.name
        self.generation = generation
        self.tables = sa.MetaData(schema=DOCUMENTS)
        self.table = sa.Table(
            f"{self.name}@{generation}",
            self.tables,
            sa.Column("key", sa.Text, primary_key=True),
            sa.Column("document", sa.JSON, nullable=False),
            sa.Column(
                "position", sa.BigInteger, nullable=False, comment="of the last event for it"
            ),
            comment=f"Documents of the projection {self.name}, generation {generation}.",
        )
        quoted = _dialect.identifier_preparer.format_table(self.table)
        self._load, self._write, self._remove = (
            statement.format(table=quoted) for statement in (_LOAD, _WRITE, _REMOVE)
        )

    async def apply(self, connection: AsyncConnection, events: Sequence[RecordedEvent]) -> None:
        """Bring the documents from just before the events to just after; see `Projection.apply`."""
        project = self.projection.project
        wanted = [(event.position, change) for event in events for change in project(event)]
        if not wanted:
            return
        # SQLAlchemy has begun the transaction; its driver takes arrays as they are.
        driver: asyncpg.Connection[asyncpg.Record] | None
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None, "the connection is open"  # noqa: S101
        present = await self._present(driver, keys_to_load(wanted))
        await self._store(driver, fold(wanted, present))

    async def _present(
        self, driver: asyncpg.Connection[asyncpg.Record], keys: Sequence[str]
    ) -> dict[str, Any]:
        if not keys:
            return {}
        rows = await driver.fetch(self._load, keys)
        return {key: _decode(document) for key, document in rows if document is not None}

    async def _store(
        self, driver: asyncpg.Connection[asyncpg.Record], changed: Sequence[Changed]
    ) -> None:
        kept = [one for one in changed if one.after is not None]
        gone = [one.key for one in changed if one.after is None]
        if kept:
            await driver.execute(
                self._write,
                [one.key for one in kept],
                [_encode(one.after).decode() for one in kept],
                [one.position for one in kept],
            )
        if gone:
            await driver.execute(self._remove, gone)

    async def read(self, connection: AsyncConnection, key: str) -> Any:
        """Return the document under a key, null if there is none."""
        query = sa.select(self.table.c.document).where(self.table.c.key == key)
        return (await connection.execute(query)).scalar_one_or_none()

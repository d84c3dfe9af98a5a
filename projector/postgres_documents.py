"""Document projections in PostgreSQL: a table a generation, changed by two statements a batch.

It makes a `projector.projection.Projection` of a `DocumentProjection`: whatever the size of a
batch, the documents it updates are read by one statement; another one writes and removes what it
leaves, and moves the checkpoint if that is still where it was.

Reading before the checkpoint is locked is safe. It was where it is expected before the documents
were read, it only ever goes forward, and it is there when they are written: so it did not move in
between, and nor did they, since whoever changes documents moves it in the same transaction. The
replay of events that were set aside does not, but leaves another time in the checkpoint's row, and
as long as there may be any, a commit goes through only if that is what it was.
For the same reason a connection need not read again what it wrote itself, or read before, as long
as the checkpoint is where it put it: it keeps `KnownDocuments`.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias
from weakref import WeakKeyDictionary

import asyncpg
import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.ext.asyncio import AsyncConnection

from eventstore.event import RecordedEvent
from eventstore.stream import Position
from eventstore.uncollected import uncollected
from projector.checkpoint import Checkpoint
from projector.document_json import decode_document, encode_document
from projector.documents import Changed, DocumentProjection, fold, keys_to_load, wanted_by
from projector.errors import ConfigError
from projector.known_documents import KnownDocuments
from projector.postgres_tables import DOCUMENTS, checkpoints

__all__ = ["DocumentTable"]

Driver: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

# As text, since SQLAlchemy's connections decode JSON themselves, and others do not.
# Never `key = ANY($1)`: a plan that is made for any array, on a table of which nothing is known,
# compares every row with every key.
_LOAD: Final = """
SELECT wanted.key, (SELECT d.document::text FROM {table} AS d WHERE d.key = wanted.key)
FROM unnest($1::text[]) AS wanted (key)
"""
# Each column as one text: of an array the driver asks of every item whether it is an array itself,
# which takes as long as all else that it does with it. Keys as JSON, since they may be any text.
_WRITE: Final = """
INSERT INTO {table} (key, document, position)
SELECT key, document::json, position
FROM {source}ROWS FROM (
    json_array_elements_text(${first}::json),
    unnest(string_to_array(${second}::text, E'\\n')),
    unnest(string_to_array(${third}::text, ',')::bigint[])
) AS t (key, document, position)
ON CONFLICT (key) DO UPDATE SET document = excluded.document, position = excluded.position
"""
_REMOVE: Final = """
DELETE FROM {table} AS d
USING {source}unnest(${number}::text[]) AS gone (key) WHERE d.key = gone.key
"""
_MOVE: Final = f"""
UPDATE {checkpoints.fullname} SET position = $4, updated_at = now()
WHERE projection = $1 AND generation = $2 AND position = $3
"""  # noqa: S608 - our own name
_COMMIT: Final = """
WITH moved AS (
    {move} AND updated_at = coalesce($5::timestamptz, updated_at) RETURNING updated_at
), kept AS ({write}){removal}
SELECT max(updated_at) FROM moved
"""

_dialect: Final = PGDialect()  # type: ignore[no-untyped-call]

_IDENTIFIER_BYTES: Final = 63
"""What PostgreSQL keeps of a name, silently."""


class _Statements(msgspec.Struct, frozen=True):
    """What is said about one table. Parameters of a commit are the place, then those of a write."""

    load: str
    write: str
    remove: str
    commit: str
    commit_and_remove: str

    @classmethod
    def of(cls, name: str) -> _Statements:
        # Where nothing is moved there is nothing to write.
        write = _WRITE.format(table=name, source="moved, ", first=6, second=7, third=8)
        remove = _REMOVE.format(table=name, source="moved, ", number=9)
        commit = _COMMIT.replace("{move}", _MOVE)
        return cls(
            load=_LOAD.format(table=name),
            write=_WRITE.format(table=name, source="", first=1, second=2, third=3),
            remove=_REMOVE.format(table=name, source="", number=1),
            commit=commit.format(write=write, removal=""),
            commit_and_remove=commit.format(write=write, removal=f", gone AS ({remove})"),
        )


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
            # Room on each page for what replaces a row: it costs an eighth less than elsewhere.
            postgresql_with={"fillfactor": 70},
        )
        self.quoted = _dialect.identifier_preparer.format_table(self.table)
        self._statements = _Statements.of(self.quoted)
        self._known: WeakKeyDictionary[Driver, KnownDocuments] = WeakKeyDictionary()

    async def apply(self, connection: AsyncConnection, events: Sequence[RecordedEvent]) -> None:
        """Bring the documents from just before the events to just after; see `Projection.apply`."""
        # SQLAlchemy has begun the transaction; its driver takes arrays as they are.
        driver: Driver | None = (await connection.get_raw_connection()).driver_connection
        assert driver is not None, "the connection is open"  # noqa: S101
        wanted = wanted_by(self.projection, events)
        present = await self._load(driver, keys_to_load(wanted))
        left = _Left.of(fold(wanted, _documents(present)))
        if left.keys:
            await driver.execute(self._statements.write, *left.columns())
        if left.gone:
            await driver.execute(self._statements.remove, left.gone)

    async def commit(
        self,
        driver: Driver,
        events: Sequence[RecordedEvent],
        checkpoint: Checkpoint,
        *,
        untouched_since: dt.datetime | None = None,
    ) -> dt.datetime | None:
        """Do that and move the checkpoint, by one statement; see `projector.postgres.AtOnce`."""
        known = self._known.setdefault(driver, KnownDocuments())
        with uncollected():
            wanted = wanted_by(self.projection, events)
            keys = keys_to_load(wanted)
        present = known.take(checkpoint.position, keys)
        if len(present) < len(keys):
            present |= await self._load(driver, [key for key in keys if key not in present])
        with uncollected():
            left = _Left.of(fold(wanted, _documents(present)))
        moves = (checkpoint.position, events[-1].position, untouched_since)
        place = (self.name, self.generation, *moves)
        kept, gone = left.columns(), left.gone
        moved: dt.datetime | None
        if gone:
            moved = await driver.fetchval(self._statements.commit_and_remove, *place, *kept, gone)
        else:
            moved = await driver.fetchval(self._statements.commit, *place, *kept)
        if moved is not None:
            known.keep(events[-1].position, left.stored())
        return moved

    async def present(self, driver: Driver, keys: Sequence[str]) -> dict[str, Any]:
        """Read the documents under some keys; where there is none, nothing."""
        return _documents(await self._load(driver, keys))

    async def _load(self, driver: Driver, keys: Sequence[str]) -> dict[str, str | None]:
        """Read them as they are stored; null where there is none."""
        if not keys:
            return {}
        rows = await driver.fetch(self._statements.load, keys)
        return {row[0]: row[1] for row in rows}

    async def move(self, driver: Driver, checkpoint: Checkpoint, position: Position) -> bool:
        """Move the checkpoint within a transaction; false if it is not where it must be."""
        place = (self.name, self.generation, checkpoint.position, position)
        return bool(await driver.fetchval(f"{_MOVE} RETURNING true", *place))

    async def read(self, connection: AsyncConnection, key: str) -> Any:
        """Return the document under a key, null if there is none."""
        query = sa.select(self.table.c.document).where(self.table.c.key == key)
        return (await connection.execute(query)).scalar_one_or_none()


def _documents(stored: Mapping[str, str | None]) -> dict[str, Any]:
    return {
        key: decode_document(document) for key, document in stored.items() if document is not None
    }


class _Left(msgspec.Struct, frozen=True):
    """What a batch leaves: documents as JSON, each a line, and the keys of those that are gone."""

    keys: list[str]
    lines: list[str]
    positions: list[Position]
    gone: list[str]

    @classmethod
    def of(cls, changed: Sequence[Changed]) -> _Left:
        kept = [one for one in changed if one.after is not None]
        return cls(
            keys=[one.key for one in kept],
            lines=_lines(kept),
            positions=[one.position for one in kept],
            gone=[one.key for one in changed if one.after is None],
        )

    def columns(self) -> tuple[str, str, str]:
        """Return what a write takes.

        Raises:
            TypeError: a key is no text.
        """
        "".join(self.keys)  # raises for what JSON would have another word for
        keys = json.dumps(self.keys, ensure_ascii=False)
        return keys, "\n".join(self.lines), ",".join(map(str, self.positions))

    def stored(self) -> dict[str, str | None]:
        """Return what is stored under each key then."""
        return dict(zip(self.keys, self.lines, strict=True)) | dict.fromkeys(self.gone)


def _lines(kept: Sequence[Changed]) -> list[str]:
    lines = [encode_document(one.key, one.after) for one in kept]
    if any("\n" in line for line in lines):  # only JSON that was written by somebody else
        pairs = zip(kept, lines, strict=True)
        lines = [encode_document(one.key, decode_document(line)) for one, line in pairs]
    return lines

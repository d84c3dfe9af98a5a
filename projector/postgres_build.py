"""Building documents from the start of a log: folded in memory, written by COPY now and then.

A document that changes a thousand times on the way is written once for every so many events, and
read back never: as long as the build began with an empty table, it knows every document there is.
What it holds is bounded; when there is too much it forgets what is stored, and reads from then on.

It promises that changes and checkpoint are stored together, as by any commit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import asyncpg
import msgspec

from eventstore.event import RecordedEvent
from eventstore.stream import Position
from eventstore.uncollected import uncollected
from projector.checkpoint import Checkpoint
from projector.document_json import encode_document
from projector.documents import fold, keys_to_load, wanted_by
from projector.errors import CheckpointConflict, ProjectionFailed
from projector.postgres import PostgresReadModel
from projector.postgres_documents import DocumentTable

__all__ = ["DocumentBuild"]

_STORE_EVENTS: Final = 100_000
_DOCUMENTS_MAX: Final = 500_000
_KNOWN_BYTES_MAX: Final = 128 * 1024 * 1024

_STAGE: Final = """
CREATE TEMP TABLE IF NOT EXISTS staged_documents (key text, document text, position bigint)
ON COMMIT DELETE ROWS
"""
_MERGE: Final = """
WITH gone AS (
    DELETE FROM {table} AS d USING staged_documents AS s WHERE d.key = s.key AND s.document IS NULL
)
INSERT INTO {table} (key, document, position)
SELECT key, document::json, position FROM staged_documents WHERE document IS NOT NULL
ON CONFLICT (key) DO UPDATE SET document = excluded.document, position = excluded.position
"""


class DocumentBuild:
    """Applies pages of the log to documents; see `projector.rebuild.Build`. Made by `begin`."""

    def __init__(
        self,
        model: PostgresReadModel,
        table: DocumentTable,
        driver: asyncpg.Connection[asyncpg.Record],
        checkpoint: Checkpoint,
        *,
        store_events: int,
        documents_max: int,
    ) -> None:
        self.checkpoint = checkpoint
        self._model = model
        self._table = table
        self._driver = driver
        self._store_events = store_events
        self._documents_max = documents_max
        self._position = checkpoint.position
        self._known: dict[str, Any] = {}
        self._known_bytes = 0
        self._changed: dict[str, Position] = {}
        self._first: RecordedEvent | None = None  # of those that are not stored
        self._last: RecordedEvent | None = None
        self._empty = self._complete = False

    @classmethod
    async def begin(
        cls,
        model: PostgresReadModel,
        *,
        store_events: int = _STORE_EVENTS,
        documents_max: int = _DOCUMENTS_MAX,
    ) -> DocumentBuild | None:
        """Begin to build a prepared read model from where it is.

        Null if it has to be committed page by page: it has tables of its own, or events set aside.

        Args:
            model: The read model, kept by nobody else meanwhile.
            store_events: After so many events, what they changed is stored.
            documents_max: How many documents are known at most, once they are stored.

        Raises:
            ReadModelUnavailable: no answer came.
        """
        table = model.projection
        checkpoint = await model.checkpoint()
        if not isinstance(table, DocumentTable) or not model.parking.undisturbed:
            return None
        driver = await model.direct()
        build = cls(
            model,
            table,
            driver,
            checkpoint,
            store_events=store_events,
            documents_max=documents_max,
        )
        with model.answered():
            await driver.execute(_STAGE)
            present = await driver.fetchval(f"SELECT EXISTS (SELECT FROM {table.quoted})")  # noqa: S608 - quoted
        build._empty = build._complete = not present
        return build

    async def take(self, events: Sequence[RecordedEvent]) -> None:
        """Apply the events that come next; store what is held when that is enough.

        Raises:
            CheckpointConflict: somebody else keeps the read model.
            ProjectionFailed: the projection raised; what came before is stored.
            ReadModelUnavailable: no answer came.
        """
        try:
            with self._model.judged(events):
                await self._fold(events)
        except ProjectionFailed:
            await self.store()
            raise
        self._first = self._first or events[0]
        self._last = events[-1]
        self._position = self._last.position
        if self._position - self.checkpoint.position >= self._store_events:
            await self.store()

    async def _fold(self, events: Sequence[RecordedEvent]) -> None:
        with uncollected():
            wanted = wanted_by(self._table.projection, events)
        if not self._complete:
            missing = [key for key in keys_to_load(wanted) if key not in self._known]
            self._known.update(await self._table.present(self._driver, missing))
        with uncollected():
            for changed in fold(wanted, self._known):
                self._known[changed.key] = changed.after
                self._changed[changed.key] = changed.position

    async def store(self) -> Checkpoint:
        """Store what is held, and return the checkpoint there.

        Raises:
            CheckpointConflict: somebody else keeps the read model; nothing was stored.
            ProjectionFailed: what it wants stored cannot be.
            ReadModelUnavailable: no answer came; it may be stored.
        """
        if self._first is None or self._last is None:
            return self.checkpoint
        with self._model.judged([self._first, self._last]):
            async with self._driver.transaction():
                moved = await self._table.move(self._driver, self.checkpoint, self._position)
                if moved:
                    await self._copy()
        if not moved:
            raise CheckpointConflict(self.checkpoint)
        self._empty = False
        self._first = self._last = None
        self.checkpoint = msgspec.structs.replace(self.checkpoint, position=self._position)
        for key in self._changed:
            if self._known[key] is None and self._complete:
                del self._known[key]
        self._changed.clear()
        if len(self._known) > self._documents_max or self._known_bytes > _KNOWN_BYTES_MAX:
            self._known.clear()
            self._known_bytes = 0
            self._complete = False
        return self.checkpoint

    async def _copy(self) -> None:
        if self._empty:
            kept = (row for row in self._rows() if row[1] is not None)
            await self._driver.copy_records_to_table(
                self._table.table.name,
                schema_name=self._table.table.schema,
                columns=("key", "document", "position"),
                records=kept,
            )
            return
        await self._driver.copy_records_to_table("staged_documents", records=self._rows())
        await self._driver.execute(_MERGE.format(table=self._table.quoted))

    def _rows(self) -> Iterator[tuple[str, str | None, Position]]:
        for key, position in self._changed.items():
            document = self._known[key]
            text = None if document is None else encode_document(key, document)
            self._known_bytes += len(key) + len(text or "")
            yield key, text, position

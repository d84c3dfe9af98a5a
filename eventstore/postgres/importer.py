"""Take many events into a log at once: COPY under the lock of the log, a link of its chain a batch.

A batch is all or nothing. One whose events are in the log already is passed over, so an import that
broke off, or whose last answer was lost, is simply begun again. It inserts into the tables itself,
which only their owner may.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

import asyncpg
import msgspec

from eventstore.errors import EventStoreError, ImportRefused
from eventstore.event import RecordedEvent
from eventstore.postgres.engine import check_schema, connected
from eventstore.postgres.queries import query
from eventstore.postgres.schema import schema_of
from eventstore.postgres.translate import import_failed

__all__ = ["BATCH_EVENTS_MAX", "Imported", "Importer"]

BATCH_EVENTS_MAX: Final = 5_000
"""The most events of one batch; appends wait while it is taken."""

_NO_LINK: Final = bytes(32)


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a batch: how many were stored, and how many the log held already."""

    stored: int
    held: int
    moved: bool
    """Whether they stand at other positions than in the log they came from."""


class _Stream(msgspec.Struct):
    """A stream as it grows; its number is the position of its first event."""

    number: int
    version: int
    new: bool


class Importer:
    """Takes batches into one log, one after the other. Made by `open`; belongs to one task."""

    def __init__(self, connection: asyncpg.Connection[asyncpg.Record], log: str) -> None:
        self._connection = connection
        self._log = log
        self._schema = schema_of(log)

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, *, log: str, timeout_seconds: float) -> AsyncIterator[Importer]:
        """Connect to a log as the owner of its tables.

        Raises:
            ConfigError, StoreUnavailable, SchemaMismatch: as `PostgresEventStore.connect`.
        """
        async with connected(
            url,
            timeout_seconds=timeout_seconds,
            statement_seconds=timeout_seconds,
            application="eventstore import",
        ) as connection:
            await check_schema(connection, log)
            yield cls(connection, log)

    async def take(self, events: Sequence[RecordedEvent]) -> Imported:
        """Take a batch: new positions behind the head, everything else as it was recorded.

        Raises:
            ImportRefused: a stream does not go on where the batch does, or the log holds a part of
                it only; nothing of the batch was stored.
            UpdateFailed: no answer came; begin the import again.
        """
        try:
            async with self._connection.transaction():
                return await self._take(events)
        except EventStoreError:
            raise
        except Exception as error:
            raise import_failed(error) from error

    async def _take(self, events: Sequence[RecordedEvent]) -> Imported:
        await self._fetch("import_lock")
        held = await self._fetch("import_held", [event.id for event in events])
        if len(held) == len(events):
            return Imported(stored=0, held=len(events), moved=False)
        if held:
            raise ImportRefused(
                f"the log holds {len(held)} of the {len(events)} events of a batch, such as "
                f"{held[0]['id']}, and not the others: they were not imported from this file."
            )
        ends = await self._fetch("import_head")
        head, link = (ends[0]["head"], ends[0]["hash"]) if ends else (0, _NO_LINK)
        streams = await self._streams(events)
        await self._copy_events(head, events, streams)
        await self._copy_streams(streams)
        await self._copy_tags(head, events)
        await self._fetch("import_link", head, link)
        moved = any(event.position != head + place for place, event in enumerate(events, 1))
        return Imported(stored=len(events), held=0, moved=moved)

    async def _streams(self, events: Sequence[RecordedEvent]) -> dict[str, _Stream]:
        names = list({event.stream: None for event in events})
        rows = await self._fetch("import_streams", names)
        return {
            row["name"]: _Stream(number=row["id"], version=row["version"], new=False)
            for row in rows
        }

    async def _copy_events(
        self, head: int, events: Sequence[RecordedEvent], streams: dict[str, _Stream]
    ) -> None:
        columns = (
            *("position", "stream_id", "version", "recorded_at", "event_id"),
            *("stream", "type", "tags", "data", "metadata"),
        )
        rows = []
        for position, event in enumerate(events, head + 1):
            stream = streams.setdefault(event.stream, _Stream(number=position, version=0, new=True))
            if event.version != stream.version + 1:
                raise ImportRefused(
                    f"stream {event.stream!r} is at version {stream.version} here, and the file "
                    f"goes on with version {event.version} (position {event.position} in it). "
                    "Import whole streams, or into a log that has what comes before."
                )
            stream.version = event.version
            rows.append(
                (
                    *(position, stream.number, event.version, event.recorded_at, event.id),
                    *(event.stream, event.type, list(event.tags)),
                    msgspec.json.encode(event.data).decode(),
                    msgspec.json.encode(event.metadata).decode(),
                )
            )
        await self._connection.copy_records_to_table(
            "events", schema_name=self._schema, columns=columns, records=rows
        )

    async def _copy_streams(self, streams: dict[str, _Stream]) -> None:
        await self._connection.copy_records_to_table(
            "streams",
            schema_name=self._schema,
            columns=("id", "name"),
            records=[(stream.number, name) for name, stream in streams.items() if stream.new],
        )

    async def _copy_tags(self, head: int, events: Sequence[RecordedEvent]) -> None:
        await self._connection.copy_records_to_table(
            "event_tags",
            schema_name=self._schema,
            columns=("tag", "position"),
            records=[
                (tag, position)
                for position, event in enumerate(events, head + 1)
                for tag in event.tags
            ],
        )

    async def _fetch(self, name: str, *arguments: object) -> list[asyncpg.Record]:
        return await self._connection.fetch(query(name, self._log), *arguments)

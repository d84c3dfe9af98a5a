"""Read models with a feed of their changes, for tests."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterable
from typing import Any

import sqlalchemy as sa

from eventstore.event import RecordedEvent
from eventstore.stream import Position
from eventstore.wire_bytes import header_fields
from projector.documents import Change, Put, Update
from projector.feed import postgres_feed
from projector.feed.change import CommittedChange, FeedName, decode
from projector.feed.postgres_feed import PostgresChanges
from projector.postgres import PostgresReadModel
from projector.postgres_documents import DocumentTable
from tests.support.seeded import seeded


class Churn:
    """Puts, removes and updates a few keys; some events change nothing, some leave it as it was."""

    name = "churn"

    def project(self, event: RecordedEvent) -> Iterable[Change]:
        random = seeded(event.position)
        for _ in range(random.randrange(4)):
            key = f"k{random.randrange(6)}"
            if random.random() < 0.3:
                yield Put(key, None)
            elif random.random() < 0.5:
                yield Put(key, {"v": random.randrange(3)})
            else:
                yield Update(key, lambda document: document or {"v": 0})


@contextlib.asynccontextmanager
async def opened(url: str, table: DocumentTable) -> AsyncIterator[PostgresReadModel]:
    async with PostgresReadModel.open(url, table) as model:
        await model.prepare()
        yield model


async def recorded_changes(
    model: PostgresReadModel, table: DocumentTable, *, page: int = 1000
) -> list[CommittedChange | None]:
    name = FeedName(table.name, table.generation)
    reading = PostgresChanges(model, name, await postgres_feed.state(model, table))
    found: list[CommittedChange | None] = []
    while messages := await reading.read(after=Position(len(found)), limit=page):
        for message in messages:
            block = b"NATS/1.0\r\n" + message.headers + b"\r\n"
            fields = header_fields(block)
            found.append(decode(name, message.subject.decode(), fields, message.body))
    return found


def fold(changes: Iterable[CommittedChange | None]) -> dict[str, Any]:
    """What the changes leave; null stands for one that was cut off."""
    trimmed = False
    documents: dict[str, Any] = {}
    latest: dict[str, int] = {}
    for expected, change in enumerate(changes, 1):
        if change is None:
            trimmed = True
            continue
        assert change.number == expected, "numbers are dense"
        if not trimmed:
            assert change.previous == latest.get(change.key, 0), "each names its predecessor"
        latest[change.key] = change.number
        if change.document is None:
            assert trimmed or change.key in documents, "only what is there is removed"
            documents.pop(change.key, None)
        else:
            assert documents.get(change.key) != change.document, "what is as it was is no change"
            documents[change.key] = change.document
    return documents


async def documents(model: PostgresReadModel, table: DocumentTable) -> dict[str, Any]:
    async with model.transaction() as connection:
        return {row.key: row.document for row in await connection.execute(sa.select(table.table))}

"""A bug of a change feed, as a program that takes its place.

It is what one writes who trusts that he is always there: go on from where the database is. What was
recorded while it, or a server, was away is never told. Documents, records and messages are the real
ones.
"""

from __future__ import annotations

import asyncio
from typing import NoReturn

from eventstore import EventStoreError
from eventstore.jetstream import answered, connect
from eventstore.stream import Position
from eventstore.wire_bytes import header_fields
from projector.errors import ProjectorError
from projector.feed.change import FeedName
from projector.feed.jetstream_feed import FeedPublisher
from projector.feed.postgres_feed import PostgresChanges, state
from projector.postgres import PostgresReadModel
from projector.postgres_documents import DocumentTable
from verification.mutants.relays import PAGE, POLL_SECONDS, for_ever
from verification.workloads.documents import LatestEvents

__all__ = ["skipping_feed"]


async def skipping_feed(database_url: str, nats_url: str) -> NoReturn:
    """Tell what is recorded from now on, whenever it begins anew."""
    await for_ever(lambda: _feed(database_url, nats_url), breaks=(EventStoreError, ProjectorError))


async def _feed(database_url: str, nats_url: str) -> None:
    table = DocumentTable(LatestEvents(), 1)
    feed = FeedName(table.name, table.generation)
    async with (
        PostgresReadModel.open(database_url, table) as model,
        FeedPublisher.open(nats_url, feed, name="mutant feed") as publisher,
        connect(nats_url, name="mutant feed", timeout_seconds=2) as connection,
    ):
        if await publisher.inspect() is None:
            await publisher.create()
            await publisher.inspect()  # makes the bucket
        found = await state(model, table)
        changes = PostgresChanges(model, feed, found)
        cursor = found.last_number
        while True:
            page = await changes.read(after=Position(cursor), limit=PAGE)
            for message in page:
                headers = header_fields(b"NATS/1.0\r\n" + message.headers + b"\r\n")
                with answered("publish"):
                    await connection.api.publish(
                        message.subject.decode(), message.body, headers=headers
                    )
                cursor = message.position
            if not page:
                await asyncio.sleep(POLL_SECONDS)

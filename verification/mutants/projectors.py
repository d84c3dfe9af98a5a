"""A bug of a projector, as a program that takes its place.

Everything but the bug is the real projector: its subscription, its loop, its projection.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from random import SystemRandom
from typing import Final

from eventstore.event import RecordedEvent
from eventstore.postgres.store import PostgresEventStore
from projector.checkpoint import Checkpoint
from projector.jetstream import JetStreamDelivery
from projector.postgres import PostgresReadModel
from projector.projections.stream_totals import StreamTotals
from projector.projector import Session, run

__all__ = ["CursorBeforeApply", "cursor_before_apply"]

BETWEEN_SECONDS: Final = 0.5
"""Long against everything else that it does, so that a kill at work falls between the two."""


class CursorBeforeApply(PostgresReadModel):
    """Commits the checkpoint, and then the changes: who dies in between has skipped them."""

    async def commit(self, events: Sequence[RecordedEvent], checkpoint: Checkpoint) -> Checkpoint:
        """Move the checkpoint in one transaction, and apply in another."""
        async with self.transaction() as connection:
            reached = await self.advance(connection, checkpoint, events[-1].position)
        await asyncio.sleep(BETWEEN_SECONDS)
        async with self.transaction() as connection:
            await self.apply(connection, events)
        return reached


async def cursor_before_apply(database_url: str, nats_url: str) -> None:
    """Keep the read model of the demo as the projector does, but for the order of two commits."""
    projection = StreamTotals()

    @asynccontextmanager
    async def open_session() -> AsyncIterator[Session]:
        async with (
            CursorBeforeApply.open(database_url, projection) as model,
            PostgresEventStore.connect(database_url, pool_size=1) as log,
            JetStreamDelivery.open(
                nats_url, projection, name="mutant cursor-before-apply"
            ) as delivery,
        ):
            await model.prepare()
            yield Session(delivery=delivery, read_model=model, log=log, alarms=delivery.alarms)

    await run(open_session, random=SystemRandom())

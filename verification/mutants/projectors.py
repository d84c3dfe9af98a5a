"""A bug of a projector, as a program that takes its place."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from eventstore.event import RecordedEvent
from projector.checkpoint import Checkpoint
from projector.postgres import PostgresReadModel

__all__ = ["CursorBeforeApply"]

BETWEEN_SECONDS: Final = 0.05
"""Long against a transaction, so that a kill mostly falls between the two of them."""


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

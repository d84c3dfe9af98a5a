"""Keep the gauges of a running projector true: measured against the log, now and then."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from eventstore.config import archive_folder
from eventstore.errors import EventStoreError
from eventstore.postgres.store import PostgresEventStore
from projector.errors import ProjectorError
from projector.lag import measure
from projector.postgres_progress import PostgresProgress
from projector.projection import Projection
from projector.telemetry import ProjectorMetrics

__all__ = ["observing"]

_log: Final = logging.getLogger("projector")
_EVERY_SECONDS: Final = 2.0


@asynccontextmanager
async def observing(
    projection: Projection, database: str, store: str | None, metrics: ProjectorMetrics
) -> AsyncIterator[None]:
    """Measure every few seconds until the end of the block; what cannot be asked stays as it was.

    A projector that stands by, or waits for a server, has gauges all the same.
    """
    work = asyncio.create_task(_observe(projection, database, store, metrics))
    try:
        yield
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


async def _observe(
    projection: Projection, database: str, store: str | None, metrics: ProjectorMetrics
) -> None:
    while True:
        try:
            async with AsyncExitStack() as stack:
                progress = await stack.enter_async_context(PostgresProgress.open(database))
                log = None
                if store is not None:
                    log = await stack.enter_async_context(
                        PostgresEventStore.connect(
                            store, pool_size=1, archive_folder=archive_folder()
                        )
                    )
                while True:
                    states = await progress.states(projection.name)
                    mine = [one for one in states if one.generation == projection.generation]
                    for lag in await measure(mine, log, await progress.now()):
                        metrics.saw(lag)
                    await asyncio.sleep(_EVERY_SECONDS)
        except (ProjectorError, EventStoreError) as error:
            _log.debug("not measured: %s", error)
        await asyncio.sleep(_EVERY_SECONDS)

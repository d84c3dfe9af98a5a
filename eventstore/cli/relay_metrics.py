"""Numbers of a running relay for Prometheus, at `/metrics` of a port of 127.0.0.1."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Final

from cyclopts import Parameter
from cyclopts.validators import Number

from eventstore.errors import EventStoreError
from eventstore.postgres.store import PostgresEventStore
from eventstore.relay.measured import RelayMetrics, observe
from eventstore.scraping import scraped

__all__ = ["MetricsPort", "serving"]

_RETRY_SECONDS: Final = 1.0

MetricsPort = Annotated[
    int | None,
    Parameter(
        help="Serve numbers for Prometheus on this port of 127.0.0.1, at /metrics.",
        validator=Number(gte=0, lte=65_535),
    ),
]


@asynccontextmanager
async def serving(
    metrics: RelayMetrics, port: int | None, *, database_url: str
) -> AsyncIterator[None]:
    """Serve the numbers until the end of the block, if there is a port.

    Raises:
        ConfigError: the port cannot be listened on.
    """
    if port is None:
        yield
        return
    async with scraped(metrics.text, port=port) as listening:
        sys.stderr.write(f"metrics at http://127.0.0.1:{listening}/metrics\n")
        work = asyncio.create_task(_observe(metrics, database_url))
        try:
            yield
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)


async def _observe(metrics: RelayMetrics, database_url: str) -> None:
    while True:
        try:
            async with PostgresEventStore.connect(database_url, pool_size=1) as log:
                await observe(metrics, log)
        except EventStoreError:
            metrics.unseen()
        await asyncio.sleep(_RETRY_SECONDS)

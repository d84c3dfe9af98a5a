"""``projector clock``: time as events, for process managers that wait."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from eventstore import config
from eventstore.cli.signals import log_to_stderr, run_until_signal
from eventstore.postgres.store import PostgresEventStore
from eventstore.stream import StreamName, stream_name
from projector.process_clock import CLOCK, keep_time

__all__ = ["clock"]


def clock(
    *,
    every: Annotated[int, Parameter(help="The period, in seconds.", validator=Number(gte=1))] = 60,
    stream: Annotated[str, Parameter(help="The stream of the ticks.")] = CLOCK,
    store_url: Annotated[
        str | None, Parameter(help=f"The event store; without it, ${config.DATABASE_URL} is used.")
    ] = None,
) -> int:
    """Append an event `ticked` at each multiple of the period, until SIGINT or SIGTERM.

    Any number of clocks may run: each tick is in the log once.
    """
    url, name = config.database_url(store_url), stream_name(stream)
    log_to_stderr(verbose=False)
    return run_until_signal(_keep(url, every, name))


async def _keep(url: str, every: int, stream: StreamName) -> None:
    async with PostgresEventStore.connect(url, pool_size=1) as store:
        await keep_time(store, period_seconds=every, stream=stream)

"""What `status`, `lag` and `top` share: asking all servers, and the exit code that says it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final, TypeAlias

from eventstore.config import archive_folder
from eventstore.jetstream import connect
from eventstore.postgres.store import PostgresEventStore
from projector import config
from projector.cli.exits import Exit
from projector.jetstream import extent
from projector.lag import Lag, LagState, measure
from projector.postgres_progress import PostgresProgress

__all__ = ["Measure", "exit_for", "measuring", "seconds_text"]

Measure: TypeAlias = Callable[[], Awaitable[list[Lag]]]

_MINUTE: Final = 60
_HOUR: Final = 3600
_WORST: Final = {
    LagState.AHEAD: Exit.VIOLATION,
    LagState.HOLE: Exit.VIOLATION,
    LagState.HALTED: Exit.INCOMPLETE,
    LagState.INCOMPLETE: Exit.INCOMPLETE,
}


@asynccontextmanager
async def measuring(
    projection: str | None,
    *,
    database_url: str | None,
    nats_url: str | None,
    store_url: str | None,
    without_store: bool = False,
    without_nats: bool = False,
    timeout_seconds: float = 5.0,
) -> AsyncIterator[Measure]:
    """Connect to where the answers are; yields what measures one projection, or all.

    Raises:
        ConfigError, ReadModelUnavailable, StoreUnavailable, StreamUnavailable: as they say.
    """
    database = config.database_url(database_url)
    nats = None if without_nats else config.nats_url(nats_url)
    store = None if without_store else config.store_url(store_url, database)
    async with AsyncExitStack() as stack:
        progress = await stack.enter_async_context(
            PostgresProgress.open(database, timeout_seconds=timeout_seconds)
        )
        link = log = None
        if nats is not None:
            link = await stack.enter_async_context(
                connect(nats, name="projector lag", timeout_seconds=timeout_seconds)
            )
        if store is not None:
            log = await stack.enter_async_context(
                PostgresEventStore.connect(
                    store,
                    pool_size=1,
                    timeout_seconds=timeout_seconds,
                    archive_folder=archive_folder(),
                )
            )

        async def ask() -> list[Lag]:
            # In this order: what is ahead of something that is read after it is really ahead.
            states = await progress.states(projection)
            stream = None if link is None else await extent(link)
            return await measure(states, log, await progress.now(), stream)

        yield ask


def exit_for(measured: Sequence[Lag]) -> Exit:
    """Return the exit code that says the worst of what was measured."""
    found = {_WORST.get(one.state, Exit.OK) for one in measured}
    for worst in (Exit.VIOLATION, Exit.INCOMPLETE):
        if worst in found:
            return worst
    return Exit.OK


def seconds_text(seconds: float | None) -> str:
    """Write a duration for people, in about three digits."""
    match seconds:
        case None:
            return "?"
        case _ if seconds < _MINUTE:
            return f"{seconds:.3g} s"
        case _ if seconds < _HOUR:
            return f"{seconds / _MINUTE:.3g} min"
        case _:
            return f"{seconds / _HOUR:.3g} h"

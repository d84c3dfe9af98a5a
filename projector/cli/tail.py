"""``projector tail``: what a projection applies, as it does."""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack, suppress
from typing import Annotated, Final

import msgspec
from cyclopts import Parameter
from cyclopts.validators import Number

from eventstore.cli.tables import event_cells
from eventstore.config import archive_folder
from eventstore.event import RecordedEvent
from eventstore.postgres.store import PostgresEventStore
from eventstore.stream import Position
from projector import config
from projector.checkpoint import Checkpoint
from projector.cli.options import (
    ActiveGeneration,
    DatabaseUrl,
    NatsUrl,
    ProjectionOrName,
    StoreUrl,
    name_of,
    print_json,
)
from projector.cli.park import generation_of
from projector.errors import LogWentBack
from projector.jetstream_announced import hearing
from projector.postgres_progress import PostgresProgress

__all__ = ["Passed", "tail"]

_PAGE: Final = 500
_POLL_SECONDS: Final = 0.5
_APPLIED: Final = "applied"


class Passed(msgspec.Struct, frozen=True, kw_only=True):
    """An event that a checkpoint has passed: applied, parked, held or skipped."""

    what: str
    event: RecordedEvent


async def tail(
    projection: ProjectionOrName,
    /,
    *,
    generation: ActiveGeneration = None,
    after: Annotated[
        int | None,
        Parameter(help="Begin after this position; without it, now.", validator=Number(gte=0)),
    ] = None,
    limit: Annotated[
        int | None, Parameter(help="End after so many events.", validator=Number(gte=1))
    ] = None,
    database_url: DatabaseUrl = None,
    nats_url: NatsUrl = None,
    store_url: StoreUrl = None,
    json: Annotated[
        bool, Parameter(name="--json", negative="", help="Print a JSON document a line.")
    ] = False,
) -> None:
    """Print each event when the read model's checkpoint has passed it, until it is interrupted.

    It says of each whether it was applied, or parked, held or skipped.
    """
    name = name_of(projection)
    database, nats = config.database_url(database_url), config.nats_url(nats_url)
    moved = asyncio.Event()
    async with AsyncExitStack() as stack:
        progress = await stack.enter_async_context(PostgresProgress.open(database))
        store = config.store_url(store_url, database)
        log = await stack.enter_async_context(
            PostgresEventStore.connect(store, pool_size=1, archive_folder=archive_folder())
        )
        number = await generation_of(progress, name, generation)
        await stack.enter_async_context(hearing(nats, name, lambda _: moved.set()))
        position = None if after is None else Position(after)
        left = limit
        while left is None or left > 0:
            moved.clear()
            states = await progress.states(name)
            reached = next(one.position for one in states if one.generation == number)
            position = reached if position is None else position
            while position < reached and (left is None or left > 0):
                page = min(_PAGE, reached - position, left or _PAGE)
                passed = await _page(progress, log, name, number, position, page)
                for one in passed:
                    _print(one, json=json)
                sys.stdout.flush()
                position = passed[-1].event.position
                left = None if left is None else left - len(passed)
            with suppress(TimeoutError):
                async with asyncio.timeout(_POLL_SECONDS):
                    await moved.wait()


async def _page(
    progress: PostgresProgress,
    log: PostgresEventStore,
    projection: str,
    generation: int,
    after: Position,
    limit: int,
) -> list[Passed]:
    """Return the next events that the checkpoint has passed, at least one.

    Raises:
        LogWentBack: the log does not hold them.
    """
    events = await log.read_log(after=after, limit=limit)
    if not events:
        position = Position(after + limit)
        passed = Checkpoint(projection=projection, generation=generation, position=position)
        raise LogWentBack(passed, await log.head())
    aside = await progress.set_aside(
        projection, generation, after=after, until=events[-1].position, limit=limit
    )
    states = {one.position: str(one.state) for one in aside}
    return [Passed(what=states.get(event.position, _APPLIED), event=event) for event in events]


def _print(one: Passed, *, json: bool) -> None:
    if json:
        print_json(one)
    else:
        sys.stdout.write("  ".join((f"{one.what:<7}", *event_cells(one.event))) + "\n")

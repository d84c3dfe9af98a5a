"""``projector replay`` and ``projector skip``: what an operator does about parked events."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from eventstore.config import archive_folder
from eventstore.postgres.store import PostgresEventStore
from eventstore.stream import Position
from projector import config
from projector.cli.exits import Exit
from projector.cli.options import (
    ActiveGeneration,
    DatabaseUrl,
    Json,
    ProjectionName,
    StoreUrl,
    bound,
    load,
    print_json,
)
from projector.cli.park import generation_of
from projector.errors import ConfigError
from projector.parking import AsideState
from projector.postgres import PostgresReadModel
from projector.postgres_documents import DocumentTable
from projector.postgres_progress import PostgresProgress
from projector.replay import Replayed
from projector.replay import replay as replay_key
from projector.replay import skip as skip_event

__all__ = ["replay", "skip"]


async def replay(
    projection: ProjectionName,
    /,
    *keys: Annotated[
        str, Parameter(help="Streams (or order keys) whose parked events are to be applied.")
    ],
    everything: Annotated[
        bool, Parameter(name="--all", negative="", help="Apply those of every stream.")
    ] = False,
    generation: ActiveGeneration = None,
    database_url: DatabaseUrl = None,
    store_url: StoreUrl = None,
    json: Json = False,
) -> Exit:
    """Apply what is parked and held under a stream, in order, each event once; then it flows on.

    The projector may run meanwhile. It stops at the first event that fails again, which is parked
    with its new error: exit 4.
    """
    if bool(keys) == everything:
        raise ConfigError("name the streams to replay (`projector park` lists them), or say --all.")
    done: list[Replayed] = []
    async with _opened(projection, generation, database_url, store_url) as (model, log):
        if everything:
            async with model.transaction() as connection:
                waiting = await model.parking.read(
                    connection, states=(AsideState.PARKED, AsideState.HELD)
                )
            keys = tuple(dict.fromkeys(one.order_key for one in waiting))
        for key in keys:
            done.append(await replay_key(model, log, key))
            if not json:
                sys.stdout.write(_text(done[-1]))
    if json:
        print_json(done)
    elif not done:
        sys.stdout.write("nothing is parked or held\n")
    return Exit.INCOMPLETE if any(one.waiting for one in done) else Exit.OK


async def skip(
    projection: ProjectionName,
    position: Annotated[
        int, Parameter(help="The event, by its position in the log.", validator=Number(gte=1))
    ],
    /,
    *,
    generation: ActiveGeneration = None,
    database_url: DatabaseUrl = None,
    store_url: StoreUrl = None,
    json: Json = False,
) -> None:
    """Leave an event out for good: one that is parked, or the one at which the projector halts.

    It is counted and listed as skipped ever after. What is held behind it waits for a `replay`.
    """
    async with _opened(projection, generation, database_url, store_url) as (model, log):
        skipped = await skip_event(model, log, Position(position))
        async with model.transaction() as connection:
            waiting = await model.parking.read(
                connection, key=skipped.order_key, states=(AsideState.PARKED, AsideState.HELD)
            )
    if json:
        print_json(skipped)
        return
    sys.stdout.write(f"skipped position {position:,}, {skipped.event_type} in {skipped.stream}\n")
    if waiting:
        sys.stdout.write(
            f"{len(waiting):,} events of {skipped.order_key} wait behind it: "
            f"projector replay {projection} {skipped.order_key}\n"
        )


@asynccontextmanager
async def _opened(
    projection: str, generation: int | None, database_url: str | None, store_url: str | None
) -> AsyncIterator[tuple[PostgresReadModel, PostgresEventStore]]:
    database = config.database_url(database_url)
    store = config.store_url(store_url, database)
    loaded = load(projection, generation)
    chosen = generation if isinstance(loaded, DocumentTable) else loaded.generation
    async with PostgresProgress.open(database) as progress:
        number = await generation_of(progress, loaded.name, chosen)
    loaded = load(projection, number)
    async with (
        PostgresEventStore.connect(store, pool_size=2, archive_folder=archive_folder()) as log,
        PostgresReadModel.open(database, bound(loaded, log)) as model,
    ):
        await model.prepare()
        yield model, log


def _text(done: Replayed) -> str:
    line = f"{done.order_key}: {done.applied:,} applied"
    if done.failed is not None:
        line += f", {done.waiting:,} wait: position {done.failed:,} failed again: {done.error}"
    return line + "\n"

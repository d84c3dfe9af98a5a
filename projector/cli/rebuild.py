"""``projector rebuild``: build a generation of a read model anew, beside the present one."""

from __future__ import annotations

import sys
import time
from contextlib import AsyncExitStack
from random import SystemRandom
from typing import Annotated

import msgspec
from cyclopts import Parameter

from eventstore.cli.progress import progress
from eventstore.config import archive_folder
from eventstore.lease import acquire
from eventstore.postgres.lease import PostgresLease
from eventstore.postgres.store import PostgresEventStore
from eventstore.stream import Position
from projector import config
from projector.cli.options import (
    DatabaseUrl,
    Generation,
    ProjectionName,
    StoreUrl,
    lease_name,
    load,
)
from projector.cli.switch import switch_to
from projector.errors import ConfigError, GenerationSetAside
from projector.parking import AsideState
from projector.postgres import PostgresReadModel
from projector.postgres_build import DocumentBuild
from projector.postgres_epochs import keep_epoch
from projector.process import ProcessProjection
from projector.projector import LOG
from projector.rebuild import rebuild as build

__all__ = ["Rebuilt", "rebuild"]


class Rebuilt(msgspec.Struct, frozen=True, kw_only=True):
    """What a rebuild did. ``switched_from`` is null if it was not asked to switch."""

    projection: str
    generation: int
    position: int
    events: int
    seconds: float
    switched_from: int | None


async def rebuild(
    projection: ProjectionName,
    /,
    *,
    generation: Generation = None,
    database_url: DatabaseUrl = None,
    store_url: StoreUrl = None,
    switch: Annotated[
        bool, Parameter(negative="", help="Make it the active generation when it is built.")
    ] = False,
    json: Annotated[
        bool, Parameter(name="--json", negative="", help="Print one JSON document.")
    ] = False,
) -> None:
    """Apply the log to a generation until it is where the log ends.

    It reads the event store, not NATS, and goes on where an earlier one was stopped. The active
    generation is read and kept up to date meanwhile.
    """
    loaded = load(projection, generation)
    if isinstance(loaded, ProcessProjection):
        raise ConfigError(
            f"{loaded.name!r} is a process manager: it acts, and what it did is not done anew. "
            "`projector run` goes on where it is."
        )
    database = config.database_url(database_url)
    store = config.store_url(store_url, database)
    began = time.monotonic()
    async with AsyncExitStack() as stack:
        lease = await stack.enter_async_context(PostgresLease.connect(database, lease_name(loaded)))
        await acquire(lease, LOG, random=SystemRandom())
        model = await stack.enter_async_context(PostgresReadModel.open(database, loaded))
        await model.prepare()
        log = await stack.enter_async_context(
            PostgresEventStore.connect(store, pool_size=1, archive_folder=archive_folder())
        )
        epoch = await log.epoch()
        if epoch.number > 1:  # the first may be all that is known
            await keep_epoch(model, epoch)
        start = (await model.checkpoint()).position
        await _refuse_set_aside(model)
        show = stack.enter_context(progress(f"rebuilding {loaded.name}", await log.head()))

        def tell(position: Position, head: Position) -> None:
            show(position, head)

        builds = await DocumentBuild.begin(model)
        reached = await build(log, model, build=builds, progress=tell)
        before = await switch_to(model) if switch else None
    done = Rebuilt(
        projection=loaded.name,
        generation=loaded.generation,
        position=reached.position,
        events=reached.position - start,
        seconds=round(time.monotonic() - began, 3),
        switched_from=before,
    )
    sys.stdout.write(msgspec.json.encode(done).decode() + "\n" if json else _text(done))


async def _refuse_set_aside(model: PostgresReadModel) -> None:
    """A build applies every event in order, so it cannot go on behind one that was not applied."""
    async with model.transaction() as connection:
        waiting = await model.parking.read(connection, states=(AsideState.PARKED, AsideState.HELD))
    if waiting:
        projection = model.projection
        raise GenerationSetAside(projection.name, projection.generation, len(waiting))


def _text(done: Rebuilt) -> str:
    rate = done.events / done.seconds if done.seconds else 0.0
    match done.switched_from:
        case None:
            switched = ""
        case done.generation:
            switched = "active, as it was\n"
        case before:
            switched = f"active now, before it generation {before}\n"
    return (
        f"{done.projection}, generation {done.generation}: at position {done.position:,}\n"
        f"{done.events:,} events in {done.seconds:.1f} s, {rate:,.0f} a second\n{switched}"
    )

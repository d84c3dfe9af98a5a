"""``projector status``: how far a projection is, measured against the log itself."""

from __future__ import annotations

import sys
from contextlib import AsyncExitStack
from typing import Annotated

import msgspec
from cyclopts import Parameter

from eventstore.jetstream import connect
from eventstore.postgres.store import PostgresEventStore
from projector import config
from projector.cli.options import (
    DatabaseUrl,
    Generation,
    NatsUrl,
    ProjectionName,
    StoreUrl,
    WithoutStore,
    load,
)
from projector.jetstream import last_sequence
from projector.postgres import PostgresReadModel
from projector.projection import Projection

__all__ = ["ProjectorStatus", "status"]


class ProjectorStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How far a projection is.

    ``lag`` counts the events that the log holds (without a store to ask, the stream) and the read
    model does not: a stream that lost its tail, or a relay that stands still, does not hide them.
    """

    projection: str
    generation: int
    state: str
    checkpoint: int
    last_sequence: int
    head: int | None
    lag: int


async def status(
    projection: ProjectionName,
    /,
    *,
    generation: Generation = None,
    database_url: DatabaseUrl = None,
    nats_url: NatsUrl = None,
    store_url: StoreUrl = None,
    without_store: WithoutStore = False,
    timeout_seconds: Annotated[
        float,
        Parameter(name="--timeout", help="How many seconds to wait for each answer."),
    ] = 5.0,
    json: Annotated[
        bool, Parameter(name="--json", negative="", help="Print one JSON document.")
    ] = False,
) -> None:
    """Say how far a projection is; exit 5 if a server cannot be asked."""
    loaded = load(projection, generation)
    database, nats = config.database_url(database_url), config.nats_url(nats_url)
    store = None if without_store else config.store_url(store_url, database)
    found = await _ask(loaded, database, nats, store, timeout_seconds)
    sys.stdout.write(msgspec.json.encode(found).decode() + "\n" if json else _text(found))


async def _ask(
    projection: Projection, database: str, nats: str, store: str | None, timeout_seconds: float
) -> ProjectorStatus:
    async with AsyncExitStack() as stack:
        model = await stack.enter_async_context(
            PostgresReadModel.open(database, projection, timeout_seconds=timeout_seconds)
        )
        link = await stack.enter_async_context(
            connect(nats, name="projector status", timeout_seconds=timeout_seconds)
        )
        # In this order: what is ahead of something read after it is really ahead.
        checkpoint = await model.checkpoint()
        last = await last_sequence(link)
        head = None
        if store is not None:
            log = await stack.enter_async_context(
                PostgresEventStore.connect(store, pool_size=1, timeout_seconds=timeout_seconds)
            )
            head = await log.head()
    end = last if head is None else head
    lag = end - checkpoint.position
    return ProjectorStatus(
        projection=projection.name,
        generation=projection.generation,
        state="behind" if lag > 0 else "caught up" if lag == 0 else "ahead of the log",
        checkpoint=checkpoint.position,
        last_sequence=last,
        head=head,
        lag=lag,
    )


def _text(found: ProjectorStatus) -> str:
    head = "not asked" if found.head is None else f"{found.head:,}"
    return (
        f"{found.projection}, generation {found.generation}: {found.state}\n"
        f"checkpoint       {found.checkpoint:,}\n"
        f"last sequence    {found.last_sequence:,}\n"
        f"log head         {head}\n"
        f"lag              {found.lag:,}\n"
    )

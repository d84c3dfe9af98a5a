"""``projector run``: keep a read model until told to stop."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from random import SystemRandom
from typing import Annotated

import msgspec
from cyclopts import Parameter
from cyclopts.validators import Number

from eventstore.cli.signals import log_to_stderr, run_until_signal
from eventstore.config import archive_folder
from eventstore.lease import acquire
from eventstore.postgres.lease import PostgresLease
from eventstore.postgres.store import PostgresEventStore
from eventstore.scraping import scraped
from projector import config
from projector.cli.observing import observing
from projector.cli.options import (
    DatabaseUrl,
    Generation,
    NatsUrl,
    ProjectionName,
    StoreUrl,
    WithoutStore,
    bound,
    lease_name,
    load,
)
from projector.jetstream import JetStreamDelivery
from projector.parking import PoisonPolicy
from projector.postgres import PostgresReadModel
from projector.postgres_epochs import keep_epoch
from projector.projection import Projection
from projector.projector import LOG, Session
from projector.projector import run as project
from projector.subscription import SubscriptionPace
from projector.telemetry import MeasuredReadModel, ProjectorMetrics
from projector.tracing import open_spans

__all__ = ["run"]

_FROM_1 = Number(gte=1)


def run(
    projection: ProjectionName,
    /,
    *,
    generation: Generation = None,
    database_url: DatabaseUrl = None,
    nats_url: NatsUrl = None,
    store_url: StoreUrl = None,
    without_store: WithoutStore = False,
    on_poison: Annotated[
        PoisonPolicy,
        Parameter(
            help="What becomes of an event that fails every time: halt at it; park it, and hold "
            "what follows it in its stream; or skip it."
        ),
    ] = PoisonPolicy.HALT,
    attempts: Annotated[
        int,
        Parameter(help="How often to try such an event, with growing waits.", validator=_FROM_1),
    ] = 5,
    metrics_port: Annotated[
        int | None,
        Parameter(
            help="Serve numbers for Prometheus on this port of 127.0.0.1, at /metrics.",
            validator=Number(gte=0, lte=65_535),
        ),
    ] = None,
    verbose: Annotated[bool, Parameter(help="Log more, for debugging.", negative="")] = False,
) -> int:
    """Project until SIGINT or SIGTERM; survives the loss of any server.

    Any number may run for one projection: one projects, the others stand by.
    """
    loaded = load(projection, generation)
    database, nats = config.database_url(database_url), config.nats_url(nats_url)
    store = None if without_store else config.store_url(store_url, database)
    log_to_stderr(verbose=verbose)
    opening = _Opening(
        projection=loaded, database=database, nats=nats, store=store, metrics=ProjectorMetrics()
    )
    pace = SubscriptionPace(attempts=attempts, on_poison=on_poison)
    return run_until_signal(_serve(opening, pace, metrics_port))


class _Opening(msgspec.Struct, frozen=True, kw_only=True):
    """Where everything is that a session needs; ``store`` is null to do without."""

    projection: Projection
    database: str
    nats: str
    store: str | None
    metrics: ProjectorMetrics

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        """Wait for the lease, then connect to everything."""
        name = lease_name(self.projection)
        async with AsyncExitStack() as stack:
            lease = await stack.enter_async_context(PostgresLease.connect(self.database, name))
            await acquire(lease, LOG, random=SystemRandom())
            log = None
            if self.store is not None:
                log = await stack.enter_async_context(
                    PostgresEventStore.connect(
                        self.store, pool_size=2, archive_folder=archive_folder()
                    )
                )
            model = await stack.enter_async_context(
                PostgresReadModel.open(self.database, bound(self.projection, log))
            )
            await model.prepare()
            delivery = await stack.enter_async_context(
                JetStreamDelivery.open(self.nats, self.projection, name=name)
            )
            await keep_epoch(model, await delivery.epoch())
            yield Session(
                delivery=delivery,
                read_model=MeasuredReadModel(model, self.metrics, spans=open_spans()),
                log=log,
                announce=delivery.announce,
                count_stranger=self.metrics.strangers.add,
                alarms=(lease.lost, *delivery.alarms),
            )


async def _serve(opening: _Opening, pace: SubscriptionPace, metrics_port: int | None) -> None:
    async with AsyncExitStack() as stack:
        if metrics_port is not None:
            metrics = opening.metrics
            port = await stack.enter_async_context(scraped(metrics.text, port=metrics_port))
            sys.stderr.write(f"metrics at http://127.0.0.1:{port}/metrics\n")
            await stack.enter_async_context(
                observing(opening.projection, opening.database, opening.store, metrics)
            )
        await project(opening.session, random=SystemRandom(), pace=pace)

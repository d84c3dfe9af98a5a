"""``projector run``: keep a read model until told to stop."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from random import SystemRandom
from typing import Annotated

from cyclopts import Parameter

from eventstore.cli.signals import log_to_stderr, run_until_signal
from eventstore.lease import acquire
from eventstore.postgres.lease import PostgresLease
from eventstore.postgres.store import PostgresEventStore
from projector import config
from projector.cli.options import (
    DatabaseUrl,
    Generation,
    NatsUrl,
    ProjectionName,
    StoreUrl,
    WithoutStore,
    lease_name,
    load,
)
from projector.jetstream import JetStreamDelivery
from projector.postgres import PostgresReadModel
from projector.projector import LOG, Session
from projector.projector import run as project

__all__ = ["run"]


def run(
    projection: ProjectionName,
    /,
    *,
    generation: Generation = None,
    database_url: DatabaseUrl = None,
    nats_url: NatsUrl = None,
    store_url: StoreUrl = None,
    without_store: WithoutStore = False,
    verbose: Annotated[bool, Parameter(help="Log more, for debugging.", negative="")] = False,
) -> int:
    """Project until SIGINT or SIGTERM; survives the loss of any server.

    Any number may run for one projection: one projects, the others stand by.
    """
    loaded = load(projection, generation)
    database, nats = config.database_url(database_url), config.nats_url(nats_url)
    store = None if without_store else config.store_url(store_url, database)
    log_to_stderr(verbose=verbose)
    random = SystemRandom()
    name = lease_name(loaded)

    @asynccontextmanager
    async def open_session() -> AsyncIterator[Session]:
        async with AsyncExitStack() as stack:
            lease = await stack.enter_async_context(PostgresLease.connect(database, name))
            await acquire(lease, LOG, random=random)
            model = await stack.enter_async_context(PostgresReadModel.open(database, loaded))
            await model.prepare()
            log = None
            if store is not None:
                log = await stack.enter_async_context(
                    PostgresEventStore.connect(store, pool_size=1)
                )
            delivery = await stack.enter_async_context(
                JetStreamDelivery.open(nats, loaded, name=name)
            )
            alarms = (lease.lost, *delivery.alarms)
            yield Session(delivery=delivery, read_model=model, log=log, alarms=alarms)

    return run_until_signal(project(open_session, random=random))

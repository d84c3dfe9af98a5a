"""Projectors on real servers, for tests."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable

from sqlalchemy import select

from eventstore.event import RecordedEvent
from eventstore.postgres.store import PostgresEventStore
from projector import projector
from projector.errors import ReadModelUnavailable
from projector.jetstream import JetStreamDelivery
from projector.postgres import PostgresReadModel
from projector.projection import Projection
from projector.projections.stream_totals import StreamTotals, applied_events, fold, read_totals
from projector.subscription import SubscriptionPace
from tests.support.relaying import running, until
from tests.support.seeded import seeded


def projector_session(
    url: str,
    nats_url: str,
    *,
    projection: Projection,
    with_log: bool = True,
    count_stranger: Callable[[], None] = lambda: None,
) -> projector.OpenSession:
    """Sessions without a lease: what a projector does is right without one."""

    @contextlib.asynccontextmanager
    async def open_session() -> AsyncIterator[projector.Session]:
        async with contextlib.AsyncExitStack() as stack:
            model = await stack.enter_async_context(PostgresReadModel.open(url, projection))
            await model.prepare()
            log = None
            if with_log:
                connected = PostgresEventStore.connect(url, pool_size=1)
                log = await stack.enter_async_context(connected)
            delivery = await stack.enter_async_context(
                JetStreamDelivery.open(
                    nats_url, projection, name="test projector", patience_seconds=0.2
                )
            )
            yield projector.Session(
                delivery=delivery,
                read_model=model,
                log=log,
                announce=delivery.announce,
                count_stranger=count_stranger,
                alarms=delivery.alarms,
            )

    return open_session


def projecting(
    url: str,
    nats_url: str,
    *,
    projection: Projection | None = None,
    with_log: bool = True,
    seed: int = 1,
    pace: SubscriptionPace | None = None,
) -> contextlib.AbstractAsyncContextManager[object]:
    session = projector_session(
        url, nats_url, projection=projection or StreamTotals(), with_log=with_log
    )
    return running(projector.run(session, random=seeded(seed), pace=pace))


async def projected(url: str, position: int, *, projection: Projection | None = None) -> None:
    """Wait until the checkpoint is at a position."""
    async with PostgresReadModel.open(url, projection or StreamTotals()) as model:

        async def reached() -> bool:
            try:
                return (await model.checkpoint()).position == position
            except ReadModelUnavailable:
                return False

        await until(reached)


async def assert_each_was_applied_once(url: str, log: list[RecordedEvent]) -> None:
    """The audit is the log, row by row in order, and the totals are its fold."""
    async with PostgresReadModel.open(url, StreamTotals()) as model, model.transaction() as read:
        rows = await read.execute(select(applied_events).order_by(applied_events.c.serial))
        applied = [(row.position, row.event_id, row.stream, row.version) for row in rows]
        assert applied == [(e.position, e.id, e.stream, e.version) for e in log]
        assert await read_totals(read) == fold(log)

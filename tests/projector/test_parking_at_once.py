"""Commits beside what is parked: as quick as without, and nothing that a replay wrote is lost."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
import sqlalchemy as sa

from eventstore.event import RecordedEvent
from eventstore.postgres.store import PostgresEventStore
from eventstore.stream import Position, stream_name
from projector.checkpoint import Checkpoint
from projector.errors import CheckpointConflict, NotSetAside, ProjectionFailed
from projector.parking import AsideState, Cause
from projector.postgres import Driver, PostgresReadModel
from projector.postgres_documents import DocumentTable
from projector.projections.event_counts import EventCounts
from projector.replay import replay
from tests.support import relaying
from tests.support.seeded import seeded

pytestmark = pytest.mark.stack


class Counted(DocumentTable):
    """Counts of all streams in one document, and how many commits were one statement."""

    def __init__(self) -> None:
        super().__init__(EventCounts())
        self.at_once = 0

    async def commit(
        self,
        driver: Driver,
        events: Sequence[RecordedEvent],
        checkpoint: Checkpoint,
        *,
        untouched_since: dt.datetime | None = None,
    ) -> dt.datetime | None:
        moved = await super().commit(driver, events, checkpoint, untouched_since=untouched_since)
        self.at_once += moved is not None
        return moved


@asynccontextmanager
async def a_log(url: str, events: int, streams: int) -> AsyncIterator[PostgresEventStore]:
    async with PostgresEventStore.connect(url) as store:
        for number in range(events):
            await relaying.append_data(store, stream_name(f"count-{number % streams}"), number)
        yield store


async def total(model: PostgresReadModel) -> int:
    async with model.transaction() as connection:
        rows = await connection.execute(sa.text('SELECT document FROM documents."event-counts"'))
        return sum(rows.scalars())


async def park(model: PostgresReadModel, event: RecordedEvent, at: Checkpoint) -> Checkpoint:
    cause = Cause.of(ProjectionFailed("event-counts", [event], "no"))
    return await model.set_aside(event, at, AsideState.PARKED, cause, 1)


async def test_what_a_replay_counts_is_not_overwritten_by_the_next_commit(store_url: str) -> None:
    table = Counted()
    async with (
        a_log(store_url, 12, streams=4) as store,
        PostgresReadModel.open(store_url, table) as model,
        PostgresReadModel.open(store_url, DocumentTable(EventCounts())) as operator,
    ):
        events = await relaying.whole_log(store)
        await model.prepare()
        checkpoint = await park(model, events[0], await model.checkpoint())
        checkpoint = await model.commit(events[1:4], checkpoint)  # it learns what is blocked
        assert table.at_once == 0
        checkpoint = await model.commit([events[4]], checkpoint)  # which is held
        checkpoint = await model.commit(events[5:8], checkpoint)
        assert table.at_once == 1, "nothing of it is held"
        await replay(operator, store, "count-0")
        assert await total(operator) == 8
        checkpoint = await model.commit(events[8:12], checkpoint)
        assert checkpoint.position == 12
        assert await total(model) == 12


async def test_a_commit_that_a_replay_came_before_is_made_all_the_same(store_url: str) -> None:
    table = Counted()
    async with (
        a_log(store_url, 8, streams=4) as store,
        PostgresReadModel.open(store_url, table) as model,
        PostgresReadModel.open(store_url, DocumentTable(EventCounts())) as operator,
    ):
        events = await relaying.whole_log(store)
        await model.prepare()
        checkpoint = await park(model, events[0], await model.checkpoint())
        checkpoint = await model.commit(events[1:2], checkpoint)
        checkpoint = await model.commit(events[2:3], checkpoint)
        await replay(operator, store, "count-0")
        checkpoint = await model.commit(events[3:4], checkpoint)
        assert table.at_once == 1, "it had to read again what the replay changed"
        assert await total(model) == 4
        moved = await model.commit(events[4:8], checkpoint)
        assert (table.at_once, await total(model)) == (2, 8)
        with pytest.raises(CheckpointConflict):
            await model.commit(events[4:8], checkpoint)
        assert moved.position == 8


@pytest.mark.parametrize("seed", range(3))
async def test_replays_and_commits_that_share_a_document_count_each_event_once(
    store_url: str, seed: int
) -> None:
    draw, table = seeded(seed), Counted()
    async with (
        a_log(store_url, 400, streams=20) as store,
        PostgresReadModel.open(store_url, table) as model,
        PostgresReadModel.open(store_url, DocumentTable(EventCounts())) as operator,
        PostgresReadModel.open(store_url, DocumentTable(EventCounts())) as other,
    ):
        events = await relaying.whole_log(store)
        await model.prepare()

        async def project() -> None:
            checkpoint = await model.checkpoint()
            while (done := checkpoint.position) < len(events):
                if draw.random() < 0.1:
                    checkpoint = await park(model, events[done], checkpoint)
                else:
                    batch = events[done : done + draw.randint(1, 4)]
                    checkpoint = await model.commit(batch, checkpoint)

        async def operate(mended: PostgresReadModel, work: asyncio.Task[None]) -> None:
            while not work.done() or await waiting(mended):
                for key in await waiting(mended):
                    try:
                        await replay(mended, store, key)
                    except NotSetAside:
                        await asyncio.sleep(0.001)

        work = asyncio.create_task(project())
        async with asyncio.timeout(60):
            await asyncio.gather(work, operate(operator, work), operate(other, work))
        assert await total(model) == 400
        assert table.at_once > 0
        assert (await model.checkpoint()).position == Position(400)


async def waiting(model: PostgresReadModel) -> list[str]:
    async with model.transaction() as connection:
        found = await model.parking.read(connection, states=(AsideState.PARKED, AsideState.HELD))
    return sorted({one.order_key for one in found})

"""Generations of a read model: built beside each other, switched without going back."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence

import pytest
import sqlalchemy as sa

from eventstore.errors import EventStoreError
from eventstore.event import Event, RecordedEvent
from eventstore.memory import MemoryEventStore
from eventstore.postgres.store import PostgresEventStore
from eventstore.store import PAGE_BYTES, LogPage
from eventstore.stream import ANY, Position, stream_name
from projector.checkpoint import Checkpoint
from projector.errors import GenerationBehind, GenerationUnknown, LogWentBack, PositionGap
from projector.memory import MemoryReadModel
from projector.postgres import PostgresReadModel
from projector.postgres_build import DocumentBuild
from projector.postgres_documents import DocumentTable
from projector.postgres_generations import active_generation, switch
from projector.projections.event_counts import EventCounts
from projector.projections.stream_totals import StreamTotals
from projector.rebuild import rebuild
from tests.support.recorded import log

COUNT = sa.text('SELECT document::text FROM documents."event-counts"')


async def a_store(events: int) -> MemoryEventStore:
    store = MemoryEventStore()
    for _ in range(events):
        await store.append(stream_name("count-1"), [Event(type="Counted")], expected=ANY)
    return store


async def commit(model: PostgresReadModel, events: int) -> None:
    """Bring a read model from where it is to a position."""
    await model.prepare()
    checkpoint = await model.checkpoint()
    await model.commit(log(events)[checkpoint.position :], checkpoint)


@pytest.mark.parametrize("page", [1, 3, 100])
async def test_a_rebuild_applies_the_whole_log_once(page: int) -> None:
    store = await a_store(10)
    model = MemoryReadModel()
    told: list[tuple[int, int]] = []
    reached = await rebuild(store, model, page=page, progress=lambda *now: told.append(now))
    assert reached.position == 10
    assert model.applied == await store.read_log()
    assert told[-1] == (10, 10)
    assert [position for position, _ in told] == [*range(page, 10, page), 10]


async def test_a_rebuild_goes_on_where_it_was_stopped() -> None:
    class Breaking(MemoryEventStore):
        left = 2

        async def read_log_page(self, **where: object) -> LogPage:
            self.left -= 1
            if self.left < 0:
                raise EventStoreError("gone")
            return await super().read_log_page(**where)  # type: ignore[arg-type]

    store = Breaking()
    for _ in range(10):
        await store.append(stream_name("count-1"), [Event(type="Counted")], expected=ANY)
    model = MemoryReadModel()
    with pytest.raises(EventStoreError, match="gone"):
        await rebuild(store, model, page=3)
    assert 0 < len(model.applied) < 10
    store.left = 99
    assert (await rebuild(store, model, page=3)).position == 10
    assert [event.position for event in model.applied] == list(range(1, 11))


async def test_a_log_that_went_back_or_has_a_hole_is_said() -> None:
    ahead = MemoryReadModel()
    await ahead.commit(log(3), Checkpoint(projection="memory", generation=1, position=Position(0)))
    with pytest.raises(LogWentBack):
        await rebuild(MemoryEventStore(), ahead)

    class Holed(MemoryEventStore):
        async def read_log_page(self, **_: object) -> LogPage:
            return LogPage(events=log(5)[1:], position=Position(5), more=False)

    with pytest.raises(PositionGap, match="position 1 is missing"):
        await rebuild(Holed(), MemoryReadModel())


class Storing:
    """A build that keeps everything until it is told to store it."""

    def __init__(self) -> None:
        self.held = self.most = 0

    async def take(self, events: Sequence[RecordedEvent]) -> None:
        self.held += len(events)
        self.most = max(self.most, self.held)

    async def store(self) -> Checkpoint:
        self.held = 0
        return Checkpoint(projection="memory", generation=1, position=Position(0))


@pytest.mark.parametrize(("size", "most"), [(900_000, 4 * 18), (10, 200)])
async def test_what_large_events_changed_is_stored_soon(size: int, most: int) -> None:
    """Documents may be as large as the events that they are made of."""
    store, build = MemoryEventStore(), Storing()
    for _ in range(20):
        batch = [Event(type="Big", data="x" * size) for _ in range(10)]
        await store.append(stream_name("big-1"), batch, expected=ANY)
    await rebuild(store, MemoryReadModel(), build=build)
    assert build.most == most


@pytest.mark.stack
async def test_a_rebuild_of_large_events_holds_few_of_them(
    store_url: str, postgres_url: str
) -> None:
    async with (
        PostgresEventStore.connect(store_url) as store,
        PostgresReadModel.open(postgres_url, DocumentTable(EventCounts())) as model,
    ):
        await model.prepare()
        for _ in range(12):
            batch = [Event(type="Big", data="x" * 950_000) for _ in range(12)]
            await store.append(stream_name("big-1"), batch, expected=ANY)
        tracemalloc.start()
        try:
            reached = await rebuild(store, model, build=await DocumentBuild.begin(model))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert reached.position == 144
        # Two pages, and a third as rows; all of the log would be 130 MiB, twice.
        assert peak < 5 * PAGE_BYTES


@pytest.mark.stack
async def test_the_first_generation_is_active_and_another_takes_over(postgres_url: str) -> None:
    first, second = (DocumentTable(EventCounts(), generation) for generation in (1, 2))
    async with (
        PostgresReadModel.open(postgres_url, first) as old,
        PostgresReadModel.open(postgres_url, second) as new,
    ):
        await commit(old, 5)
        await commit(new, 3)
        async with new.transaction() as connection:
            assert await active_generation(connection, "event-counts") == 1
            assert (await connection.execute(COUNT)).scalar_one() == "5"
        with pytest.raises(GenerationBehind, match="at position 3, the active generation 1 at 5"):
            async with new.transaction() as connection:
                await switch(connection, second)
        await commit(new, 7)
        async with new.transaction() as connection:
            assert await switch(connection, second) == 1
        async with old.transaction() as connection:
            assert await active_generation(connection, "event-counts") == 2
            assert (await connection.execute(COUNT)).scalar_one() == "7"
            assert await switch(connection, first, even_if_behind=True) == 2
            assert (await connection.execute(COUNT)).scalar_one() == "5"


@pytest.mark.stack
async def test_what_was_never_built_cannot_be_switched_to(postgres_url: str) -> None:
    async with PostgresReadModel.open(postgres_url, DocumentTable(EventCounts())) as model:
        await model.prepare()
        with pytest.raises(GenerationUnknown, match=r"no generation 4, there is 1: build it"):
            async with model.transaction() as connection:
                await switch(connection, DocumentTable(EventCounts(), 4))


@pytest.mark.stack
async def test_tables_of_ones_own_have_generations_too(postgres_url: str) -> None:
    async with PostgresReadModel.open(postgres_url, StreamTotals()) as model:
        await model.prepare()
        async with model.transaction() as connection:
            assert await active_generation(connection, "stream-totals") == 1
            assert await active_generation(connection, "nothing") is None

"""Building documents by COPY: the same documents as by commits, whatever is stored how often."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

import pytest
import sqlalchemy as sa

from eventstore.event import RecordedEvent
from eventstore.memory import MemoryEventStore
from eventstore.store import LogPage
from eventstore.stream import Position
from projector.documents import Change, Put, Update, fold, wanted_by
from projector.errors import CheckpointConflict, ProjectionFailed
from projector.postgres import PostgresReadModel
from projector.postgres_build import DocumentBuild
from projector.postgres_documents import DocumentTable
from projector.projections.stream_totals import StreamTotals
from projector.rebuild import rebuild
from tests.support.recorded import log

pytestmark = pytest.mark.stack


class Log(MemoryEventStore):
    """A log of so many events."""

    def __init__(self, events: int) -> None:
        super().__init__()
        self.events = log(events)

    async def read_log_page(self, **where: Any) -> LogPage:
        after, limit = where["after"], where["limit"]
        events = self.events[after : after + limit]
        return LogPage(
            events=events, position=Position(after + len(events)), more=len(events) == limit
        )

    async def head(self) -> Position:
        return Position(len(self.events))


class Churn:
    """Puts, adds to and removes few documents, again and again; refuses what it is told to."""

    name = "churn"

    def __init__(self, refused: int = 0) -> None:
        self.refused = refused

    def project(self, event: RecordedEvent) -> Iterable[Change]:
        number = event.position
        if number == self.refused:
            raise ValueError("no")
        yield Update(f"of {number % 7}", lambda before: [*(before or []), number][-3:])
        yield Put(f"at {number % 11}", {"n": number} if number % 3 else None)
        yield Update(f"at {number % 5}", lambda before: None if before else number)


async def documents(model: PostgresReadModel, table: DocumentTable) -> dict[str, tuple[Any, int]]:
    async with model.transaction() as connection:
        rows = await connection.execute(sa.select(table.table))
        return {row.key: (row.document, row.position) for row in rows}


EXPECTED = {
    changed.key: (changed.after, changed.position)
    for changed in fold(wanted_by(Churn(), log(300)), {})
    if changed.after is not None
}


@pytest.mark.parametrize("committed", [0, 130])
@pytest.mark.parametrize(
    ("page", "store_events", "documents_max"), [(300, 1000, 1000), (20, 60, 1000), (20, 60, 4)]
)
async def test_a_build_leaves_what_commits_leave(
    postgres_url: str,
    committed: int,
    page: int,
    store_events: int,
    documents_max: int,
) -> None:
    table = DocumentTable(Churn())
    async with PostgresReadModel.open(postgres_url, table) as model:
        await model.prepare()
        if committed:
            await model.commit(log(committed), await model.checkpoint())
        build = await DocumentBuild.begin(
            model, store_events=store_events, documents_max=documents_max
        )
        told: list[int] = []
        reached = await rebuild(
            Log(300), model, build=build, page=page, progress=lambda now, _: told.append(now)
        )
        assert reached == await model.checkpoint()
        assert reached.position == told[-1] == 300
        assert await documents(model, table) == EXPECTED


async def test_a_build_that_ends_early_goes_on_where_it_stored(
    postgres_url: str,
) -> None:
    table = DocumentTable(Churn(refused=250))
    async with PostgresReadModel.open(postgres_url, table) as model:
        await model.prepare()
        build = await DocumentBuild.begin(model, store_events=100)
        with pytest.raises(ProjectionFailed, match=r"position 250 .*: ValueError: no"):
            await rebuild(Log(300), model, build=build, page=20)
        assert (await model.checkpoint()).position == 249
    table = DocumentTable(Churn())
    async with PostgresReadModel.open(postgres_url, table) as model:
        build = await DocumentBuild.begin(model)
        await rebuild(Log(300), model, build=build, page=20)
        assert await documents(model, table) == EXPECTED


async def test_of_two_builds_one_stores(postgres_url: str) -> None:
    table = DocumentTable(Churn())
    async with (
        PostgresReadModel.open(postgres_url, table) as model,
        PostgresReadModel.open(postgres_url, table) as other,
    ):
        await model.prepare()
        first, second = await DocumentBuild.begin(model), await DocumentBuild.begin(other)
        assert first is not None
        assert second is not None
        await first.take(log(10))
        await second.take(log(20))
        await first.store()
        before = await documents(model, table)
        with pytest.raises(CheckpointConflict):
            await second.store()
        assert await documents(model, table) == before
        assert (await model.checkpoint()).position == 10


@pytest.mark.parametrize(
    "change",
    [Put("nul\0", 1), Put("k", object()), Put(cast("str", 7), 1), Put("k", {"a": {1, 2j}})],
)
async def test_what_cannot_be_stored_is_the_projections_failure(
    postgres_url: str, change: Change
) -> None:
    class Wrong:
        name = "wrong"

        def project(self, event: RecordedEvent) -> Iterable[Change]:
            yield Put(event.stream, 1)
            yield change

    table = DocumentTable(Wrong())
    async with PostgresReadModel.open(postgres_url, table) as model:
        await model.prepare()
        build = await DocumentBuild.begin(model)
        with pytest.raises(ProjectionFailed, match="'wrong' failed at position 1 "):
            await rebuild(Log(5), model, build=build)
        assert await documents(model, table) == {}
        assert (await model.checkpoint()).position == 0


async def test_tables_of_its_own_are_built_page_by_page(postgres_url: str) -> None:
    async with PostgresReadModel.open(postgres_url, StreamTotals()) as model:
        await model.prepare()
        assert await DocumentBuild.begin(model) is None

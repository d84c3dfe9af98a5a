"""Dropping generations: all of one goes and nothing else, and what is needed stays."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from uuid import UUID

import asyncpg
import msgspec
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from eventstore.event import RecordedEvent
from eventstore.postgres.lease import PostgresLease
from eventstore.stream import Position
from projector.cli import app
from projector.cli.drop import drop as drop_command
from projector.documents import Update
from projector.errors import GenerationInUse, GenerationUnknown, ProjectionFailed
from projector.feed import postgres_feed
from projector.parking import AsideState, Cause
from projector.postgres import PostgresReadModel
from projector.postgres_documents import DocumentTable
from projector.postgres_dropping import Dropped, drop
from projector.postgres_generations import switch
from projector.postgres_progress import PostgresProgress
from projector.projection import Projection
from projector.projections.event_counts import EventCounts
from tests.support.recorded import log

pytestmark = pytest.mark.stack

_PARKED = Cause(error_type="ValueError", error="bad", traceback="")


async def built(url: str, projection: Projection, *, parks: bool = False) -> PostgresReadModel:
    """Build a generation of three events, with one of them parked and one held, or with all."""
    async with PostgresReadModel.open(url, projection) as model:
        await model.prepare()
        events, at = log(3), await model.checkpoint()
        if parks:
            at = await model.set_aside(events[0], at, AsideState.PARKED, _PARKED, 1)
            await model.halted(Position(2), _PARKED)
        await model.commit(events[at.position :], at)
    return model


async def kept(url: str) -> dict[str, int]:
    """Count what the projector keeps for itself, by table, with the tables of documents."""
    connection = await asyncpg.connect(url)
    rows = await connection.fetch(
        "SELECT schemaname || '.' || quote_ident(tablename) FROM pg_tables "
        "WHERE schemaname IN ('projector', 'documents')"
    )
    found = {
        name: await connection.fetchval(f"SELECT count(*) FROM {name}")  # noqa: S608 - quoted
        for (name,) in rows
    }
    await connection.close()
    return found


async def states(url: str) -> list[tuple[str, int]]:
    async with PostgresProgress.open(url) as progress:
        return [(one.projection, one.generation) for one in await progress.states()]


async def test_all_of_a_generation_goes_and_nothing_of_another(postgres_url: str) -> None:
    await built(postgres_url, DocumentTable(EventCounts()))
    before = await kept(postgres_url)
    await built(postgres_url, DocumentTable(EventCounts(), 2), parks=True)
    with_second = await kept(postgres_url)
    assert with_second["projector.set_aside_events"] > 0
    rehearsed = await drop(postgres_url, "event-counts", 2, rehearse=True)
    assert await kept(postgres_url) == with_second, "a rehearsal changes nothing"
    dropped = await drop(postgres_url, "event-counts", 2)
    assert dropped == msgspec.structs.replace(rehearsed, dropped=True)
    assert dropped == Dropped(
        projection="event-counts",
        generation=2,
        position=Position(3),
        tables=('documents."event-counts@2"',),
        shared=(),
        set_aside=with_second["projector.set_aside_events"],
        dropped=True,
    )
    assert await kept(postgres_url) == before
    with pytest.raises(GenerationUnknown, match="no generation 2, there is 1"):
        await drop(postgres_url, "event-counts", 2)
    # It can be built again, as if it had never been there.
    await built(postgres_url, DocumentTable(EventCounts(), 2), parks=True)
    assert await kept(postgres_url) == with_second


async def test_the_one_that_is_read_stays_unless_it_is_the_last(postgres_url: str) -> None:
    first, second = (DocumentTable(EventCounts(), generation) for generation in (1, 2))
    await built(postgres_url, first)
    await built(postgres_url, second)
    for even_if_active in (False, True):
        with pytest.raises(GenerationInUse, match=r"is read. Switch to another .*; there is 2"):
            await drop(postgres_url, "event-counts", 1, even_if_active=even_if_active)
    async with (
        PostgresReadModel.open(postgres_url, second) as model,
        model.transaction() as connection,
    ):
        await switch(connection, second)
    await drop(postgres_url, "event-counts", 1)
    assert await states(postgres_url) == [("event-counts", 2)]
    with pytest.raises(GenerationInUse, match=r"the only one\. To end the projection for good"):
        await drop(postgres_url, "event-counts", 2)
    await drop(postgres_url, "event-counts", 2, even_if_active=True)
    assert set((await kept(postgres_url)).values()) == {0}
    direct = await asyncpg.connect(postgres_url)
    views = await direct.fetchval("SELECT count(*) FROM pg_views WHERE schemaname = 'documents'")
    await direct.close()
    assert views == 0


async def test_a_feed_is_ended_first(postgres_url: str) -> None:
    await built(postgres_url, DocumentTable(EventCounts()))
    table = DocumentTable(EventCounts(), 2)
    await built(postgres_url, table)
    async with PostgresReadModel.open(postgres_url, table) as model:
        await postgres_feed.begin(model, table, identity=UUID(int=1))
        with pytest.raises(GenerationInUse, match="End that first: `projector feed end"):
            await drop(postgres_url, "event-counts", 2)
        await postgres_feed.end(model, table)
    assert (await drop(postgres_url, "event-counts", 2)).dropped


class Tables:
    """A projection with tables of its own; ``shared`` belongs to both generations."""

    name = "tables"

    def __init__(self, generation: int, own: str) -> None:
        self.generation = generation
        self.tables = sa.MetaData()
        sa.Table("Shared", self.tables, sa.Column("n", sa.Integer, primary_key=True))
        sa.Table(own, self.tables, sa.Column("n", sa.Integer, primary_key=True))

    async def apply(self, connection: AsyncConnection, events: Sequence[RecordedEvent]) -> None:
        """Do nothing."""


async def test_a_table_that_another_generation_declares_stays(postgres_url: str) -> None:
    await built(postgres_url, Tables(1, "first.of"))
    await built(postgres_url, Tables(2, "second.of"))
    dropped = await drop(postgres_url, "tables", 2)
    assert (dropped.tables, dropped.shared) == (('public."second.of"',), ("Shared",))
    connection = await asyncpg.connect(postgres_url)
    left = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    await connection.close()
    assert {row["tablename"] for row in left} == {"Shared", "first.of"}


async def test_what_depends_on_a_table_is_not_dropped_with_it(postgres_url: str) -> None:
    await built(postgres_url, DocumentTable(EventCounts()))
    await built(postgres_url, DocumentTable(EventCounts(), 2))
    before = await kept(postgres_url)
    connection = await asyncpg.connect(postgres_url)
    await connection.execute('CREATE VIEW report AS SELECT * FROM documents."event-counts@2"')
    for rehearse in (True, False):
        with pytest.raises(GenerationInUse, match=r"view report depends on .*Drop what depends"):
            await drop(postgres_url, "event-counts", 2, rehearse=rehearse)
    assert await kept(postgres_url) == before
    await connection.execute("DROP VIEW report")
    # Somebody dropped the table by hand: what is kept of it goes all the same.
    await connection.execute('DROP TABLE documents."event-counts@2"')
    await connection.close()
    assert (await drop(postgres_url, "event-counts", 2)).tables == ()
    assert await states(postgres_url) == [("event-counts", 1)]


async def test_the_command_drops_by_name_and_only_what_nobody_keeps(
    postgres_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    class Failing:
        name = "no-longer-installed"

        def project(self, event: RecordedEvent) -> list[Update]:
            raise ValueError(event.type)

    with pytest.raises(GenerationUnknown, match="there is none at all"):
        await drop(postgres_url, "no-longer-installed", 1)
    with pytest.raises(ProjectionFailed):
        await built(postgres_url, DocumentTable(Failing()))
    command = ["drop", "no-longer-installed", "--generation", "1", "--database-url", postgres_url]
    async with AsyncExitStack() as stack:
        lease = PostgresLease.connect(postgres_url, "projector no-longer-installed 1")
        assert await (await stack.enter_async_context(lease)).try_acquire()
        with pytest.raises(GenerationInUse, match=r"a rebuild \S+:\d+ keeps it. Stop that one"):
            await drop_command("no-longer-installed", generation=1, database_url=postgres_url)
    capsys.readouterr()
    await app.run_async([*command, "--even-if-active"])
    out = capsys.readouterr().out
    assert "would drop generation 1 of no-longer-installed\n" in out
    assert out.endswith("nothing was done: --yes does it\n")
    assert await states(postgres_url) == [("no-longer-installed", 1)]
    await app.run_async([*command, "--even-if-active", "--yes", "--json"])
    assert msgspec.json.decode(capsys.readouterr().out, type=Dropped).dropped
    assert await states(postgres_url) == []

"""A read model whose schema is behind, or whose name another projection took, is refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from eventstore.event import RecordedEvent
from projector.documents import Put
from projector.errors import AnotherProjection, GenerationSetAside, ProjectionFailed, TablesDiffer
from projector.parking import AsideState, Cause
from projector.postgres import PostgresReadModel
from projector.postgres_declared import declaration, difference
from projector.postgres_documents import DocumentTable
from projector.postgres_generations import active_generation, switch
from projector.projection import identity_of
from projector.projections.event_counts import EventCounts
from projector.projections.event_search import EventSearch
from projector.projections.latest_events import LatestEvents
from projector.projections.stream_totals import StreamTotals
from projector.projections.sums import Sums
from tests.support.recorded import log


class Counts:
    """A projection that its author changes."""

    name = "counts"
    generation = 1

    def __init__(self, *columns: sa.Column[object], table: str = "counts") -> None:
        self.tables = sa.MetaData()
        sa.Table(table, self.tables, sa.Column("key", sa.Text, primary_key=True), *columns)

    async def apply(self, connection: AsyncConnection, events: Sequence[RecordedEvent]) -> None:
        """It keeps nothing."""


def count(kind: type[sa.Integer] = sa.Integer) -> sa.Column[object]:
    return sa.Column("n", kind)


@pytest.mark.stack
@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (lambda: Counts(count(), sa.Column("at", sa.DateTime)), "column counts.at is new"),
        (Counts, "column counts.n is not declared any more"),
        (lambda: Counts(count(sa.BigInteger)), "column counts.n was INTEGER and is BIGINT"),
        (lambda: Counts(count(), table="tallies"), "table counts is not declared any more"),
        (lambda: Counts(sa.Column("n", sa.Integer, nullable=False)), "is INTEGER not null"),
    ],
)
async def test_a_changed_projection_is_a_new_generation(
    postgres_url: str, changed: Callable[[], Counts], reason: str
) -> None:
    async with PostgresReadModel.open(postgres_url, Counts(count())) as model:
        await model.prepare()
        await model.prepare()
        await model.commit(log(2), await model.checkpoint())
    async with PostgresReadModel.open(postgres_url, changed()) as other:
        with pytest.raises(TablesDiffer, match=reason) as refused:
            await other.prepare()
        assert "`projector rebuild MODULE:ATTRIBUTE --switch`" in str(refused.value)
        assert "give the projection generation 2 and new table names" in str(refused.value)
        assert (await other.checkpoint()).position == 2, "and nothing else happened"
        other.projection.generation = 2  # type: ignore[misc]
        await other.prepare()


class Deposits:
    """A document projection; of what class documents are, their table does not show."""

    name = "balances"

    def project(self, event: RecordedEvent) -> list[Put]:
        return [Put(event.stream, event.version)]


class Overdrafts(Deposits):
    """Another one, whose author did not know of the first."""


class RenamedDeposits(Deposits):
    """The first one, of which it says so."""

    identity = identity_of(Deposits())


@pytest.mark.stack
async def test_another_projection_of_the_same_name_is_refused(postgres_url: str) -> None:
    async with PostgresReadModel.open(postgres_url, DocumentTable(Deposits())) as model:
        await model.prepare()
        await model.commit(log(2), await model.checkpoint())
    async with PostgresReadModel.open(postgres_url, DocumentTable(Overdrafts())) as other:
        with pytest.raises(
            AnotherProjection, match=r"of .*\.Deposits; .*\.Overdrafts has"
        ) as refused:
            await other.prepare()
    assert "as generation 2" in str(refused.value)
    assert f"identity = '{identity_of(Deposits())}'" in str(refused.value)
    for allowed in (
        DocumentTable(RenamedDeposits()),
        DocumentTable(Overdrafts(), 2),
        DocumentTable(Deposits()),
    ):
        async with PostgresReadModel.open(postgres_url, allowed) as model:
            await model.prepare()


@pytest.mark.stack
async def test_a_read_model_of_before_is_of_whoever_keeps_it_first(postgres_url: str) -> None:
    async with PostgresReadModel.open(postgres_url, DocumentTable(Deposits())) as model:
        await model.prepare()
        async with model.transaction() as connection:
            await connection.execute(sa.text("DROP TABLE projector.identities"))
        await model.prepare()
    async with PostgresReadModel.open(postgres_url, DocumentTable(Overdrafts())) as other:
        with pytest.raises(AnotherProjection):
            await other.prepare()


def test_what_tells_projections_apart() -> None:
    """It must never change for what is built in, or every read model would be refused."""
    assert identity_of(DocumentTable(LatestEvents())) == (
        "projector.projections.latest_events.LatestEvents"
    )
    assert identity_of(StreamTotals()) == "projector.projections.stream_totals.StreamTotals"
    assert identity_of(EventSearch()) == "projector.projections.event_search.EventSearch"
    assert identity_of(EventCounts()) == "projector.projections.event_counts.EventCounts"
    by_product = Sums("sales", key="product", amount="price")
    assert identity_of(DocumentTable(by_product)) == "sums of 'price' by 'product'"


@pytest.mark.stack
async def test_a_table_that_is_gone_is_not_made_again_empty(postgres_url: str) -> None:
    async with PostgresReadModel.open(postgres_url, Counts(count())) as model:
        await model.prepare()
        async with model.transaction() as connection:
            await connection.execute(sa.text("DROP TABLE counts"))
        await model.prepare()
        await model.commit(log(2), await model.checkpoint())
        async with model.transaction() as connection:
            await connection.execute(sa.text("DROP TABLE counts"))
        with pytest.raises(TablesDiffer, match="table counts is gone, though events up to positi"):
            await model.prepare()


@pytest.mark.stack
async def test_a_generation_that_lacks_events_is_not_switched_to(postgres_url: str) -> None:
    first, second = DocumentTable(LatestEvents()), DocumentTable(LatestEvents(), 2)
    async with (
        PostgresReadModel.open(postgres_url, first) as one,
        PostgresReadModel.open(postgres_url, second) as two,
    ):
        await one.prepare()
        await two.prepare()
        await one.commit(log(1), await one.checkpoint())
        cause = Cause.of(ProjectionFailed("latest-events", log(1), "no"))
        await two.set_aside(log(1)[0], await two.checkpoint(), AsideState.PARKED, cause, 1)
        with pytest.raises(GenerationSetAside, match=r"generation 2 .* lacks 1 events"):
            async with two.transaction() as connection:
                await switch(connection, second)
        async with two.transaction() as connection:
            assert await active_generation(connection, "latest-events") == 1
            await switch(connection, second, even_if_behind=True)
        async with one.transaction() as connection:
            await switch(connection, first)


def test_the_declarations_of_what_is_built_in() -> None:
    """What they say must never change, or every read model would be refused."""
    assert declaration(DocumentTable(LatestEvents(), 3).tables) == {
        "documents.latest-events@3": {
            "key": "TEXT primary key",
            "document": "JSON not null",
            "position": "BIGINT not null",
        }
    }
    assert declaration(StreamTotals.tables)["stream_totals"] == {
        "stream": "TEXT primary key",
        "events": "BIGINT not null",
        "version": "BIGINT not null",
        "position": "BIGINT not null",
        "digest": "TEXT not null",
    }
    found = declaration(EventSearch.tables)
    assert difference(found, found) == "nothing"
    assert difference({}, found).endswith("is new")

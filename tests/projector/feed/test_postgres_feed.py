"""The changes that PostgreSQL records: all of them, once, in commit order, whoever makes them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from uuid import UUID

import pytest
import sqlalchemy as sa

from eventstore.event import RecordedEvent
from eventstore.stream import Position
from projector.documents import Change, Put
from projector.errors import FeedUnknown, ProjectionFailed, ReadModelUnavailable
from projector.feed import postgres_feed
from projector.feed.change import FeedName
from projector.postgres import PostgresReadModel
from projector.postgres_documents import DocumentTable
from tests.support.feeding import Churn, documents, fold, opened, recorded_changes
from tests.support.recorded import log
from tests.support.seeded import seeded

pytestmark = pytest.mark.stack

IDENTITY = UUID(int=1)


class Keyed:
    """Puts under the key that an event's number names."""

    name = "keyed"

    def __init__(self, keys: dict[int, str]) -> None:
        self._keys = keys

    def project(self, event: RecordedEvent) -> Iterable[Change]:
        yield Put(self._keys.get(event.position, "plain"), event.position)


@pytest.mark.parametrize("begun_at", [0, 30])
async def test_the_changes_fold_to_the_read_model_after_every_commit(
    postgres_url: str, begun_at: int
) -> None:
    table = DocumentTable(Churn())
    events, random = log(120), seeded(begun_at)
    async with opened(postgres_url, table) as model:
        checkpoint = await model.checkpoint()
        if begun_at:
            checkpoint = await model.commit(events[:begun_at], checkpoint)
        begun = await postgres_feed.begin(model, table, identity=IDENTITY)
        assert begun.last_number == len(await documents(model, table))
        while rest := events[checkpoint.position :][: random.randrange(1, 9)]:
            checkpoint = await model.commit(rest, checkpoint)
            changes = await recorded_changes(model, table, page=random.randrange(1, 50))
            assert fold(changes) == await documents(model, table)
            positions = [change.position for change in changes if change is not None]
            assert positions == sorted(positions)
            assert len(positions) == len(changes)
            assert not positions or positions[-1] <= checkpoint.position
        assert len(changes) > begun_at


async def test_whoever_changes_documents_by_whatever_statement_is_recorded(
    postgres_url: str,
) -> None:
    table = DocumentTable(Keyed({}))
    async with opened(postgres_url, table) as model:
        await postgres_feed.begin(model, table, identity=IDENTITY)
        await model.commit(log(1), await model.checkpoint())
        rows = [{"key": f"by hand {n}", "document": n, "position": 1} for n in range(3)]
        async with model.transaction() as connection:
            await connection.execute(sa.insert(table.table), rows)
            await connection.execute(sa.update(table.table).values(document=9))
            await connection.execute(sa.delete(table.table).where(table.table.c.key == "plain"))
            renamed = sa.update(table.table).where(table.table.c.key == "by hand 0")
            await connection.execute(renamed.values(key="renamed"))
        changes = await recorded_changes(model, table)
        assert fold(changes) == {"renamed": 9, "by hand 1": 9, "by hand 2": 9}
        truncate = f"TRUNCATE {table.quoted}"
        with pytest.raises(ReadModelUnavailable, match="records what DELETE removes"):
            async with model.transaction() as connection:
                await connection.exec_driver_sql(truncate)
        await postgres_feed.end(model, table)
        async with model.transaction() as connection:
            await connection.exec_driver_sql(truncate)


async def test_who_carries_a_feed_that_was_ended_is_told(postgres_url: str) -> None:
    table = DocumentTable(Keyed({}))
    async with opened(postgres_url, table) as model:
        begun = await postgres_feed.begin(model, table, identity=IDENTITY)
        changes = postgres_feed.PostgresChanges(model, FeedName("keyed", 1), begun)
        await postgres_feed.end(model, table)
        with pytest.raises(FeedUnknown, match="feed begin keyed --generation 1"):
            await changes.read(after=Position(0), limit=9)


async def test_what_is_rolled_back_leaves_no_hole(postgres_url: str) -> None:
    table = DocumentTable(Keyed({2: "", 3: "x" * 961, 4: "é" * 480}))
    events = log(4)
    async with opened(postgres_url, table) as model:
        await postgres_feed.begin(model, table, identity=IDENTITY)
        checkpoint = await model.commit(events[:1], await model.checkpoint())
        for unfit in (1, 2):
            with pytest.raises(ProjectionFailed, match=r"a key has 1 to 960"):
                await model.commit(events[unfit : unfit + 1], checkpoint)
        assert await model.checkpoint() == checkpoint
        await model.commit(events[3:], checkpoint)
        assert fold(await recorded_changes(model, table)) == {"plain": 1, "é" * 480: 4}


async def test_what_takes_a_whole_table_may_take_longer_than_other_statements(
    postgres_url: str,
) -> None:
    table, large = DocumentTable(Keyed({})), DocumentTable(Keyed({}), 2)
    async with opened(postgres_url, table) as model:
        await postgres_feed.begin(model, table, identity=IDENTITY)
        async with model.transaction() as connection:
            await connection.exec_driver_sql(
                "CREATE FUNCTION projector.linger() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN PERFORM pg_sleep(2.5); RETURN NULL; END $$"
            )
            await connection.exec_driver_sql(
                "CREATE TRIGGER linger AFTER INSERT OR DELETE ON projector.changes "
                "FOR EACH STATEMENT EXECUTE FUNCTION projector.linger()"
            )
    async with PostgresReadModel.open(postgres_url, large, timeout_seconds=2.0) as model:
        await model.prepare()
        await postgres_feed.begin(model, large, identity=IDENTITY)
        await postgres_feed.end(model, large)


async def test_what_is_trimmed_still_folds_to_the_read_model(postgres_url: str) -> None:
    table = DocumentTable(Churn())
    events, random = log(150), seeded(7)
    async with opened(postgres_url, table) as model:
        with pytest.raises(FeedUnknown):
            await postgres_feed.trim(model, table, to=1)
        await postgres_feed.begin(model, table, identity=IDENTITY)
        checkpoint, forgotten, to = await model.checkpoint(), 0, 0
        while rest := events[checkpoint.position :][: random.randrange(1, 30)]:
            checkpoint = await model.commit(rest, checkpoint)
            last = (await postgres_feed.state(model, table)).last_number
            to = max(to, random.randrange(last + 1))
            page = random.choice((3, 10_000))
            forgotten += await postgres_feed.trim(model, table, to=to, page=page)
            for page in (1, 7, 1000):
                changes = await recorded_changes(model, table, page=page)
                assert len(changes) == last
                assert changes.count(None) == forgotten
                assert all(changes[to:]), "what is above stays whole"
                assert fold(changes) == await documents(model, table)
        await postgres_feed.trim(model, table, to=10**9)
        kept = [change.key for change in await recorded_changes(model, table) if change]
        assert len(kept) == len(set(kept)) == 6


async def test_a_feed_is_begun_once_and_ended_for_good(postgres_url: str) -> None:
    table = DocumentTable(Keyed({}))
    async with opened(postgres_url, table) as model:
        with pytest.raises(FeedUnknown, match="projector feed begin keyed --generation 1"):
            await postgres_feed.state(model, table)
        await model.commit(log(1), await model.checkpoint())
        first, again = await asyncio.gather(
            *(postgres_feed.begin(model, table, identity=UUID(int=n)) for n in (1, 2))
        )
        assert first == again
        await postgres_feed.end(model, table)
        with pytest.raises(FeedUnknown):
            await postgres_feed.end(model, table)
        checkpoint = await model.commit(log(2)[1:], await model.checkpoint())
        anew = await postgres_feed.begin(model, table, identity=UUID(int=3))
        assert (anew.identity, anew.last_number) == (UUID(int=3), 1)
        await model.commit(log(3)[2:], checkpoint)
        assert fold(await recorded_changes(model, table)) == {"plain": 3}


async def test_generations_have_feeds_of_their_own(postgres_url: str) -> None:
    for generation, events in ((1, 2), (2, 5)):
        table = DocumentTable(Churn(), generation)
        async with opened(postgres_url, table) as model:
            await postgres_feed.begin(model, table, identity=UUID(int=generation))
            await model.commit(log(events), await model.checkpoint())
    for generation in (1, 2):
        table = DocumentTable(Churn(), generation)
        async with opened(postgres_url, table) as model:
            found = fold(await recorded_changes(model, table))
            assert found == await documents(model, table)


async def test_a_commit_that_is_told_onwards_waits_for_the_disk(postgres_url: str) -> None:
    table = DocumentTable(Keyed({}))
    setting = sa.text("SELECT current_setting('synchronous_commit')")
    async with opened(postgres_url, table) as model:
        await postgres_feed.begin(model, table, identity=IDENTITY)
        async with model.transaction() as connection:
            await connection.execute(sa.text("SET LOCAL synchronous_commit = off"))
            row = {"key": "by hand", "document": 1, "position": 1}
            assert (await connection.execute(setting)).scalar_one() == "off"
            await connection.execute(sa.insert(table.table).values(row))
            assert (await connection.execute(setting)).scalar_one() == "on"

"""Documents in PostgreSQL: what a batch leaves is there with its checkpoint, or nothing is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from math import inf
from typing import Any, cast

import asyncpg
import msgspec
import pytest
import sqlalchemy as sa

from eventstore.event import RecordedEvent
from eventstore.stream import Position
from projector.checkpoint import Checkpoint
from projector.documents import Change, Put, Update
from projector.errors import (
    CheckpointConflict,
    ConfigError,
    ProjectionFailed,
    ReadModelUnavailable,
)
from projector.postgres import PostgresReadModel
from projector.postgres_documents import DocumentTable
from projector.projection import load_projection
from projector.projections.event_counts import EventCounts
from projector.projections.event_search import EventSearch, search
from projector.projections.latest_events import LatestEvents
from projector.projections.sums import Sums
from tests.support.recorded import log

pytestmark = pytest.mark.stack


async def documents(model: PostgresReadModel, table: DocumentTable) -> dict[str, tuple[Any, int]]:
    async with model.transaction() as connection:
        rows = await connection.execute(sa.select(table.table))
        return {row.key: (row.document, row.position) for row in rows}


async def project_all(model: PostgresReadModel, events: list[RecordedEvent], *, batch: int) -> None:
    await model.prepare()
    checkpoint = await model.checkpoint()
    for start in range(0, len(events), batch):
        checkpoint = await model.commit(events[start : start + batch], checkpoint)


@pytest.mark.parametrize("batch", [1, 4, 100])
async def test_the_documents_are_the_fold_of_the_log(postgres_url: str, batch: int) -> None:
    table = DocumentTable(EventCounts())
    async with PostgresReadModel.open(postgres_url, table) as model:
        await project_all(model, log(10), batch=batch)
        assert await documents(model, table) == {"count/Counted": (10, 10)}


async def test_generations_stand_side_by_side(postgres_url: str) -> None:
    for generation, events in ((1, 4), (2, 9)):
        table = DocumentTable(LatestEvents(), generation)
        async with PostgresReadModel.open(postgres_url, table) as model:
            await project_all(model, log(events), batch=3)
    first = DocumentTable(LatestEvents(), 1)
    async with PostgresReadModel.open(postgres_url, first) as model:
        found = await documents(model, first)
        assert {key: position for key, (_, position) in found.items()} == {
            "count-0": 4,
            "count-1": 2,
            "count-2": 3,
        }
        async with model.transaction() as connection:
            latest = {"version": 2, "type": "Counted", "data": {"n": 4}}
            assert await first.read(connection, "count-0") == latest
            assert await first.read(connection, "nobody") is None


class Tidy:
    """Keeps the odd numbers, forgets each at the next even one, and refuses a hundred."""

    name = "tidy"

    def project(self, event: RecordedEvent) -> Iterable[Change]:
        number = event.data["n"]
        if number == 100:
            raise ValueError("a hundred is too much")
        yield Put(str(number), number) if number % 2 else Put(str(number - 1), None)
        yield Update("sum", lambda total: (total or 0) + number)


async def test_documents_are_removed(postgres_url: str) -> None:
    table = DocumentTable(Tidy())
    async with PostgresReadModel.open(postgres_url, table) as model:
        await project_all(model, log(7), batch=3)
        assert await documents(model, table) == {"7": (7, 7), "sum": (28, 7)}


async def test_of_a_batch_that_fails_nothing_is_stored(postgres_url: str) -> None:
    table = DocumentTable(Tidy())
    async with PostgresReadModel.open(postgres_url, table) as model:
        await project_all(model, log(98), batch=98)
        before = await documents(model, table)
        with pytest.raises(ProjectionFailed, match="a hundred is too much"):
            await model.commit(
                log(100)[98:],
                Checkpoint(projection="tidy", generation=1, position=Position(98)),
            )
        assert await documents(model, table) == before
        assert (await model.checkpoint()).position == 98


async def test_sums_are_of_what_is_configured(postgres_url: str) -> None:
    table = DocumentTable(Sums("sales", key="n", amount="n"))
    async with PostgresReadModel.open(postgres_url, table) as model:
        await project_all(model, log(3), batch=3)
        assert await documents(model, table) == {"1": (1, 1), "2": (2, 2), "3": (3, 3)}


async def test_words_are_found_in_the_last_events_first(postgres_url: str) -> None:
    async with PostgresReadModel.open(postgres_url, EventSearch()) as model:
        await project_all(model, log(12), batch=5)
        async with model.transaction() as connection:
            assert await search(connection, "count-0 Counted", limit=3) == [10, 7, 4]
            assert await search(connection, "nothing") == []


@pytest.mark.parametrize("name", ["event-counts", "latest-events", "event-search", "stream-totals"])
def test_what_is_built_in_can_be_named(name: str) -> None:
    assert load_projection(name).name == name


def test_a_name_must_fit_into_that_of_a_table() -> None:
    with pytest.raises(ConfigError, match="too long"):
        DocumentTable(Sums("s" * 62, key="k", amount="a"))


def tidy_at(position: int) -> Checkpoint:
    return Checkpoint(projection="tidy", generation=1, position=Position(position))


@pytest.mark.parametrize("claimed", [0, 2, 4])
async def test_a_checkpoint_elsewhere_keeps_and_removes_nothing(
    postgres_url: str, claimed: int
) -> None:
    table = DocumentTable(Tidy())
    async with PostgresReadModel.open(postgres_url, table) as model:
        await project_all(model, log(3), batch=3)
        before = await documents(model, table)
        with pytest.raises(CheckpointConflict):
            await model.commit(log(claimed + 2)[claimed:], tidy_at(claimed))
        assert await documents(model, table) == before
        assert await model.checkpoint() == tidy_at(3)


async def test_of_two_that_commit_at_once_one_does(postgres_url: str) -> None:
    table = DocumentTable(Tidy())
    async with (
        PostgresReadModel.open(postgres_url, table) as one,
        PostgresReadModel.open(postgres_url, table) as other,
    ):
        await one.prepare()
        for position in range(0, 20, 2):
            events = log(position + 2)[position:]
            results = await asyncio.gather(
                *(model.commit(events, tidy_at(position)) for model in (one, other)),
                return_exceptions=True,
            )
            assert {type(result) for result in results} == {Checkpoint, CheckpointConflict}
        assert await documents(one, table) == {"sum": (210, 20)}


async def test_within_a_transaction_the_same_is_stored(postgres_url: str) -> None:
    table = DocumentTable(Tidy())
    async with PostgresReadModel.open(postgres_url, table) as model:
        await model.prepare()
        for position in range(0, 9, 3):
            async with model.transaction() as connection:
                await model.advance(connection, tidy_at(position), Position(position + 3))
                await model.apply(connection, log(position + 3)[position:])
        assert await documents(model, table) == {"9": (9, 9), "sum": (45, 9)}


class Wrong:
    """Wants what cannot be stored."""

    name = "wrong"

    def __init__(self, change: Any) -> None:
        self.change = change

    def project(self, event: RecordedEvent) -> Iterable[Change]:
        del event
        yield self.change


@pytest.mark.parametrize(
    "change",
    [
        Put("nul\0", 1),
        Put("k", float("nan")),
        Put("k", {"a": [None, -inf]}),
        Put("k", object()),
        Put(cast("str", 7), 1),
        Update("k", lambda n: n + 1),
    ],
)
async def test_what_cannot_be_stored_is_the_projections_failure(
    postgres_url: str, change: Change
) -> None:
    table = DocumentTable(Wrong(change))
    async with PostgresReadModel.open(postgres_url, table) as model:
        await model.prepare()
        start = await model.checkpoint()
        with pytest.raises(ProjectionFailed, match="wrong"):
            await model.commit(log(1), start)
        assert await documents(model, table) == {}
        assert await model.checkpoint() == start


@pytest.mark.parametrize("key", [5, b"5", None, "a\0b", "\ud800"])
async def test_a_key_that_is_no_text_is_the_projections_failure(
    postgres_url: str, key: Any
) -> None:
    class Wrong:
        name = "wrong"

        def project(self, event: RecordedEvent) -> Iterable[Change]:
            del event
            yield Put("right", 1)
            yield Put(key, 2)

    table = DocumentTable(Wrong())
    async with PostgresReadModel.open(postgres_url, table) as model:
        await model.prepare()
        start = await model.checkpoint()
        with pytest.raises(ProjectionFailed):
            await model.commit(log(1), start)
        assert await documents(model, table) == {}
        assert await model.checkpoint() == start


class OddKey(str):
    __slots__ = ()


async def test_documents_are_what_they_are_whatever_is_in_them(postgres_url: str) -> None:
    """Line ends, separators, an empty key, and JSON that came from elsewhere."""
    documents_in = {
        "": "",
        "a\nb": "one\ntwo\u2028three",
        "a,b": ["x\r\n", None, {"\n": ","}],
        "raw": msgspec.Raw(b'{\n  "indented": [1,\n 2]\n}\n'),
        "NULL": "NULL",
        'q"\\u0041\U0001f600\x01': 1,
        OddKey("of another type"): 2,
    }

    class Odd:
        name = "odd"

        def project(self, event: RecordedEvent) -> Iterable[Change]:
            del event
            for key, document in documents_in.items():
                yield Put(key, document)
            yield Update("lone", lambda before: None if before else False)

    table = DocumentTable(Odd())
    async with PostgresReadModel.open(postgres_url, table) as model:
        await project_all(model, log(3), batch=1)
        expected = documents_in | {"raw": {"indented": [1, 2]}, "lone": False}
        assert await documents(model, table) == {k: (v, 3) for k, v in expected.items()}


async def test_a_connection_that_died_is_not_the_projections_failure(postgres_url: str) -> None:
    table = DocumentTable(Tidy())
    async with PostgresReadModel.open(postgres_url, table) as model:
        await project_all(model, log(2), batch=1)
        async with model.transaction() as connection:
            await connection.execute(
                sa.text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE application_name = 'projector tidy' AND pid <> pg_backend_pid()"
                )
            )
        with pytest.raises(ReadModelUnavailable):
            await model.commit(log(3)[2:], tidy_at(2))


async def test_a_driver_that_lost_its_way_is_not_the_projections_failure(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """asyncpg has an error of its own for a connection that is lost while a statement begins."""

    async def lost(*_: object, **__: object) -> None:
        raise asyncpg.InternalClientError("cannot switch to state 12")

    table = DocumentTable(Tidy())
    async with PostgresReadModel.open(postgres_url, table) as model:
        await project_all(model, log(2), batch=1)
        monkeypatch.setattr(table, "commit", lost)
        with pytest.raises(ReadModelUnavailable, match="cannot switch to state"):
            await model.commit(log(3)[2:], tidy_at(2))

"""What is known of documents is what is stored, or nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventstore.event import RecordedEvent
from eventstore.stream import Position
from projector.documents import Change, Put, Update
from projector.errors import CheckpointConflict, ProjectionFailed
from projector.known_documents import KnownDocuments
from projector.postgres import PostgresReadModel
from projector.postgres_documents import DocumentTable
from tests.support.recorded import log

AT = Position(5)


def test_what_is_kept_is_known_at_that_checkpoint_and_at_no_other() -> None:
    known = KnownDocuments()
    known.keep(AT, {"a": "1", "gone": None})
    assert known.take(AT, ["a", "b", "gone"]) == {"a": "1", "gone": None}
    known.keep(Position(6), {"a": "2"})
    assert known.take(AT, ["a", "gone"]) == {}
    assert known.take(Position(6), ["a", "gone"]) == {}


def test_at_the_first_checkpoint_it_is_known_that_there_is_nothing() -> None:
    known = KnownDocuments(bytes_max=4000)
    assert known.take(Position(0), ["a"]) == {"a": None}
    known.keep(AT, {"a": "1"})
    assert known.take(AT, ["a", "b"]) == {"a": "1", "b": None}
    for number in range(1, 20):  # until something had to be forgotten
        known.keep(AT, {f"x{number}": "x" * 500})
    assert known.take(AT, ["a", "b", "x19"]) == {"x19": "x" * 500}


def test_who_comes_later_does_not_know_what_is_not_there() -> None:
    known = KnownDocuments()
    assert known.take(AT, ["a"]) == {}
    known.keep(Position(6), {"a": "1"})
    assert known.take(Position(6), ["a", "b"]) == {"a": "1"}
    assert known.take(Position(0), ["a"]) == {"a": None}, "somebody began anew"
    assert known.take(AT, ["a"]) == {}


def test_what_was_taken_and_not_kept_is_known_no_more() -> None:
    known = KnownDocuments()
    known.keep(AT, {"a": "1"})
    assert known.take(AT, ["a"]) == {"a": "1"}
    assert known.take(AT, ["a"]) == {}


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 300)), max_size=200))
def test_what_is_known_is_true_and_bounded(changes: list[tuple[int, int]]) -> None:
    known, bytes_max = KnownDocuments(bytes_max=4000), 4000
    stored: dict[str, str] = {}
    held = 0
    for number, (key, length) in enumerate(changes):
        present = known.take(Position(number), stored)
        assert present.items() <= stored.items()
        held = sum(200 + len(key) + len(document or "") for key, document in present.items())
        assert held <= bytes_max + 2 * 600
        stored[str(key)] = "x" * length
        known.keep(Position(number + 1), {str(key): stored[str(key)]})


def test_what_is_used_is_not_forgotten() -> None:
    known = KnownDocuments(bytes_max=4000)
    known.keep(Position(0), {"used": "1"})
    for number in range(200):
        used = known.take(Position(number), ["used"])
        assert used == {"used": "1"}
        known.keep(Position(number + 1), used | {str(number): "x"})


class Mixed:
    """Counts, puts, removes and lets alone, by position; and fails when it is told to."""

    name = "mixed"

    def __init__(self) -> None:
        self.fail = False

    def project(self, event: RecordedEvent) -> Iterable[Change]:
        position = event.position
        yield Update("all", lambda n: (n or 0) + 1)
        yield Update(f"by {position % 7}", lambda seen: [*(seen or []), position][-3:])
        if position % 5 == 0:
            yield Put(f"by {position % 3}", None)
        if position % 4 == 0:
            yield Update(f"absent {position % 8}", lambda _: None)
        if self.fail:
            raise ValueError("told to")


async def stored(driver: asyncpg.Connection[Any]) -> list[tuple[Any, ...]]:
    rows = await driver.fetch(
        'SELECT key, document::text, position FROM documents."mixed@1" ORDER BY key'
    )
    return [tuple(row) for row in rows]


@pytest.mark.stack
async def test_what_is_not_read_again_changes_nothing(postgres_url: str) -> None:
    """Two projectors of one name take turns and race, and fail: each batch once, and the same."""
    events = log(120)
    projection = Mixed()
    table = DocumentTable(projection)
    async with (
        PostgresReadModel.open(postgres_url, table) as one,
        PostgresReadModel.open(postgres_url, table) as other,
    ):
        await one.prepare()
        checkpoint = await one.checkpoint()
        await other.checkpoint()
        for start in range(0, 120, 4):
            batch = events[start : start + 4]
            projection.fail = start % 16 == 0
            if projection.fail:
                with pytest.raises(ProjectionFailed):
                    await one.commit(batch, checkpoint)
                projection.fail = False
            models = ((one,), (one,), (other,), (one, other))[start // 4 % 4]
            answers = await asyncio.gather(
                *(model.commit(batch, checkpoint) for model in models), return_exceptions=True
            )
            (checkpoint,) = [a for a in answers if not isinstance(a, BaseException)]
            assert all(isinstance(a, CheckpointConflict) for a in answers if a is not checkpoint)
        left = await stored(await one.direct())
    async with PostgresReadModel.open(postgres_url, DocumentTable(Mixed())) as model:
        driver = await model.direct()
        await driver.execute(
            'TRUNCATE documents."mixed@1"; UPDATE projector.checkpoints SET position = 0'
        )
        for start in range(0, 120, 4):
            async with model.transaction() as connection:
                await model.apply(connection, events[start : start + 4])
        assert await stored(driver) == left


@pytest.mark.stack
async def test_what_a_connection_wrote_it_does_not_read_again(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads: list[list[str]] = []
    table = DocumentTable(Mixed())
    load = table._load

    async def noted(driver: Any, keys: Any) -> dict[str, str | None]:
        loads.append(list(keys))
        return await load(driver, keys)

    monkeypatch.setattr(table, "_load", noted)
    async with PostgresReadModel.open(postgres_url, table) as model:
        await model.prepare()
        checkpoint = await model.checkpoint()
        checkpoint = await model.commit(log(8), checkpoint)
        assert not loads, "before the first event there is nothing to read"
    async with PostgresReadModel.open(postgres_url, table) as model:
        await model.checkpoint()
        for start in range(8, 32, 8):
            checkpoint = await model.commit(log(start + 8)[start:], checkpoint)
    read = [key for keys in loads for key in keys]
    assert len(read) == len(set(read))
    assert "all" in read

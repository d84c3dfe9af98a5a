"""A batch, decided by one call, answers what its appends would be answered one after the other."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from typing import Any

import asyncpg
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventstore import (
    ABSENT,
    ANY,
    EXISTS,
    Appended,
    Event,
    EventIdReused,
    ExpectedVersion,
    StreamVersion,
    Write,
    WrongExpectedVersion,
    stream_name,
)
from eventstore.memory import MemoryEventStore
from eventstore.postgres.batching import PendingAppend
from eventstore.postgres.calls import batch_answers, batch_arguments, is_simple, singles_arguments
from eventstore.postgres.chain import verify_chain
from eventstore.postgres.queries import query
from eventstore.validation import check_append_all
from tests.support.stores import outcome

STORED = """
SELECT
    e.position, e.stream, e.version, e.type, e.tags,
    ARRAY(
        SELECT t.tag FROM eventstore.event_tags AS t WHERE t.position = e.position
        ORDER BY t.tag COLLATE "C"
    ) AS found_by,
    (SELECT e.data #>> '{}') AS data
FROM eventstore.events AS e
WHERE e.position > $1
ORDER BY e.position
"""


def _as_tag(text: str) -> str:
    return text.replace(" ", "_")


expectations = st.sampled_from([ANY, ANY, EXISTS, ABSENT]) | st.integers(0, 6).map(StreamVersion)


class Drawn(msgspec.Struct, frozen=True):
    """An append: streams by number, each with how many events; perhaps it repeats another one."""

    writes: list[tuple[int, int, ExpectedVersion]]
    repeats: int | None
    text: str = "x"
    tags: tuple[str, ...] = ()


writes = st.lists(
    st.tuples(st.integers(0, 2), st.integers(1, 2), expectations),
    min_size=1,
    max_size=2,
    unique_by=lambda write: write[0],
)
batches = st.lists(
    st.lists(
        st.builds(Drawn, writes=writes, repeats=st.none() | st.integers(0, 9)),
        min_size=1,
        max_size=8,
    ),
    min_size=1,
    max_size=3,
)

# What arrays of PostgreSQL, JSON and the separators of the statements could take for their own.
texts = st.text(st.sampled_from("x,;{}\"'\\ é€😀"), min_size=1, max_size=4)
single_batches = st.lists(
    st.lists(
        st.builds(
            Drawn,
            writes=st.lists(
                st.tuples(st.integers(0, 2), st.just(1), expectations), min_size=1, max_size=1
            ),
            repeats=st.none() | st.integers(0, 9),
            text=texts,
            tags=st.just(()) | st.lists(texts.map(_as_tag), max_size=2, unique=True).map(tuple),
        ),
        min_size=2,
        max_size=8,
    ),
    min_size=1,
    max_size=3,
)


def requested(batch: list[Drawn], prefix: str, sent: list[list[Write]]) -> list[list[Write]]:
    """The batch's appends, of which some repeat what was sent in batches before."""
    made: list[list[Write]] = []
    for append in batch:
        if (
            append.repeats is not None
            and append.repeats < len(sent)
            and sent[append.repeats] not in made
        ):
            made.append(sent[append.repeats])
        else:
            made.append(
                [
                    Write(
                        stream=stream_name(f"{prefix}-{number}"),
                        events=[
                            Event(type=append.text, data=append.text, tags=append.tags)
                            for _ in range(amount)
                        ],
                        expected=expected,
                    )
                    for number, amount, expected in append.writes
                ]
            )
    return made


def plain(answer: Any, shift: int) -> Any:
    match answer:
        case WrongExpectedVersion():
            return "wrong-version", answer.stream, answer.actual
        case EventIdReused():
            return "id-reused", answer.event_id
        case Exception():
            raise answer
    return [
        (a.stream, a.version, a.position + shift, a.events, a.repeated)
        for a in answer
        if isinstance(a, Appended)
    ]


async def compare(
    sql: asyncpg.Connection[asyncpg.Record], drawn: list[list[Drawn]], prefix: str
) -> None:
    memory = MemoryEventStore()
    start: int = await sql.fetchval(query("head"))
    sent: list[list[Write]] = []
    for batch in drawn:
        appends = requested(batch, prefix, sent)
        ours = [plain(await outcome(memory.append_all(append)), start) for append in appends]
        assert await answers(sql, appends) == ours
        sent += appends
    # Each event is where it was acknowledged, as the memory store has it.
    stored = [(row["position"] - start, *row.values()) for row in await sql.fetch(STORED, start)]
    assert [(shifted, *rest) for shifted, _, *rest in stored] == [
        (
            event.position,
            event.stream,
            event.version,
            event.type,
            list(event.tags),
            sorted(event.tags),
            event.data,
        )
        for event in await memory.read_log()
    ]


async def answers(
    sql: asyncpg.Connection[asyncpg.Record], appends: Sequence[Sequence[Write]]
) -> list[Any]:
    pending = [PendingAppend(check_append_all(append), None, None, 0.0) for append in appends]
    if all(map(is_simple, pending)) and len(pending) > 1:
        (row,) = await sql.fetch(query("append_singles"), *singles_arguments(pending))
    else:
        (row,) = await sql.fetch(query("append_batch"), *batch_arguments(pending))
    return [plain(answer, 0) for answer in batch_answers(pending, row)]


@pytest.mark.stack
@pytest.mark.parametrize("drawn_batches", [batches, single_batches], ids=["any", "singles"])
def test_a_batch_is_its_appends_one_after_the_other(
    store_url: str, drawn_batches: st.SearchStrategy[list[list[Drawn]]]
) -> None:
    runs = itertools.count()
    with asyncio.Runner() as runner:
        sql = runner.run(asyncpg.connect(store_url))

        @settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
        @given(drawn_batches)
        def check(drawn: list[list[Drawn]]) -> None:
            runner.run(compare(sql, drawn, f"run{next(runs)}"))

        try:
            check()
        finally:
            runner.run(sql.close())
        assert runner.run(verify_chain(store_url)).fault is None


@pytest.mark.stack
async def test_a_new_stream_begins_with_the_append_that_was_taken(store_url: str) -> None:
    """The stream's number is the position of its first event, though one before it was refused."""
    sql = await asyncpg.connect(store_url)
    name = stream_name("hot-1")

    def append(expected: ExpectedVersion) -> list[Write]:
        return [Write(stream=name, events=[Event(type="x")], expected=expected)]

    found = await answers(sql, [append(EXISTS), append(ANY), append(StreamVersion(1))])
    assert found == [
        ("wrong-version", name, 0),
        [(name, 1, 1, 1, False)],
        [(name, 2, 2, 1, False)],
    ]
    assert await sql.fetchval("SELECT id FROM eventstore.streams WHERE name = $1", name) == 1
    await sql.close()

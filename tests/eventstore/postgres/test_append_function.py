"""What holds below the store, for whoever calls the function or writes SQL himself."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import pytest

from eventstore.event import new_event_id
from eventstore.postgres.engine import connect
from eventstore.postgres.queries import query

pytestmark = pytest.mark.stack

CALL = "SELECT * FROM eventstore.append($1, $2, $3, $4, $5, $6, $7)"
ONE = "SELECT * FROM eventstore.append_one($1, 0, null, $2, 'x', 'null', '{}', '')"

SINGLES = "SELECT * FROM eventstore.append_singles($1, $2, $3, $4, $5, $6, $7, $8, $9)"


@pytest.fixture
async def sql(store_url: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """A connection as psql would make it, with none of our settings."""
    connection = await asyncpg.connect(store_url)
    yield connection
    await connection.close()


def arguments(stream: str, amount: int) -> tuple[Any, ...]:
    ids = [new_event_id() for _ in range(amount)]
    return stream, 0, None, ids, ["x"] * amount, ["null"] * amount, ["{}"] * amount


def singles(*streams: str, ahead: list[int] | None = None) -> tuple[Any, ...]:
    amount = len(streams)
    ids = [new_event_id() for _ in streams]
    free: list[int | None] = [None] * amount
    texts = (["x"] * amount, None, ["null"] * amount, ["{}"] * amount)
    return list(streams), [0] * amount, free, ahead, ids, *texts


@pytest.mark.parametrize("level", ["repeatable_read", "serializable"])
async def test_it_needs_read_committed(sql: asyncpg.Connection[asyncpg.Record], level: Any) -> None:
    for call, given in (
        (CALL, arguments("a-1", 1)),
        (ONE, ("a-1", new_event_id())),
        (SINGLES, singles("a-1", "b-1")),
    ):
        with pytest.raises(asyncpg.PostgresError, match="READ COMMITTED") as caught:
            async with sql.transaction(isolation=level):
                await sql.fetch(call, *given)
        assert caught.value.sqlstate == "ES001"


async def test_it_needs_an_event(sql: asyncpg.Connection[asyncpg.Record]) -> None:
    with pytest.raises(asyncpg.PostgresError, match="at least one event"):
        await sql.fetch(CALL, *arguments("a-1", 0))
    with pytest.raises(asyncpg.PostgresError, match="at least one event"):
        await sql.fetch(SINGLES, *singles())


@pytest.mark.parametrize("column", range(9))
async def test_columns_of_a_batch_are_as_long_as_it(
    sql: asyncpg.Connection[asyncpg.Record], column: int
) -> None:
    """A text that contained the separator would otherwise move the events behind it."""
    given = list(singles("a-1", "b-1", ahead=[0, 0]))
    given[6] = ["", ""]
    given[column] = given[column][:1]
    with pytest.raises(asyncpg.DataError, match="a row for each"):
        await sql.fetch(SINGLES, *given)
    (row,) = await sql.fetch(CALL, *arguments("a-1", 1))
    assert row["last_position"] == 1


@pytest.mark.parametrize("table", ["events", "streams", "event_tags", "commits"])
@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM {}", "TRUNCATE {}", "UPDATE {} SET {} = {}", "DELETE FROM {} WHERE false"],
)
async def test_the_log_is_append_only(
    sql: asyncpg.Connection[asyncpg.Record], table: str, statement: str
) -> None:
    await sql.fetch(CALL, *arguments("a-1", 1))
    column = {"events": "version", "streams": "name", "event_tags": "tag", "commits": "events"}[
        table
    ]
    with pytest.raises(asyncpg.PostgresError, match="append-only") as caught:
        await sql.execute(statement.format(f"eventstore.{table}", column, column))
    assert caught.value.sqlstate == "ES002"


async def test_positions_are_dense_though_a_transaction_was_rolled_back(
    sql: asyncpg.Connection[asyncpg.Record],
) -> None:
    transaction = sql.transaction()
    await transaction.start()
    await sql.fetch(CALL, *arguments("a-1", 3))
    await transaction.rollback()
    (row,) = await sql.fetch(CALL, *arguments("b-1", 1))
    assert (row["outcome"], row["last_position"]) == ("appended", 1)


async def test_several_appends_in_one_transaction(
    sql: asyncpg.Connection[asyncpg.Record],
) -> None:
    async with sql.transaction():
        for stream in ("a-1", "b-1", "a-1"):
            await sql.fetch(CALL, *arguments(stream, 2))
    rows = await sql.fetch(query("read_log"), 0, 2**62, 10)
    assert [(r["position"], r["stream"], r["version"]) for r in rows] == [
        (1, "a-1", 1),
        (2, "a-1", 2),
        (3, "b-1", 1),
        (4, "b-1", 2),
        (5, "a-1", 3),
        (6, "a-1", 4),
    ]


def nodes(plan: Any) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", []):
        yield from nodes(inner)


async def append_to(sql: asyncpg.Connection[asyncpg.Record], call: str, before: str = "") -> Any:
    given = {
        CALL: arguments("a-1", 1),
        ONE: ("a-1", new_event_id()),
        SINGLES: singles("a-1", "b-1", "a-1", ahead=[0, 0, 1]),
    }[call]
    return await sql.fetchval(f"{before} {call}", *given)


async def buffers_of_one_append(sql: asyncpg.Connection[asyncpg.Record], call: str) -> int:
    """Pages that one append touches, those of the statements inside the function included."""
    explained = await append_to(sql, call, "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)")
    (plan,) = json.loads(explained)
    return int(plan["Plan"]["Shared Hit Blocks"]) + int(plan["Plan"]["Shared Read Blocks"])


@pytest.mark.parametrize(
    "call", [CALL, ONE, SINGLES], ids=["append", "append_one", "append_singles"]
)
async def test_the_work_of_an_append_does_not_grow_with_the_log(
    sql: asyncpg.Connection[asyncpg.Record], call: str
) -> None:
    # The plans of this session are made, and cached, while the tables look tiny: an analysed page
    # of one row is where the planner would choose to read the whole table, for ever.
    await append_to(sql, call)
    await sql.execute("ANALYZE eventstore.events, eventstore.streams, eventstore.commits")
    for _ in range(10):
        await append_to(sql, call)
    small = await buffers_of_one_append(sql, call)
    for batch in range(20):
        await sql.fetch(CALL, *arguments(f"b-{batch}", 1000))
    pages = await sql.fetchval("SELECT pg_relation_size('eventstore.events') / 8192")
    assert pages > 200
    assert await buffers_of_one_append(sql, call) < small + 50


@pytest.mark.parametrize(
    "name",
    [
        "read_log",
        "read_log_backwards",
        "read_stream",
        "read_stream_backwards",
        "stream_version",
        "head",
    ],
)
async def test_reads_go_by_index(store_url: str, name: str) -> None:
    connection = await connect(store_url)
    try:
        await connection.fetch(CALL, *arguments("a-1", 1))
        await connection.execute("ANALYZE eventstore.events, eventstore.streams")
        (plan,) = json.loads(await explain(connection, query(name)))
    finally:
        await connection.close()
    kinds = {node["Node Type"] for node in nodes(plan["Plan"])}
    assert not kinds & {"Seq Scan", "Sort", "Hash Join", "Bitmap Heap Scan"}, kinds


async def explain(connection: asyncpg.Connection[asyncpg.Record], statement: str) -> str:
    """The plan for any arguments; inside a function, since the driver would ask for them."""
    body = "\n".join(line for line in statement.splitlines() if not line.startswith("--"))
    await connection.execute(
        "CREATE FUNCTION pg_temp.plan() RETURNS text LANGUAGE plpgsql AS $plan$"
        "DECLARE answer text; BEGIN "
        f"EXECUTE $text$EXPLAIN (FORMAT JSON, GENERIC_PLAN) {body}$text$ INTO answer;"
        "RETURN answer; END $plan$"
    )
    answer: str = await connection.fetchval("SELECT pg_temp.plan()")
    return answer

"""The benchmarks' own instruments: they must see what is there."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from benchmarks.closed_loop import Loop, Rate, best, middle, run
from benchmarks.large_log import measure_large_log
from benchmarks.logs import fill, hot_rate
from benchmarks.raw import open_log
from benchmarks.tailing import follow
from eventstore import connect, stream_name
from eventstore.config import DEFAULT_LOG

LOOP = Loop(producers=3, batch=10, warm_up=0.05, seconds=0.2)


async def test_a_closed_loop_has_one_call_a_producer_in_flight() -> None:
    flying: set[int] = set()
    numbers: dict[int, list[int]] = {}

    async def call(producer: int, number: int) -> None:
        assert producer not in flying
        flying.add(producer)
        numbers.setdefault(producer, []).append(number)
        await asyncio.sleep(0.001)
        flying.remove(producer)

    rate = await run(LOOP, call)
    calls = [len(of) for of in numbers.values()]
    assert all(of == list(range(len(of))) for of in numbers.values())
    assert len(calls) == LOOP.producers
    assert 0 < rate.events <= sum(calls) * LOOP.batch
    assert rate.events % LOOP.batch == 0
    assert rate.p50 is not None
    assert rate.p99 is not None
    assert 0 < rate.p50 <= rate.p99


def test_the_best_round_counts() -> None:
    slow, fast = Rate(events=10, seconds=1.0), Rate(events=10, seconds=0.5)
    assert best([slow, fast, slow]) is fast


def test_the_middle_round_is_of_the_median_rate() -> None:
    slow, usual, fast = (Rate(events=events, seconds=1.0) for events in (1, 2, 30))
    assert middle([fast, slow, usual]) is usual
    assert middle([fast, slow]) is slow
    assert slow.words() == "no call ended in time"


@pytest.mark.parametrize("late", [False, True], ids=["in order", "late commits"])
async def test_a_follower_sees_what_a_position_cursor_misses(*, late: bool) -> None:
    """Positions are given at once; with late commits every third becomes visible afterwards."""
    given = 0
    visible: set[int] = set()

    async def write(_: int, amount: int) -> None:
        nonlocal given
        first, given = given + 1, given + amount
        if late and first % 3 == 0:
            await asyncio.sleep(0.02)
        visible.update(range(first, first + amount))
        await asyncio.sleep(0.001)

    async def read(after: int) -> list[int]:
        return sorted(position for position in visible if position > after)[:10]

    async def stored() -> int:
        return len(visible)

    followed = await follow(read, write, writers=8, events=400, stored=stored)
    assert followed.events == given >= 400
    assert followed.twice == 0
    assert (followed.missed > 0) == late
    assert followed.dense == (not late)


@pytest.mark.stack
async def test_the_raw_table_follows_the_schema(store_url: str) -> None:
    raw = await open_log(store_url)
    loop = Loop(producers=2, warm_up=0.0, seconds=0.1)
    assert (await raw.insert_rate(loop, connections=2)).events > 0
    assert (await raw.copy_rate(0.0001, 10)).events == 10
    followed = await raw.follow(writers=2, events=20)
    assert followed.events >= 20


@pytest.mark.stack
async def test_the_raw_table_takes_as_many_rows_as_our_log_has(store_url: str) -> None:
    async with connect(store_url) as store:
        await fill(store, 2_000, run_name="copied")
    raw = await open_log(store_url, "raw_copied")
    sql = await asyncpg.connect(store_url)
    await sql.execute(raw.copy_statement(DEFAULT_LOG))
    assert await sql.fetchval("SELECT count(*) FROM raw_copied.events") == 2_000
    await sql.close()


@pytest.mark.stack
async def test_producers_of_one_stream_all_get_their_events_in(store_url: str) -> None:
    async with connect(store_url) as store:
        rate = await hot_rate(store, LOOP, run_name="x")
        assert 0 < rate.events <= await store.stream_version(stream_name("hot-x"))


@pytest.mark.stack
async def test_a_large_log_and_an_empty_one_take_turns(store_url: str) -> None:
    row = await measure_large_log(store_url, LOOP, rounds=1, events=2_000)
    assert row.ours is not None
    assert row.ours > 0
    assert row.ratio_to_limit is not None
    assert "raw inserts into as many rows" in row.note

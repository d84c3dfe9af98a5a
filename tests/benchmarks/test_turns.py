from __future__ import annotations

import gc
from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from benchmarks.turns import Rounds, in_turns, settle


async def test_rounds_take_turns_in_who_goes_first() -> None:
    calls = ""

    def read(name: str) -> Callable[[], Awaitable[int]]:
        async def one() -> int:
            nonlocal calls
            calls += name
            return 3

        return one

    rounds = await in_turns({name: read(name) for name in "abc"}, rounds=4)
    assert calls == "abc" + "abc" + "bca" + "cab" + "abc"  # the first of them warms up
    assert {name: len(rates) for name, rates in rounds.rates.items()} == {"a": 4, "b": 4, "c": 4}
    assert rounds.events == 3
    calls = ""
    await in_turns({name: read(name) for name in "ab"}, rounds=2, passes=3)
    assert calls == "ab" + "aaabbb" + "bbbaaa"


def test_what_slows_a_round_down_leaves_its_ratio_alone() -> None:
    rounds = Rounds(
        events=1,
        rates={"ours": (90.0, 9.0, 45.0, 90.0, 1.0), "limit": (100.0, 10.0, 50.0, 7.0, 100.0)},
    )
    assert rounds.ratio("ours", "limit") == 0.9
    assert rounds.median("ours") == 45.0
    assert rounds.words("ours", "limit") == "half of 5 rounds between 0.46 and 6.88"


@pytest.mark.stack
async def test_filled_tables_are_settled(store_url: str) -> None:
    connection = await asyncpg.connect(store_url)
    try:
        await connection.execute("CREATE TABLE filled AS SELECT generate_series(1, 1000) AS number")
        await settle(connection)
        assert await connection.fetchval(
            "SELECT relallvisible > 0 FROM pg_class WHERE relname = 'filled'"
        )
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
        await connection.close()

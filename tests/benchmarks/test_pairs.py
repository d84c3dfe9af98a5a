from __future__ import annotations

import gc

import asyncpg
import pytest

from benchmarks.pairs import Pairs, in_pairs, settle


async def test_rounds_take_turns_in_who_goes_first() -> None:
    calls = ""

    async def ours() -> int:
        nonlocal calls
        calls += "o"
        return 3

    async def limit() -> int:
        nonlocal calls
        calls += "l"
        return 3

    pairs = await in_pairs(ours, limit, rounds=4)
    assert calls == "ol" + "ol" + "lo" + "ol" + "lo"  # the first of them warms up
    assert (len(pairs.ours), len(pairs.limit), pairs.events) == (4, 4, 3)


def test_what_slows_a_round_down_leaves_its_ratio_alone() -> None:
    quiet = Pairs(events=1, ours=(90.0,) * 5, limit=(100.0,) * 5)
    slowed = Pairs(
        events=1, ours=(90.0, 9.0, 45.0, 90.0, 1.0), limit=(100.0, 10.0, 50.0, 7.0, 100.0)
    )
    assert quiet.ratio == slowed.ratio == 0.9
    assert slowed.words() == "half of 5 rounds between 0.46 and 6.88"


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

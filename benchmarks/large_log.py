"""Whether a large log is slower than an empty one: both on one server, in turns, beside raw tables.

The large log and its server are settled first (a checkpoint, a vacuum): what the filling left to
do in the background would slow down any log on that server, and says nothing about the size of one.
Then each round is an empty log, the large one, an empty raw table and one with as many rows. What
it is before that, at once after the filling, is in the note.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Final

import asyncpg

from benchmarks import raw
from benchmarks.closed_loop import Loop, Rate, best
from benchmarks.document import Row
from benchmarks.logs import append_rate, fill
from eventstore import connect
from eventstore.migrate import migrate

__all__ = ["measure_large_log"]

_LARGE: Final = "large"


async def measure_large_log(url: str, loop: Loop, *, rounds: int, events: int) -> Row:
    """Measure the row append-5m, on a server that does nothing else."""
    before = await _empty_log(url, loop, rounds)
    filled = await _fill(url, events)
    unsettled = await _ours(url, _LARGE, loop, rounds)
    large_raw = await raw.open_log(url, "raw_large")
    empty_raw = await raw.open_log(url, "raw_empty")
    await _settle(url, large_raw.copy_statement(_LARGE))
    contests: dict[str, Callable[[int], Awaitable[Rate]]] = {
        "empty": lambda number: _empty_log(url, loop, number),
        "large": lambda number: _ours(url, _LARGE, loop, number),
        "empty raw": lambda _: empty_raw.insert_rate(loop, loop.producers),
        "large raw": lambda _: large_raw.insert_rate(loop, loop.producers),
    }
    measured: dict[str, list[Rate]] = {name: [] for name in contests}
    for number in range(rounds):
        for name, contest in contests.items():
            measured[name].append(await contest(number))
    async with connect(url, log=_LARGE) as store:
        head = await store.head()
    rates = {name: best(found) for name, found in measured.items()}
    large, empty = rates["large"], rates["empty"]
    raw_ratio = rates["large raw"].per_second / rates["empty raw"].per_second
    unsettled_ratio = unsettled.per_second / before.per_second
    return Row(
        name="append-5m",
        unit="events/s",
        ours=large.per_second,
        limit=empty.per_second,
        limit_name="an empty log",
        ratio_to_limit=large.per_second / empty.per_second,
        note=f"{loop.producers} producers at {head:,} events, filled at {filled:,.0f} events/s; "
        f"{large.words()}; raw inserts into as many rows: {raw_ratio:.2f} of an empty table's; "
        f"at once after the filling: {unsettled_ratio:.2f} of an empty log before it",
    )


async def _fill(url: str, events: int) -> float:
    """Fill the large log, and return the rate at which it went."""
    await migrate(url, log=_LARGE)
    async with connect(url, log=_LARGE) as store:
        began = time.perf_counter()
        await fill(store, events, run_name="large")
        return events / (time.perf_counter() - began)


async def _settle(url: str, copy: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in (copy, "VACUUM ANALYZE", "CHECKPOINT"):
            await connection.execute(statement)
    finally:
        await connection.close()


async def _empty_log(url: str, loop: Loop, number: int) -> Rate:
    log = f"empty_{number}"
    await migrate(url, log=log)
    return await _ours(url, log, loop, number)


async def _ours(url: str, log: str, loop: Loop, number: int) -> Rate:
    async with connect(url, log=log) as store:
        return await append_rate(store, loop, run_name=f"{log}-{number}")

"""Two contenders in pairs: each round measures both, one right after the other.

A machine that others use too, or whose clock goes up and down, is now twice as fast and now half as
fast for a second or two. That moves both halves of a short round alike, and leaves its ratio alone;
what hits one half only is an outlier, and a median does not look at it. So the ratio is the median
of the ratios of the rounds, which take turns in who goes first, and is not the ratio of the
figures, each the median of its own.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Awaitable, Callable

import asyncpg
import msgspec

__all__ = ["Pairs", "in_pairs", "settle"]

_QUARTERS = 4


class Pairs(msgspec.Struct, frozen=True, kw_only=True):
    """What the rounds measured: events a second of ours and of the limit, round by round."""

    events: int
    ours: tuple[float, ...]
    limit: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """The median of the rounds' ratios, of ours to the limit."""
        return statistics.median(self._ratios())

    def words(self) -> str:
        """How far apart the rounds are: the middle half of their ratios."""
        low, _, high = statistics.quantiles(self._ratios(), n=_QUARTERS)
        return f"half of {len(self.ours)} rounds between {low:.2f} and {high:.2f}"

    def _ratios(self) -> list[float]:
        return [mine / other for mine, other in zip(self.ours, self.limit, strict=True)]


async def in_pairs(
    ours: Callable[[], Awaitable[int]], limit: Callable[[], Awaitable[int]], *, rounds: int
) -> Pairs:
    """Measure both in so many rounds; each call returns how many events it read.

    A round before the first one is not counted: it makes connections, plans and caches.
    """
    await ours()
    events = await limit()
    mine, others = [], []
    for number in range(rounds):
        if number % 2:
            others.append(await _rate(limit))
            mine.append(await _rate(ours))
        else:
            mine.append(await _rate(ours))
            others.append(await _rate(limit))
    return Pairs(events=events, ours=tuple(mine), limit=tuple(others))


async def settle(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """Have the server do now what filling tables left to do, and the collector its part.

    Else whoever reads first sets hint bits, autovacuum and the checkpoint come in the middle, and
    the objects of the imports are gone through again and again.
    """
    await connection.execute("VACUUM (ANALYZE)")
    await connection.execute("CHECKPOINT")
    gc.collect()
    gc.freeze()


async def _rate(read: Callable[[], Awaitable[int]]) -> float:
    began = time.perf_counter()
    events = await read()
    return events / (time.perf_counter() - began)

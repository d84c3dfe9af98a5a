"""Contenders in turns: each round measures all of them, one right after the other.

A machine that others use too, or whose clock goes up and down, is now twice as fast and now half as
fast for a second or two. That moves all of a short round alike, and leaves its ratios alone; what
hits one contender only is an outlier, and a median does not look at it. So a ratio is the median of
the ratios of the rounds, which take turns in who goes first, and is not the ratio of the figures,
each the median of its own.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping

import asyncpg
import msgspec

__all__ = ["Rounds", "in_turns", "settle"]

_QUARTERS = 4


class Rounds(msgspec.Struct, frozen=True, kw_only=True):
    """What the rounds measured: events a second of each contender, round by round."""

    events: int
    rates: Mapping[str, tuple[float, ...]]

    def median(self, name: str) -> float:
        """The median of a contender's rates."""
        return statistics.median(self.rates[name])

    def ratio(self, name: str, other: str) -> float:
        """The median of the rounds' ratios of one contender to another."""
        return statistics.median(self._ratios(name, other))

    def words(self, name: str, other: str) -> str:
        """How far apart the rounds are: the middle half of their ratios."""
        low, _, high = statistics.quantiles(self._ratios(name, other), n=_QUARTERS)
        return f"half of {len(self.rates[name])} rounds between {low:.2f} and {high:.2f}"

    def _ratios(self, name: str, other: str) -> list[float]:
        return [
            mine / theirs for mine, theirs in zip(self.rates[name], self.rates[other], strict=True)
        ]


async def in_turns(
    contenders: Mapping[str, Callable[[], Awaitable[int]]], *, rounds: int, passes: int = 1
) -> Rounds:
    """Measure all in so many rounds; each call returns how many events it read.

    Each turn reads it all so many times, so that it is longer than a processor takes to warm to
    it. A round before the first one is not counted: it makes connections, plans and caches.
    """
    events = 0
    for read in contenders.values():
        events = await read()
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    order = list(contenders)
    for _ in range(rounds):
        for name in order:
            rates[name].append(await _rate(contenders[name], passes))
        order.append(order.pop(0))
    return Rounds(events=events, rates={name: tuple(of) for name, of in rates.items()})


async def settle(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """Have the server do now what filling tables left to do, and the collector its part.

    Else whoever reads first sets hint bits, autovacuum and the checkpoint come in the middle, and
    the objects of the imports are gone through again and again.
    """
    await connection.execute("VACUUM (ANALYZE)")
    await connection.execute("CHECKPOINT")
    gc.collect()
    gc.freeze()


async def _rate(read: Callable[[], Awaitable[int]], passes: int) -> float:
    began = time.perf_counter()
    events = 0
    for _ in range(passes):
        events += await read()
    return events / (time.perf_counter() - began)

"""A closed loop: each of N producers sends, waits for the answer, and sends the next."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import msgspec

__all__ = ["Loop", "Rate", "best", "middle", "run"]


class Loop(msgspec.Struct, frozen=True, kw_only=True):
    """How a loop is run: ``batch`` events a call, measured for ``seconds`` after ``warm_up``."""

    producers: int
    batch: int = 1
    warm_up: float = 0.5
    seconds: float = 3.0


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """What a loop got done: events within the measured seconds, and seconds a call took."""

    events: int
    seconds: float
    p50: float | None = None
    p99: float | None = None

    @property
    def per_second(self) -> float:
        """Events a second."""
        return self.events / self.seconds

    def words(self) -> str:
        """The latencies in words."""
        if self.p50 is None or self.p99 is None:
            return "no call ended in time"
        return f"p50 {self.p50 * 1e3:.3g} ms, p99 {self.p99 * 1e3:.3g} ms"


def best(rates: list[Rate]) -> Rate:
    """The fastest of several rounds: what disturbs a round only ever slows it down."""
    return max(rates, key=lambda rate: rate.per_second)


def middle(rates: list[Rate]) -> Rate:
    """The round of the median rate; of an even number, the slower one of the two."""
    return sorted(rates, key=lambda rate: rate.per_second)[(len(rates) - 1) // 2]


async def run(loop: Loop, call: Callable[[int, int], Awaitable[object]]) -> Rate:
    """Measure ``call(producer, number)``; a call counts if it was answered within the time."""
    begin = time.perf_counter() + loop.warm_up
    end = begin + loop.seconds
    latencies: list[float] = []

    async def produce(producer: int) -> None:
        number = 0
        while (sent := time.perf_counter()) < end:
            await call(producer, number)
            number += 1
            answered = time.perf_counter()
            if begin <= answered <= end:
                latencies.append(answered - sent)

    async with asyncio.TaskGroup() as producers:
        for producer in range(loop.producers):
            producers.create_task(produce(producer))
    latencies.sort()
    return Rate(
        events=len(latencies) * loop.batch,
        seconds=loop.seconds,
        p50=_quantile(latencies, 0.5),
        p99=_quantile(latencies, 0.99),
    )


def _quantile(ascending: list[float], share: float) -> float | None:
    if not ascending:
        return None
    return ascending[min(len(ascending) - 1, int(len(ascending) * share))]

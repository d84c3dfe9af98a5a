"""Follow a log by a position cursor beside writers: is anything missed, or seen twice?"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

__all__ = ["Followed", "follow"]

_EMPTY_SLEEP: Final = 0.001


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """What a tailing reader saw of what writers wrote."""

    events: int
    seconds: float
    missed: int
    twice: int
    dense: bool

    def words(self) -> str:
        """The finding in words."""
        return f"of {self.events:,} missed {self.missed:,}, twice {self.twice:,}" + (
            ", positions dense" if self.dense else ""
        )


async def follow(
    read: Callable[[int], Awaitable[list[int]]],
    write: Callable[[int, int], Awaitable[None]],
    *,
    writers: int,
    events: int,
    stored: Callable[[], Awaitable[int]],
) -> Followed:
    """Follow a log by a position cursor beside writers of 1 to 9 events an append.

    Args:
        read: Positions after a position, in order, at most a page.
        write: Appends that many events as that writer.
        writers: How many write at once.
        events: How many all of them append.
        stored: How many events the log holds in truth.
    """
    clock = asyncio.get_running_loop().time
    writing = True
    seen: list[int] = []

    async def tail() -> None:
        last = 0
        while True:
            ended = not writing
            page = await read(last)
            if page:
                seen.extend(page)
                last = page[-1]
            elif ended:
                return
            else:
                await asyncio.sleep(_EMPTY_SLEEP)

    async def produce(writer: int) -> None:
        chooser, written = random.Random(writer), 0
        while written < events // writers:
            amount = chooser.randint(1, 9)
            await write(writer, amount)
            written += amount

    begin = clock()
    reader = asyncio.create_task(tail())
    await asyncio.gather(*map(produce, range(writers)))
    writing = False
    await reader
    seconds = clock() - begin
    total, distinct = await stored(), set(seen)
    return Followed(
        events=total,
        seconds=seconds,
        missed=total - len(distinct),
        twice=len(seen) - len(distinct),
        dense=seen == list(range(1, total + 1)),
    )

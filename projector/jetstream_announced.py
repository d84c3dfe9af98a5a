"""Hears on NATS that checkpoints moved, and wakes who waits for them.

What is lost while there is no connection costs those who wait time and nothing else: they also look
for themselves.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

from eventstore.dataplane.frames import Message
from eventstore.dataplane.opening import connect
from eventstore.errors import StreamUnavailable
from projector.checkpoint import announced_on

__all__ = ["hearing"]

_log: Final = logging.getLogger("projector")
_RETRY_SECONDS: Final = 1.0


@asynccontextmanager
async def hearing(url: str, projection: str, heard: Callable[[int], None]) -> AsyncIterator[None]:
    """Call ``heard`` with each announced generation, for the length of the block.

    A connection that is lost is made again, and ``heard`` is told 0 then: look yourself.
    """

    def take(message: Message) -> None:
        with suppress(ValueError):
            heard(int(message.subject.rpartition(b".")[2]))

    async def listen() -> None:
        while True:
            with suppress(StreamUnavailable):
                async with connect(url, name=f"read model {projection}") as plane:
                    plane.subscribe(announced_on(projection, "*"), take)
                    heard(0)
                    await asyncio.wait([plane.lost])
            _log.debug("not hearing what is announced of %s", projection)
            await asyncio.sleep(_RETRY_SECONDS)

    work = asyncio.create_task(listen())
    try:
        yield
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)

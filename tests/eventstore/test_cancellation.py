"""Who runs for ever ends when he is cancelled, also where a library lost that on the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, NoReturn

import pytest

from eventstore.cancellation import Cancellation
from eventstore.errors import StoreUnavailable
from eventstore.relay import relay
from projector import projector
from tests.support.seeded import seeded


async def test_a_cancellation_that_was_swallowed_is_seen() -> None:
    async def deaf() -> str:
        cancellation = Cancellation()
        cancellation.check()
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        cancellation.check()
        return "went on"

    task = asyncio.create_task(deaf())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_one_from_before_is_somebody_elses() -> None:
    async def begun_late() -> str:
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        cancellation = Cancellation()
        cancellation.check()
        with suppress(TimeoutError):
            async with asyncio.timeout(0.001):
                await asyncio.Event().wait()
        cancellation.check()
        return "went on"

    task = asyncio.create_task(begun_late())
    await asyncio.sleep(0)
    task.cancel()
    assert await task == "went on"


class Deaf:
    """Connections that lose a cancellation while they are made, or while they fail."""

    def __init__(self, *, fails: bool) -> None:
        self.fails = fails
        self.connecting = asyncio.Event()
        self.sessions = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Any]:
        self.sessions += 1
        self.connecting.set()
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(3600)
        if self.fails:
            raise StoreUnavailable("no answer")
        yield None


async def relaying(deaf: Deaf) -> NoReturn:
    await relay.run(deaf.open, random=seeded(1))


async def projecting(deaf: Deaf) -> NoReturn:
    await projector.run(deaf.open, random=seeded(1))


@pytest.mark.parametrize("run", [relaying, projecting])
@pytest.mark.parametrize("fails", [False, True])
async def test_a_loop_ends_all_the_same(
    run: Callable[[Deaf], Coroutine[Any, Any, NoReturn]], *, fails: bool
) -> None:
    deaf = Deaf(fails=fails)
    task = asyncio.create_task(run(deaf))
    await deaf.connecting.wait()
    task.cancel()
    async with asyncio.timeout(20):
        with pytest.raises(asyncio.CancelledError):
            await task
    assert deaf.sessions == 1

"""Projectors that park are killed while an operator replays: nothing is lost or out of order."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from eventstore.postgres.store import PostgresEventStore
from projector.errors import NotSetAside
from projector.postgres import PostgresReadModel
from projector.postgres_documents import DocumentTable
from projector.postgres_progress import PostgresProgress
from projector.replay import replay
from tests.support import relaying
from tests.support.fragile_lists import EVERY, FragileLists
from tests.support.seeded import seeded
from tests.support.source import ROOT

COMMAND = Path(sys.executable).parent / "projector"
EVENTS, STREAMS, KILLS = 600, 8, 3


async def killed_again_and_again(
    store_url: str, nats_url: str, progress: PostgresProgress, work: asyncio.Task[None]
) -> int:
    """Run projectors one after the other, each killed when it got on; return how many."""
    random, kills = seeded(3), 0
    arguments = ("run", "tests.support.fragile_lists:FragileLists", "--on-poison", "park")
    urls = ("--database-url", store_url, "--nats-url", nats_url, "--attempts", "1")

    async def position() -> int:
        return sum(state.position for state in await progress.states("fragile-lists"))

    while not work.done():
        before = await position()
        process = await asyncio.create_subprocess_exec(
            COMMAND, *arguments, *urls, cwd=ROOT, stderr=subprocess.DEVNULL
        )

        async def got_on(enough: int = min(before + EVENTS // 4, EVENTS)) -> bool:
            return work.done() or await position() >= enough

        await relaying.until(got_on)
        await asyncio.sleep(random.uniform(0, 0.1))
        process.kill()
        await process.wait()
        kills += 1
        if before + EVENTS // 4 >= EVENTS:
            await work
    return kills


async def operated(store: PostgresEventStore, store_url: str) -> None:
    """Replay what is parked, with a mended projection, until all is applied."""
    table = DocumentTable(FragileLists(mended=True))
    async with (
        PostgresReadModel.open(store_url, table) as model,
        PostgresProgress.open(store_url) as progress,
    ):
        await model.prepare()
        while True:
            (state,) = await progress.states(table.name)
            waiting = await progress.set_aside(table.name, 1)
            if not waiting and state.position >= EVENTS:
                return
            for key in {one.order_key for one in waiting}:
                with suppress(NotSetAside):
                    await replay(model, store, key)
            await asyncio.sleep(0.05)


@pytest.mark.stack
@pytest.mark.slow
async def test_each_event_is_applied_once_in_its_order(store_url: str, nats_url: str) -> None:
    async with (
        PostgresEventStore.connect(store_url) as store,
        relaying.relaying(store_url, nats_url),
        PostgresProgress.open(store_url) as progress,
    ):
        for n in range(EVENTS // 4):
            await relaying.append(store, 4, stream=f"count-{n * 5 % STREAMS}")
        work = asyncio.create_task(operated(store, store_url))
        async with asyncio.timeout(relaying.PATIENCE_SECONDS):
            assert await killed_again_and_again(store_url, nats_url, progress, work) >= KILLS
            await work
        log = await relaying.whole_log(store)
        assert sum(event.position % EVERY == 0 for event in log) > 20
        for stream in sorted({event.stream for event in log}):
            versions = [event.version for event in log if event.stream == stream]
            assert await progress.document("fragile-lists", stream) == versions

"""kill -9 of PostgreSQL and of writing processes, again and again, under load.

``TRUEORDER_CRASHES`` says how many; a release is tried with 50.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import pytest

from eventstore import OutcomeUnknown, reading
from eventstore.postgres.chain import verify_chain
from eventstore.postgres.store import PostgresEventStore
from tests.support import boundary_histories
from tests.support.crashing_writer import Acknowledged
from tests.support.seeded import seeded
from tests.support.source import ROOT
from verification.cluster.postgres import PostgresServer

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]

CRASHES = int(os.environ.get("TRUEORDER_CRASHES", "6"))
WRITERS = 2
UNDER_LOAD_SECONDS = 0.4


class Writers:
    """Processes that append, each killed and replaced by another at any time."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url = url
        self._folder = folder
        self._started = 0
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        path = self._folder / f"{self._started}.jsonl"
        module = "tests.support.crashing_writer"
        self._processes.append(
            subprocess.Popen(
                [sys.executable, "-m", module, self._url, path, str(self._started)], cwd=ROOT
            )
        )
        self._started += 1

    def kill(self, number: int) -> None:
        process = self._processes.pop(number)
        assert process.poll() is None, "a writer ended by itself"
        process.send_signal(signal.SIGKILL)
        process.wait()

    def kill_all(self) -> None:
        while self._processes:
            self.kill(0)

    def acknowledged(self) -> Iterator[Acknowledged]:
        for path in self._folder.glob("*.jsonl"):
            complete, _, _ = path.read_bytes().rpartition(b"\n")
            for line in complete.splitlines():
                yield msgspec.json.decode(line, type=Acknowledged)

    async def until_acknowledged(self, amount: int) -> None:
        async with asyncio.timeout(60):
            while sum(1 for _ in self.acknowledged()) < amount:  # noqa: ASYNC110 - other processes
                await asyncio.sleep(0.05)


async def test_nothing_acknowledged_is_lost(
    killable_postgres: PostgresServer, killable_store_url: str, tmp_path: Path
) -> None:
    chooser = seeded(3)
    writers = Writers(killable_store_url, tmp_path)
    try:
        for _ in range(WRITERS):
            writers.start()
        for crash in range(CRASHES):
            heard = sum(1 for _ in writers.acknowledged())
            await writers.until_acknowledged(heard + 50)
            await asyncio.sleep(chooser.uniform(0, UNDER_LOAD_SECONDS))
            if crash % 2:
                writers.kill(chooser.randrange(WRITERS))
                writers.start()
            else:
                await killable_postgres.kill()
                await killable_postgres.restart()
        await writers.until_acknowledged(sum(1 for _ in writers.acknowledged()) + 50)
    finally:
        writers.kill_all()
    async with PostgresEventStore.connect(killable_store_url) as store:
        log = [event async for event in reading.log(store)]
    report = await verify_chain(killable_store_url)
    assert (report.fault, report.events) == (None, len(log))
    ids = [str(event.id) for event in log]
    assert [event.position for event in log] == list(range(1, len(log) + 1))
    assert len(set(ids)) == len(ids)
    for line in writers.acknowledged():
        assert ids[line.first - 1 : line.last] == line.ids
    for stream in {event.stream for event in log}:
        versions = [event.version for event in log if event.stream == stream]
        assert versions == list(range(1, len(versions) + 1))
    acknowledged = sum(len(line.ids) for line in writers.acknowledged())
    sys.stdout.write(  # shown by pytest -s: what a release was tried with
        f"\nkill -9 of PostgreSQL {CRASHES - CRASHES // 2} times and of a writer {CRASHES // 2} "
        f"times: {acknowledged:,} events were acknowledged, {len(log):,} are in the log; none is "
        "lost, none is there twice, the chain is whole\n"
    )


async def test_boundaries_hold_and_outcomes_are_told_across_crashes(
    killable_postgres: PostgresServer, killable_store_url: str
) -> None:
    """An answer that got lost is told by `outcome` for ever, and what landed kept its boundary."""
    async with AsyncExitStack() as opened:
        stores = [
            await opened.enter_async_context(PostgresEventStore.connect(killable_store_url))
            for _ in range(2)
        ]
        history = boundary_histories.History()
        kills, clients = max(2, CRASHES // 2), 16
        running = asyncio.create_task(
            boundary_histories.run_clients(
                stores, clients=clients, appends=25 * (kills + 2), history=history
            )
        )
        for kill in range(1, kills + 1):
            await history.until(kill * 25 * clients)
            await killable_postgres.kill()
            await killable_postgres.restart()
        await running
        log = [event async for event in reading.log(stores[0])]
    assert boundary_histories.judge(history, log) == []
    unknown = [a for a in history.attempts if isinstance(a.answer, OutcomeUnknown)]
    assert unknown, "the kills hit no append on its way"

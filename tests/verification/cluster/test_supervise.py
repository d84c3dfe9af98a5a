"""What dies is started again, unless it was told to die, or dies again and again."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from verification.cluster import supervise as supervise_module
from verification.cluster.commands import Command
from verification.cluster.supervise import supervise
from verification.errors import ServerFailed

# Modules of the standard library that run for ever, and that end at once with a word.
RUNS = ["http.server", "--bind", "127.0.0.1", "0"]
ENDS = ["json.tool", "/nowhere"]


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervise_module, "_FIRST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(supervise_module, "_POLL_SECONDS", 0.01)


@asynccontextmanager
async def supervised(
    folder: Path, arguments: list[str]
) -> AsyncIterator[tuple[Command, list[str], asyncio.Task[None]]]:
    changes: list[str] = []
    command = Command("web", arguments, folder=folder, environment={})
    await command.start()
    watch = asyncio.create_task(supervise(command, changes.append))
    try:
        yield command, changes, watch
    finally:
        watch.cancel()
        await asyncio.wait([watch])
        await command.stop()


async def until(count: int, changes: list[str]) -> None:
    async with asyncio.timeout(20):
        while True:
            if len(changes) >= count:
                return
            await asyncio.sleep(0.01)


async def test_a_crash_is_announced_and_mended(tmp_path: Path) -> None:
    async with supervised(tmp_path, RUNS) as (command, changes, _):
        first = command.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        await until(2, changes)
        assert changes == [
            "web was killed by SIGKILL; starting it again in 0.01 s",
            "web runs again",
        ]
        assert command.alive
        assert command.pid != first


@pytest.mark.parametrize("verb", ["kill", "stop"])
async def test_what_was_told_to_die_is_left_alone(tmp_path: Path, verb: str) -> None:
    async with supervised(tmp_path, RUNS) as (command, changes, _):
        await getattr(command, verb)()
        await asyncio.sleep(0.1)
        assert (changes, command.alive) == ([], False)
        await command.restart()
        await asyncio.sleep(0.1)
        assert (changes, command.alive) == ([], True)


async def test_what_dies_again_and_again_is_given_up(tmp_path: Path) -> None:
    async with supervised(tmp_path, ENDS) as (_, changes, watch):
        with pytest.raises(
            ServerFailed, match="ended with exit code 2, 5 times in a row"
        ) as caught:
            await watch
    assert "/nowhere" in " ".join(caught.value.tail)
    assert [change.partition(";")[2] for change in changes[::2]] == [
        f" starting it again in {wait:g} s" for wait in (0.01, 0.02, 0.04, 0.08)
    ]
    assert "No such file" in changes[0]


async def test_a_steady_life_is_forgiven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervise_module, "_STEADY_SECONDS", -1.0)
    async with supervised(tmp_path, ENDS) as (_, changes, watch):
        await until(12, changes)
        assert not watch.done()
    assert all("0.01 s" in change for change in changes[::2])

"""One child and all that descends from it: ended together, whoever ends."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.support.processes import is_running, state, survivors
from verification.cluster.process import Process
from verification.errors import ServerFailed

# A child with a grandchild in a session of its own, as PostgreSQL's backends are.
FAMILY = "setsid sleep 1000 & echo $$ $!; wait"


async def start(folder: Path, *command: str) -> Process:
    return await Process.start(
        "child",
        command,
        folder=folder,
        log=folder / "log",
        environment={"PATH": os.defpath},
    )


@asynccontextmanager
async def running(folder: Path, *command: str) -> AsyncIterator[Process]:
    process = await start(folder, *command)
    try:
        yield process
    finally:
        await process.kill()


async def words_of(process: Process, count: int) -> list[str]:
    async with asyncio.timeout(10):
        while True:
            words = " ".join(process.tail()).split()
            if len(words) >= count:
                return words
            await asyncio.sleep(0.01)


async def test_its_output_and_exit_code_are_kept(tmp_path: Path) -> None:
    for word in ("first", "second"):
        process = await start(tmp_path, "sh", "-c", f"pwd; echo {word} >&2; exit 7")
        assert await process.wait(10) == 7
        assert process.tail() == [str(tmp_path), word]
        assert process.poll() == process.returncode == 7
    assert (tmp_path / "log").read_text(encoding="utf-8").count("\n") == 4


async def test_it_gets_no_environment_but_its_own(tmp_path: Path) -> None:
    process = await start(tmp_path, "env")
    await process.wait(10)
    given = {line.partition("=")[0] for line in process.tail()}
    assert given <= {"PATH", "LC_CTYPE"}  # CPython, as the guard, adds LC_CTYPE by itself


async def test_a_kill_ends_the_whole_tree(tmp_path: Path) -> None:
    async with running(tmp_path, "sh", "-c", FAMILY) as process:
        child, grandchild = map(int, await words_of(process, 2))
        assert child == process.pid
        assert is_running(grandchild)
        assert await process.kill() == -signal.SIGKILL
        assert not is_running(child)
        assert not is_running(grandchild)
        assert await process.kill() == -signal.SIGKILL


async def test_what_an_ended_child_leaves_behind_is_ended_too(tmp_path: Path) -> None:
    process = await start(tmp_path, "sh", "-c", "setsid sleep 1000 & echo $!; exit 3")
    assert await process.wait(10) == 3
    assert not is_running(int((await words_of(process, 1))[0]))


async def test_a_pause_stops_the_whole_tree_and_a_resume_lets_it_go_on(tmp_path: Path) -> None:
    async with running(tmp_path, "sh", "-c", FAMILY) as process:
        tree = [int(word) for word in await words_of(process, 2)]
        seen = [(process.paused, [state(pid) == "T" for pid in tree])]
        await process.pause()
        seen.append((process.paused, [state(pid) == "T" for pid in tree]))
        await process.resume()
        seen.append((process.paused, [state(pid) == "T" for pid in tree]))
    assert seen == [(False, [False, False]), (True, [True, True]), (False, [False, False])]


async def test_a_stop_is_a_signal_first(tmp_path: Path) -> None:
    script = "trap 'echo asked; exit 4' TERM; echo ready; while :; do sleep 0.01; done"
    async with running(tmp_path, "sh", "-c", script) as process:
        await words_of(process, 1)
        assert await process.stop(signal.SIGTERM, 10) == 4
        assert process.tail() == ["ready", "asked"]


async def test_a_stop_that_is_not_obeyed_becomes_a_kill(tmp_path: Path) -> None:
    script = "trap '' TERM; echo ready; while :; do sleep 0.01; done"
    async with running(tmp_path, "sh", "-c", script) as process:
        await words_of(process, 1)
        assert await process.stop(signal.SIGTERM, 0.1) == -signal.SIGKILL


async def test_a_paused_child_can_be_stopped_in_order(tmp_path: Path) -> None:
    script = "trap 'exit 4' TERM; echo ready; while :; do sleep 0.01; done"
    async with running(tmp_path, "sh", "-c", script) as process:
        await words_of(process, 1)
        await process.pause()
        assert await process.stop(signal.SIGTERM, 10) == 4


async def test_the_terminal_s_interrupt_does_not_reach_it(tmp_path: Path) -> None:
    async with running(tmp_path, "sleep", "1000") as process:
        assert os.getsid(process.pid) != os.getsid(0)


async def test_a_child_takes_interrupts_as_if_it_had_no_guard(tmp_path: Path) -> None:
    async with running(tmp_path, "sleep", "1000") as process:
        assert await process.stop(signal.SIGINT, 10) == -signal.SIGINT


async def test_what_cannot_be_executed_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ServerFailed, match="cannot be executed") as caught:
        await start(tmp_path, "/nowhere/server")
    assert "No such file" in str(caught.value)


async def test_a_wait_has_a_limit(tmp_path: Path) -> None:
    async with running(tmp_path, "sleep", "1000") as process:
        with pytest.raises(TimeoutError):
            await process.wait(0.05)
        assert process.poll() is None


async def test_a_killed_guard_takes_its_child_along(tmp_path: Path) -> None:
    async with running(tmp_path, "sleep", "1000") as process:
        os.kill(parent_of(process.pid), signal.SIGKILL)
        assert await process.wait(10) == -signal.SIGKILL
        assert survivors([process.pid]) == []


async def test_a_terminated_guard_ends_its_tree(tmp_path: Path) -> None:
    async with running(tmp_path, "sh", "-c", FAMILY) as process:
        tree = [int(word) for word in await words_of(process, 2)]
        os.kill(parent_of(process.pid), signal.SIGTERM)
        assert await process.wait(10) == -signal.SIGKILL
        assert survivors(tree) == []


async def test_descriptors_are_held_until_all_of_it_is_gone(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    process = await Process.start(
        "child",
        ["sh", "-c", FAMILY],
        folder=tmp_path,
        log=tmp_path / "log",
        environment={"PATH": os.defpath},
        hold=[writer],
    )
    os.close(writer)
    os.set_blocking(reader, False)
    with pytest.raises(BlockingIOError):
        os.read(reader, 1)
    await process.kill()
    assert os.read(reader, 1) == b""
    os.close(reader)


def parent_of(pid: int) -> int:
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    return int(stat.rpartition(")")[2].split()[1])

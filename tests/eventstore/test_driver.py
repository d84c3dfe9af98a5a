from __future__ import annotations

import asyncio
from typing import NoReturn

import pytest

from eventstore.driver import drive


class Stop(Exception):
    pass


class Countdown:
    """Asks for numbers; ends when it got them all. Numbers above ``wanted`` are not wanted."""

    def __init__(self, first: list[int]) -> None:
        self.first = first
        self.unwanted: set[int] = set()
        self.received: list[tuple[int, str]] = []

    def start(self) -> list[int]:
        return self.first

    def receive(self, command: int, outcome: str) -> list[int]:
        self.received.append((command, outcome))
        if command == 0:
            raise Stop
        return [command - 1]

    def wants(self, command: int) -> bool:
        return command not in self.unwanted


async def test_outcomes_go_to_the_core_with_their_command() -> None:
    core = Countdown([3])

    async def execute(command: int) -> str:
        return f"did {command}"

    with pytest.raises(Stop):
        await drive(core, execute)
    assert core.received == [(3, "did 3"), (2, "did 2"), (1, "did 1"), (0, "did 0")]


async def test_commands_run_at_once_and_begin_in_order() -> None:
    core = Countdown([7, 8, 9])
    begun: list[int] = []
    all_begun = asyncio.Event()

    async def execute(command: int) -> str:
        begun.append(command)
        if begun == [7, 8, 9]:
            all_begun.set()
        await all_begun.wait()
        raise Stop

    with pytest.raises(Stop):
        await drive(core, execute)


async def test_what_is_not_wanted_any_more_is_cancelled_and_ended() -> None:
    core = Countdown([5, 100])
    ended: list[int] = []

    async def execute(command: int) -> str:
        if command == 100:
            try:
                await asyncio.Event().wait()
            finally:
                ended.append(command)
        core.unwanted.add(100)
        await asyncio.sleep(0)
        return ""

    with pytest.raises(Stop):
        await drive(core, execute)
    assert ended == [100]
    assert 100 not in [command for command, _ in core.received]


async def test_an_error_of_what_is_not_wanted_is_dropped() -> None:
    core = Countdown([2, 100])

    async def execute(command: int) -> str:
        if command == 100:
            raise ValueError("nobody asked")
        core.unwanted.add(100)
        return ""

    with pytest.raises(Stop):
        await drive(core, execute)


async def test_an_alarm_ends_it_and_everything_it_started() -> None:
    alarm: asyncio.Future[NoReturn] = asyncio.get_running_loop().create_future()
    ended: list[int] = []

    async def execute(command: int) -> str:
        alarm.set_exception(Stop())
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(command)
        return ""

    with pytest.raises(Stop):
        await drive(Countdown([1]), execute, alarms=[alarm])
    assert ended == [1]


async def test_an_error_of_the_core_ends_it_and_everything_it_started() -> None:
    ended: list[int] = []

    async def execute(command: int) -> str:
        if command == 100:
            try:
                await asyncio.Event().wait()
            finally:
                ended.append(command)
        return ""

    with pytest.raises(Stop):
        await drive(Countdown([0, 100]), execute)
    assert ended == [100]


async def test_what_was_started_ends_when_it_is_cancelled_and_nothing_begins_after() -> None:
    core = Countdown([5])
    begun: list[int] = []

    async def execute(command: int) -> str:
        begun.append(command)
        if command == 3:
            driving.cancel()
        return ""

    driving = asyncio.create_task(drive(core, execute))
    with pytest.raises(asyncio.CancelledError):
        await driving
    assert begun == [5, 4, 3]
    assert [command for command, _ in core.received] == [5, 4]


async def test_commands_that_end_together_are_told_oldest_first() -> None:
    core = Countdown([9, 8, 7])
    gates = {command: asyncio.Event() for command in core.first}

    async def execute(command: int) -> str:
        if command not in gates:
            raise Stop
        gate = gates.pop(command)
        if not gates:
            for waited_for in (gate, *reversed(begun)):
                waited_for.set()
        begun.append(gate)
        await gate.wait()
        return ""

    begun: list[asyncio.Event] = []
    with pytest.raises(Stop):
        await drive(core, execute)
    assert [command for command, _ in core.received] == [9, 8, 7]

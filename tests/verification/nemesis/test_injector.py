"""The injector: breaks and mends what the schedule says, and writes down both around the deed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from verification.nemesis.injector import inject
from verification.nemesis.schedule import Action, Fault, Target


class _Target:
    def __init__(self, name: str, deeds: list[str], *, dies: bool = False) -> None:
        self._name = name
        self._deeds = deeds
        self._dies = dies

    async def at_work(self) -> None:
        self._deeds.append(f"{self._name} awaited")

    async def kill(self) -> None:
        self._deeds.append(f"{self._name} killed")

    async def restart(self) -> None:
        if self._dies:
            raise OSError("it does not come back")
        self._deeds.append(f"{self._name} restarted")

    async def pause(self) -> None:
        self._deeds.append(f"{self._name} paused")

    async def resume(self) -> None:
        self._deeds.append(f"{self._name} resumed")


def fault(target: Target, action: Action, at: float) -> Fault:
    return Fault(target=target, action=action, at=at, seconds=0.01)


async def carry_out(faults: list[Fault], *, dies: bool = False) -> list[str]:
    deeds: list[str] = []

    def record(f: str, _value: Any) -> None:
        deeds.append(f)

    targets = {target: _Target(str(target), deeds, dies=dies) for target in Target}
    await asyncio.wait_for(inject(faults, targets, record), timeout=10)
    return deeds


async def test_a_kill_and_a_pause_are_written_down_around_the_deed() -> None:
    deeds = await carry_out(
        [
            fault(Target.NATS, Action.KILL, 0.0),
            fault(Target.NATS, Action.PAUSE, 0.02),
        ]
    )
    assert deeds == [
        "nats awaited",
        "kill-nats",
        "nats killed",
        "nats restarted",
        "restart-nats",
        "nats awaited",
        "pause-nats",
        "nats paused",
        "nats resumed",
        "resume-nats",
    ]


async def test_faults_of_one_target_wait_for_each_other() -> None:
    deeds = await carry_out([fault(Target.RELAY, Action.KILL, 0.0) for _ in range(3)])
    once = ["relay awaited", "kill-relay", "relay killed", "relay restarted", "restart-relay"]
    assert deeds == once * 3


async def test_a_target_that_does_not_come_back_ends_the_run() -> None:
    with pytest.raises(ExceptionGroup, match="unhandled errors"):
        await carry_out([fault(Target.POSTGRES, Action.KILL, 0.0)], dies=True)

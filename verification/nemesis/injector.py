"""Carries out a schedule of faults on running processes, and writes down when each began and ended.

A fault is written down before it is done and its end after it is undone, so that the times in the
history enclose it. Faults of different targets run side by side. When `inject` returns, every
target is whole again; when it raises or is cancelled the run is over, and nothing is mended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from verification.nemesis.schedule import Action, Fault, Target

__all__ = ["Breakable", "Record", "inject"]

Record = Callable[[str, Any], None]
"""Takes an event's name and its value, at the moment it happens."""


class Breakable(Protocol):
    """A process that a nemesis may break and must mend."""

    async def at_work(self) -> None:
        """Return when a fault would strike it at work, or when that takes too long.

        A kill of an idle process proves little: the bugs are between two steps of the work.
        """
        ...

    async def kill(self) -> None:
        """Kill it with SIGKILL, and all that descends from it."""
        ...

    async def restart(self) -> None:
        """Start it again, and return once it is healthy."""
        ...

    async def pause(self) -> None:
        """Stop it with SIGSTOP."""
        ...

    async def resume(self) -> None:
        """Let it go on."""
        ...


async def inject(
    faults: Sequence[Fault], targets: Mapping[Target, Breakable], record: Record
) -> None:
    """Carry out the faults, in time from now; return when the last one is undone."""
    started = asyncio.get_running_loop().time()
    async with asyncio.TaskGroup() as group:
        for target in targets:
            mine = [fault for fault in faults if fault.target is target]
            group.create_task(_break_in_turn(mine, targets[target], record, started))


async def _break_in_turn(
    faults: Sequence[Fault], target: Breakable, record: Record, started: float
) -> None:
    clock = asyncio.get_running_loop().time
    for fault in faults:
        await asyncio.sleep(max(0.0, started + fault.at - clock()))
        await target.at_work()
        record(fault.starts_as, None)
        await (target.kill() if fault.action is Action.KILL else target.pause())
        await asyncio.sleep(fault.seconds)
        await (target.restart() if fault.action is Action.KILL else target.resume())
        record(fault.ends_as, None)

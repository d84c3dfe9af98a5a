"""Drive a sans-IO core: carry out its commands as tasks, tell it what came of them.

A core decides and does no I/O; an executor does I/O and decides nothing. The driver is all that is
between them, and there is one, for the relay and for the projector. It promises that whatever it
started has ended when it ends. It deliberately knows nothing about errors: an exception of the
executor, of the core or of an alarm ends the drive.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NoReturn, Protocol, TypeVar

__all__ = ["Core", "drive"]

CommandT = TypeVar("CommandT")
OutcomeT = TypeVar("OutcomeT")
Outcome_contra = TypeVar("Outcome_contra", contravariant=True)


class Core(Protocol[CommandT, Outcome_contra]):
    """A state machine that asks for I/O by commands. It bounds how many are under way."""

    def start(self) -> Sequence[CommandT]:
        """Return the first commands."""
        ...

    def receive(self, command: CommandT, outcome: Outcome_contra) -> Sequence[CommandT]:
        """Take the outcome of a command, return the next ones."""
        ...

    def wants(self, command: CommandT) -> bool:
        """Whether the outcome of this command still matters; if not it is cancelled."""
        ...


async def drive(
    core: Core[CommandT, OutcomeT],
    execute: Callable[[CommandT], Awaitable[OutcomeT]],
    *,
    alarms: Sequence[asyncio.Future[NoReturn]] = (),
) -> NoReturn:
    """Run a core until something raises.

    Commands begin in the order in which the core gave them. ``alarms`` are futures that only ever
    fail (a connection is lost, a lease is gone); they belong to the caller and are not cancelled.
    """
    tasks: dict[asyncio.Future[OutcomeT], CommandT] = {}
    ended: asyncio.Future[NoReturn] = asyncio.get_running_loop().create_future()
    # It may be cancelled before it has seen how it ended.
    ended.add_done_callback(lambda end: end.cancelled() or end.exception())

    def begin(commands: Sequence[CommandT]) -> None:
        for command in commands:
            if core.wants(command):
                task = asyncio.ensure_future(execute(command))
                task.add_done_callback(go_on)
                tasks[task] = command

    # What an outcome leads to begins where the outcome is seen. To wake the driver's own task for
    # it would take a turn of the event loop more, for every command.
    def go_on(_: asyncio.Future[Any]) -> None:
        if ended.done():
            return
        try:
            begin(_advance(core, tasks, alarms))
        except BaseException as error:  # noqa: BLE001 - raised by whoever awaits the end
            ended.set_exception(error)

    for alarm in alarms:
        alarm.add_done_callback(go_on)
    try:
        begin(core.start())
        await ended
    finally:
        ended.cancel()
        for alarm in alarms:
            alarm.remove_done_callback(go_on)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _advance(
    core: Core[CommandT, OutcomeT],
    tasks: dict[asyncio.Future[OutcomeT], CommandT],
    alarms: Sequence[asyncio.Future[NoReturn]],
) -> Sequence[CommandT]:
    """Something happened: tell the core, oldest command first."""
    for alarm in alarms:
        if alarm.done():
            alarm.result()
    commands: list[CommandT] = []
    for task in [task for task in tasks if task.done()]:
        command = tasks.pop(task)
        if core.wants(command):
            commands += core.receive(command, task.result())
        elif not task.cancelled():
            task.exception()  # nobody wants it: seen, and dropped
    for task, command in tasks.items():
        if not core.wants(command):
            task.cancel()
    return commands

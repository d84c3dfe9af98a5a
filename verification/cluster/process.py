"""One life of one child process, with everything that descends from it.

A `Process` is started under a guard (`guard.py`), which ends the whole tree when we are gone. It is
bound to no event loop: every wait polls, so one object may be used from any loop, one at a time.

It promises that a process whose end was seen is fully gone: descendants killed, all waited for,
nothing holds its ports or locks. It does not restart and does not know what healthy means; that
is `server.py`.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from verification.errors import ConfigError, ServerFailed

__all__ = ["Owner", "Process"]

_GUARD = Path(__file__).with_name("guard.py")
_POLL_SECONDS = 0.005
_GUARD_SECONDS = 30.0
_TAIL_BYTES = 8192


@dataclass(frozen=True, slots=True)
class Owner:
    """The user a process runs as, when it is not ours.

    ``passage`` keeps root's right to pass through closed folders; see `guard.py`.
    """

    user: int
    group: int
    passage: bool = False


async def _until(condition: Callable[[], bool], timeout: float) -> None:
    async with asyncio.timeout(timeout):
        while True:
            if condition():
                return
            await asyncio.sleep(_POLL_SECONDS)


class Process:
    """A running child and its descendants.

    Attributes:
        name: What to call it in messages.
        pid: Of the child itself.
        log: The file that takes its standard output and error.
        returncode: Its exit code, minus the signal that ended it, None while any of it lives.
        paused: Whether it was stopped by `pause` and not yet resumed.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        folder: Path,
        log: Path,
        environment: Mapping[str, str],
        owner: Owner | None = None,
        hold: Sequence[int] = (),
    ) -> None:
        """Start the guard of `command`; `start` does that and waits for the command itself."""
        self.name = name
        self.log = log
        self.pid = 0
        self.returncode: int | None = None
        self.paused = False
        self._unread = b""
        ids = ("-", "-", "0")
        if owner is not None:
            ids = (str(owner.user), str(owner.group), str(int(owner.passage)))
        guard_in, self._commands = os.pipe()
        self._events, guard_out = os.pipe()
        os.set_blocking(self._events, False)
        try:
            with log.open("ab") as output:
                self._log_start = output.tell()
                self._guard = subprocess.Popen(  # noqa: S603 - our own script, our own command
                    [sys.executable, "-I", "-S", _GUARD, *ids, *command],
                    stdin=guard_in,
                    stdout=guard_out,
                    stderr=output,
                    cwd=folder,
                    env=dict(environment),
                    pass_fds=tuple(hold),
                    start_new_session=True,
                )
        except BaseException:
            os.close(self._commands)
            os.close(self._events)
            raise
        finally:
            os.close(guard_in)
            os.close(guard_out)

    @classmethod
    async def start(
        cls,
        name: str,
        command: Sequence[str | Path],
        *,
        folder: Path,
        log: Path,
        environment: Mapping[str, str],
        owner: Owner | None = None,
        hold: Sequence[int] = (),
    ) -> Process:
        """Run `command` in `folder` and return when it has been executed.

        Args:
            name: What to call it in messages.
            command: The file to execute and its arguments.
            folder: Its working directory.
            log: The file that its output is appended to.
            environment: All of its environment.
            owner: The user to run it as; ours without one.
            hold: File descriptors that stay open until all of it is gone (a lock).

        Raises:
            ServerFailed: The command cannot be executed.
            ConfigError: This is not Linux.
        """
        if sys.platform != "linux":
            raise ConfigError("servers are run on Linux only; name running ones by their URLs.")
        process = cls(
            name,
            command,
            folder=folder,
            log=log,
            environment=environment,
            owner=owner,
            hold=hold,
        )
        try:
            await _until(lambda: process.poll() is not None or process.pid > 0, _GUARD_SECONDS)
        except TimeoutError:
            await process.kill()
        except BaseException:
            process.kill_soon()
            await process.wait(_GUARD_SECONDS)
            raise
        if process.pid == 0:
            raise ServerFailed(name, "cannot be executed", log, process.tail())
        return process

    def poll(self) -> int | None:
        """The exit code if the whole tree is gone, else None; also takes note of what happened."""
        if self.returncode is not None:
            return self.returncode
        gone = self._guard.poll() is not None
        exit_code = None
        for event, argument in self._read_events():
            match event:
                case "started":
                    self.pid = int(argument)
                case "exited":
                    exit_code = int(argument)
                case "paused" | "resumed":
                    self.paused = event == "paused"
        if exit_code is not None or gone:
            self._release()
            # A guard that said nothing was killed itself, and its server with it.
            self.returncode = -signal.SIGKILL if exit_code is None else exit_code
        return self.returncode

    def _read_events(self) -> list[tuple[str, str]]:
        try:
            received = os.read(self._events, 4096)
        except BlockingIOError:
            return []
        *lines, self._unread = (self._unread + received).split(b"\n")
        parts = (line.decode().partition(" ") for line in lines)
        return [(event, argument) for event, _, argument in parts]

    def tail(self, lines: int = 12) -> list[str]:
        """The last lines of the log that were written in this life."""
        with self.log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(self._log_start, size - _TAIL_BYTES))
            return file.read().decode(errors="replace").splitlines()[-lines:]

    def send(self, number: signal.Signals) -> None:
        """Signal the child alone, not its descendants. Nothing happens when it is gone."""
        self._command(f"signal {int(number)}")

    async def wait(self, timeout: float) -> int:
        """Wait until nothing of it is left, and return its exit code.

        Raises:
            TimeoutError: Something still runs after `timeout` seconds.
        """
        await _until(lambda: self.poll() is not None, timeout)
        return cast("int", self.returncode)

    async def stop(self, number: signal.Signals, timeout: float) -> int:
        """Ask it to end with a signal; kill it when it has not after `timeout` seconds."""
        if self.paused:
            await self.resume()
        self.send(number)
        try:
            return await self.wait(timeout)
        except TimeoutError:
            return await self.kill()

    async def kill(self) -> int:
        """Kill -9 the whole tree at once, as when the machine's process table were lost.

        Raises:
            ServerFailed: Something of it lives on; the kernel holds it, as on a broken disk.
        """
        self._command("kill")
        try:
            return await self.wait(_GUARD_SECONDS)
        except TimeoutError:
            reason = f"is not gone {_GUARD_SECONDS:g} s after a kill -9"
            raise ServerFailed(self.name, reason, self.log) from None

    def kill_soon(self) -> None:
        """Have the tree killed without waiting for it: for the way out when nobody can wait."""
        if self._commands >= 0:
            os.close(self._commands)
            self._commands = -1

    async def pause(self) -> None:
        """SIGSTOP the whole tree and return when it stands still."""
        await self._command_and_wait("pause", paused=True)

    async def resume(self) -> None:
        """SIGCONT the whole tree."""
        await self._command_and_wait("resume", paused=False)

    async def _command_and_wait(self, command: str, *, paused: bool) -> None:
        self._command(command)
        await _until(
            lambda: self.poll() is not None or self.paused is paused,
            _GUARD_SECONDS,
        )

    def _command(self, command: str) -> None:
        if self._commands < 0:
            return  # It is gone, or was told to go.
        try:
            os.write(self._commands, command.encode() + b"\n")
        except BrokenPipeError:
            return  # It went just now; `poll` will see it.

    def _release(self) -> None:
        self.kill_soon()
        self._guard.wait(_GUARD_SECONDS)
        os.close(self._events)

"""A child process with a life cycle: start, kill, pause, stop, and start again.

A `Service` may live many lives; each is a `Process` of its own. It says what healthy means; a start
returns only then. It does not restart by itself: a supervisor or a nemesis decides that.
"""

from __future__ import annotations

import asyncio
import signal
import time
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Self

from verification.cluster.process import Process
from verification.errors import ServerFailed

__all__ = ["Service", "describe_exit"]

_HEALTH_POLL_SECONDS = 0.02


class Service(ABC):
    """What every child of ours can do; subclasses say how it is launched and when it is healthy.

    As an async context manager it starts on entry and stops on exit.

    Attributes:
        name: What to call it in messages.
        log: The file that takes its output, over all of its lives.
        start_timeout: How many seconds a start may take until it is healthy.
        stop_timeout: How many seconds an orderly stop may take before it becomes a kill.
    """

    stop_signal = signal.SIGTERM

    def __init__(
        self, name: str, log: Path, *, start_timeout: float = 30.0, stop_timeout: float = 10.0
    ) -> None:
        self.name = name
        self.log = log
        self.start_timeout = start_timeout
        self.stop_timeout = stop_timeout
        self._process: Process | None = None
        self._wanted = False

    @abstractmethod
    async def _launch(self) -> Process:
        """Begin a new life; it need not be healthy yet."""

    @abstractmethod
    async def _unhealthy(self) -> str | None:
        """Why it is not healthy yet, or None when it is. It answers within about two seconds."""

    @property
    def alive(self) -> bool:
        """Whether any process of its present life is left; a paused one is alive."""
        return self._process is not None and self._process.poll() is None

    @property
    def paused(self) -> bool:
        """Whether it is alive and stands still."""
        return self.alive and self._process is not None and self._process.paused

    @property
    def pid(self) -> int | None:
        """The process id of its present life."""
        return self._process.pid if self._process is not None and self.alive else None

    @property
    def exit_code(self) -> int | None:
        """How its last life ended (minus the signal), None while it lives or before the first."""
        return None if self._process is None else self._process.poll()

    @property
    def crashed(self) -> bool:
        """Whether its last life ended without `kill` or `stop` having been asked for."""
        return self._wanted and not self.alive

    def tail(self, lines: int = 12) -> list[str]:
        """The last lines that its present or last life logged."""
        return [] if self._process is None else self._process.tail(lines)

    async def start(self) -> None:
        """Begin a life and return when it is healthy. A service that lives is left alone.

        Raises:
            ServerFailed: It died or did not become healthy in `start_timeout` seconds; nothing of
                it runs any more.
        """
        if not self.alive:
            await self._begin(time.monotonic() + self.start_timeout)

    async def _begin(self, deadline: float) -> None:
        process = self._process = await self._launch()
        try:
            await self._await_health(process, deadline)
        except BaseException:
            await process.kill()
            raise
        self._wanted = True

    async def _await_health(self, process: Process, deadline: float) -> None:
        while (reason := await self._unhealthy()) is not None or process.poll() is not None:
            if (code := process.poll()) is not None:
                reason = f"{describe_exit(code)} while starting"
                raise ServerFailed(self.name, reason, self.log, process.tail())
            if time.monotonic() > deadline:
                waited = f"did not become healthy in {self.start_timeout:g} s ({reason})"
                raise ServerFailed(self.name, waited, self.log, process.tail())
            await asyncio.sleep(_HEALTH_POLL_SECONDS)

    async def stop(self) -> None:
        """End its life in its orderly way, or by force after `stop_timeout` seconds."""
        self._wanted = False
        if self._process is not None and self.alive:
            await self._process.stop(self.stop_signal, self.stop_timeout)

    async def kill(self) -> None:
        """Kill -9 it and all of its descendants; return when all are gone."""
        self._wanted = False
        if self._process is not None and self.alive:
            await self._process.kill()

    async def restart(self) -> None:
        """Start again, after an orderly stop if it still lives."""
        await self.stop()
        await self.start()

    async def pause(self) -> None:
        """Let it and its descendants stand still, as a long stall or a partition would."""
        if self._process is not None and self.alive:
            await self._process.pause()

    async def resume(self) -> None:
        """Let it go on after a pause."""
        if self._process is not None and self.alive:
            await self._process.resume()

    async def wait(self, timeout: float) -> int:
        """Wait for the end of its present life and return the exit code.

        Raises:
            TimeoutError: It still lives after `timeout` seconds.
            RuntimeError: It was never started.
        """
        if self._process is None:
            raise RuntimeError(f"{self.name} was never started")
        return await self._process.wait(timeout)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()


def describe_exit(code: int) -> str:
    """An exit code in words: "ended with exit code 1", "was killed by SIGKILL"."""
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"

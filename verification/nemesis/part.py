"""A part of the system as the nemesis sees it: a service, and how far its work has come."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from verification.cluster.service import Service

__all__ = ["Part", "Progress"]

POLL_SECONDS: Final = 0.02
PATIENCE_SECONDS: Final = 3.0
"""How long a fault waits for its target to work: it may be that nothing comes, since others are
down."""

Progress = Callable[[], Awaitable[int | None]]
"""Says how far a service has come; None if that cannot be asked now."""


class Part:
    """A service that can be broken; with ``progress``, in the middle of its work."""

    def __init__(self, service: Service, progress: Progress | None = None) -> None:
        self._service = service
        self._progress = progress

    async def at_work(self) -> None:
        """Return just after the service got ahead, or when the patience is over."""
        if self._progress is None:
            return
        clock = asyncio.get_running_loop().time
        end = clock() + PATIENCE_SECONDS
        before = await self._progress()
        while clock() < end:
            await asyncio.sleep(POLL_SECONDS)
            now = await self._progress()
            if before is not None and now is not None and now > before:
                return
            before = now

    async def kill(self) -> None:
        """Kill it and all of its descendants."""
        await self._service.kill()

    async def restart(self) -> None:
        """Start it again, and return once it is healthy."""
        await self._service.restart()

    async def pause(self) -> None:
        """Stop it with SIGSTOP."""
        await self._service.pause()

    async def resume(self) -> None:
        """Let it go on."""
        await self._service.resume()

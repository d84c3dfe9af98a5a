"""A service that listens on loopback ports and owns a folder.

It promises: the folder is locked from the first start until all of it is gone; ports are drawn at
the first start and kept over kills and restarts; a drawn port that turns out to be taken is drawn
again, one that was asked for is an error.
"""

from __future__ import annotations

import asyncio
import time
from abc import abstractmethod
from pathlib import Path

from verification.cluster.folder import FolderLock, lock_folder, make_folder
from verification.cluster.ports import draw_port, is_free
from verification.cluster.service import Service
from verification.errors import FolderUnusable, PortTaken, ServerFailed

__all__ = ["Server"]

_ATTEMPTS = 10
_PORT_POLL_SECONDS = 0.1


class Server(Service):
    """A listening service; `port` is 0 until one was drawn."""

    def __init__(
        self,
        name: str,
        folder: Path,
        *,
        log: str,
        port: int | None,
        usual_port: int | None,
        start_timeout: float,
        stop_timeout: float,
    ) -> None:
        folder = folder.absolute()
        super().__init__(name, folder / log, start_timeout=start_timeout, stop_timeout=stop_timeout)
        self.folder = folder
        self.port = port or 0
        self._port_was_named = port is not None
        self._usual_port = usual_port
        self._ports_are_settled = False
        self._lock: FolderLock | None = None

    @abstractmethod
    async def _prepare(self) -> None:
        """Bring the folder into the state that a launch needs."""

    def _draw_ports(self) -> None:
        """Choose the ports that were not named: the usual one if it is free."""
        if self._port_was_named:
            return
        if self._usual_port is not None and is_free(self._usual_port):
            self.port = self._usual_port
        else:
            self.port = draw_port()

    @property
    def _held(self) -> tuple[int, ...]:
        return () if self._lock is None else (self._lock.descriptor,)

    async def _begin(self, deadline: float) -> None:
        if self._lock is None:
            make_folder(self.folder)
            self._lock = await lock_folder(self.folder)
        try:
            self._check_named_port()
            await self._prepare()
            if self._ports_are_settled:
                await self._begin_on_settled_ports(deadline)
            else:
                await self._begin_on_new_ports(deadline)
        except BaseException as error:
            if not self._ports_are_settled:
                self._unlock()
            if isinstance(error, OSError):
                # Of our own files there: a full disk, a share that refuses to change owners.
                raise FolderUnusable(self.folder, str(error)) from error
            raise

    def _check_named_port(self) -> None:
        if self._port_was_named and not self._ports_are_settled and not is_free(self.port):
            raise PortTaken(self.name, self.port)

    async def _begin_on_new_ports(self, deadline: float) -> None:
        for attempt in range(_ATTEMPTS):
            self._check_named_port()
            self._draw_ports()
            try:
                await super()._begin(deadline)
            except ServerFailed as error:
                if not _could_not_bind(error) or attempt == _ATTEMPTS - 1:
                    raise
            else:
                self._ports_are_settled = True
                return

    async def _begin_on_settled_ports(self, deadline: float) -> None:
        """Others know the port by now, so wait for it rather than take another."""
        while True:
            try:
                return await super()._begin(deadline)
            except ServerFailed as error:
                if not _could_not_bind(error):
                    raise
                if time.monotonic() > deadline:
                    raise PortTaken(self.name, self.port) from error
            await asyncio.sleep(_PORT_POLL_SECONDS)

    async def stop(self) -> None:
        """End its life in its orderly way, and give the folder free."""
        await super().stop()
        self._unlock()

    async def restart(self) -> None:
        """Start again on the same ports and data, after an orderly stop if it still lives."""
        await super().stop()
        await self.start()

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None


def _could_not_bind(error: ServerFailed) -> bool:
    return any("address already in use" in line.lower() for line in error.tail)

"""How far a service is, kept for its next start: the protocol, and a file of its own.

What a checkpoint promises depends on where it is. Saved *after* the events were handled, in a place
of its own, it is **at least once**: who is killed in between handles the last delivery again. Saved
in the transaction of what the events changed it is **exactly once**, for these changes:
`eventstore.consumer.postgres_checkpoint`. There is no third way.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from eventstore.consumer.epochs import entered
from eventstore.epoch import Epoch
from eventstore.errors import CheckpointMoved, CheckpointUnavailable, ConfigError
from eventstore.stream import Position

__all__ = ["WAIT_SECONDS", "CheckpointStore", "FileCheckpoint"]

WAIT_SECONDS: Final = 10.0
"""How long a process waits for another one that writes the same file."""

_RETRY_SECONDS: Final = 0.02


class CheckpointStore(Protocol):
    """A checkpoint in a place of its own: at least once."""

    async def load(self) -> Position:
        """Return the position that was saved last, 0 if none was.

        Raises:
            CheckpointUnavailable: no answer came.
            ConfigError: what is there is no checkpoint.
        """
        ...

    async def save(self, position: Position, *, previous: Position) -> None:
        """Move the checkpoint to ``position``, if it is at ``previous``.

        Raises:
            CheckpointMoved: it is elsewhere; nothing was stored.
            CheckpointUnavailable: no answer came; it may be stored or not.
        """
        ...


class FileCheckpoint:
    """A checkpoint in a file, replaced as a whole and flushed: for one machine.

    Of two processes with one file the second waits for its turn, at most ``wait_seconds``, and then
    finds it moved.
    """

    def __init__(self, path: Path, *, wait_seconds: float = WAIT_SECONDS) -> None:
        self._path = path
        self._lock = path.with_name(f"{path.name}.lock")
        self._wait_seconds = wait_seconds

    async def load(self) -> Position:
        """Return the position; see `CheckpointStore.load`."""
        return await asyncio.to_thread(self._read)

    async def save(self, position: Position, *, previous: Position) -> None:
        """Move the checkpoint; see `CheckpointStore.save`."""
        await self._alone(lambda: self._replace(position, previous))

    async def enter(self, epoch: Epoch, position: Position) -> None:
        """Take the stream's epoch, in ``PATH.epoch``; see `EpochStore.enter`."""
        await self._alone(lambda: self._enter(epoch, position))

    async def _alone(self, change: Callable[[], None]) -> None:
        clock = asyncio.get_running_loop().time
        deadline = clock() + self._wait_seconds
        while not await asyncio.to_thread(self._try, change):
            if clock() >= deadline:
                raise CheckpointUnavailable(
                    f"{self._path} is held by {await asyncio.to_thread(self._holder)} for more "
                    f"than {self._wait_seconds:g} s, and nothing was stored: one process a "
                    "checkpoint, so end that one, or give this one a file of its own."
                )
            await asyncio.sleep(_RETRY_SECONDS)

    def _try(self, change: Callable[[], None]) -> bool:
        """Do it under the lock; false if another process, or another of our tasks, has that."""
        try:
            with self._lock.open("a+", encoding="ascii") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    return False
                file.truncate(0)
                file.write(f"{os.getpid()}\n")
                file.flush()
                change()
        except OSError as error:
            raise CheckpointUnavailable(f"{self._path} cannot be written: {error}") from error
        return True

    def _holder(self) -> str:
        with contextlib.suppress(OSError, UnicodeDecodeError):
            number = self._lock.read_text(encoding="ascii").strip()
            if number.isdecimal():
                return f"process {number}"
        return "another process"

    def _read(self) -> Position:
        return Position(_number(self._path, "position") or 0)

    def _replace(self, position: Position, previous: Position) -> None:
        if self._read() != previous:
            raise CheckpointMoved(str(self._path), previous)
        _write(self._path, position)

    def _enter(self, epoch: Epoch, position: Position) -> None:
        path = self._path.with_name(f"{self._path.name}.epoch")
        known = _number(path, "epoch")
        number = entered(known, epoch, position)
        if number != known:
            _write(path, number)


def _number(path: Path, name: str) -> int | None:
    """Read the number that a file holds; null if there is none."""
    try:
        text = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise CheckpointUnavailable(f"{path} cannot be read: {error}") from error
    if not text.isdecimal():
        raise ConfigError(f"{path} holds no {name}: it is not a file of ours.")
    return int(text)


def _write(path: Path, number: int) -> None:
    """Replace a file as a whole, and wait for the disk."""
    new = path.with_name(f"{path.name}.new")
    with new.open("w", encoding="ascii") as file:
        file.write(f"{number}\n")
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    _flush(path.parent)


def _flush(folder: Path) -> None:
    """Make a new name in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

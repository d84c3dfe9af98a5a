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
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from eventstore.errors import CheckpointMoved, CheckpointUnavailable, ConfigError
from eventstore.stream import Position

__all__ = ["CheckpointStore", "FileCheckpoint"]


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
    """A checkpoint in a file, replaced as a whole and flushed: for one machine."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def load(self) -> Position:
        """Return the position; see `CheckpointStore.load`."""
        return await asyncio.to_thread(self._read)

    async def save(self, position: Position, *, previous: Position) -> None:
        """Move the checkpoint; see `CheckpointStore.save`."""
        await asyncio.to_thread(self._replace, position, previous)

    def _read(self) -> Position:
        try:
            text = self._path.read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return Position(0)
        except (OSError, UnicodeDecodeError) as error:
            raise CheckpointUnavailable(f"{self._path} cannot be read: {error}") from error
        if not text.isdecimal():
            raise ConfigError(f"{self._path} holds no position: it is not a file of ours.")
        return Position(int(text))

    def _replace(self, position: Position, previous: Position) -> None:
        try:
            with self._locked():
                if self._read() != previous:
                    raise CheckpointMoved(str(self._path), previous)
                new = self._path.with_name(f"{self._path.name}.new")
                with new.open("w", encoding="ascii") as file:
                    file.write(f"{position}\n")
                    file.flush()
                    os.fsync(file.fileno())
                new.replace(self._path)
                _flush(self._path.parent)
        except OSError as error:
            raise CheckpointUnavailable(f"{self._path} cannot be written: {error}") from error

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Of two processes with one file the second waits, and then finds it moved."""
        with self._path.with_name(f"{self._path.name}.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _flush(folder: Path) -> None:
    """Make a new name in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

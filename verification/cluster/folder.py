"""A server's folder on disk: made, checked to be ours, and locked against a second instance.

The lock is a file lock on `.lock`, held through a descriptor that each guard inherits: it is free
only when we *and* every process of ours are gone, also after a kill -9 of ours. nats-server does
not lock its own store, and two of them on one store destroy it.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import time
from pathlib import Path

from verification.errors import FolderInUse, FolderUnusable

__all__ = ["FolderLock", "lock_folder", "make_folder"]

_POLL_SECONDS = 0.05


def make_folder(folder: Path) -> Path:
    """Make `folder` and its parents where they are missing, and return its absolute path.

    Others may pass through but not list it: as root, PostgreSQL runs as another user below it.

    Raises:
        FolderUnusable: It cannot be made, or something else has its name.
    """
    folder = folder.absolute()
    try:
        folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        next(folder.iterdir(), None)
    except FileExistsError:
        raise FolderUnusable(folder, "it is a file, not a folder") from None
    except OSError as error:
        raise FolderUnusable(folder, f"{error.strerror}") from error
    return folder


class FolderLock:
    """The lock on a folder, ours until `release` and the end of whoever inherited `descriptor`."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def release(self) -> None:
        """Give our share of the lock back. It may be called again."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


async def lock_folder(folder: Path, *, timeout: float = 5.0) -> FolderLock:
    """Lock `folder`, and wait a little: the guards of a killed instance are just clearing up.

    Raises:
        FolderInUse: It stayed locked for `timeout` seconds.
        FolderUnusable: The lock file cannot be opened.
    """
    file = folder / ".lock"
    try:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise FolderUnusable(folder, f"{error.strerror}") from error
    lock = FolderLock(descriptor)
    deadline = time.monotonic() + timeout
    try:
        while not _try_lock(descriptor):
            _check_patience(folder, descriptor, deadline)
            await asyncio.sleep(_POLL_SECONDS)
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    except BaseException:
        lock.release()
        raise
    return lock


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _check_patience(folder: Path, descriptor: int, deadline: float) -> None:
    if time.monotonic() > deadline:
        raise FolderInUse(folder, _holder(descriptor))


def _holder(descriptor: int) -> int | None:
    with contextlib.suppress(ValueError):
        return int(os.pread(descriptor, 20, 0))
    return None

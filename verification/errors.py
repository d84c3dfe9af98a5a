"""Why the verification could not run. A verdict is never an exception.

::

    VerificationError
    +- ConfigError
    |  +- InstallationNotFound
    |  +- FolderUnusable
    |  |  +- NotARun
    |  +- FolderInUse
    |  +- PortTaken
    +- ServerFailed
    +- NothingRead
    +- StrikeMissed
    +- RunNotKept

``definite`` means what it means in the event store: true when nothing was done and nothing will
be. Every `ConfigError` is definite: it is found before a server is started, and the command line
is what must change (exit code 2). A `ServerFailed` is not: the server ran, and what it wrote to its
data folder stays there (exit code 5).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

__all__ = [
    "ConfigError",
    "FolderInUse",
    "FolderUnusable",
    "InstallationNotFound",
    "NotARun",
    "NothingRead",
    "PortTaken",
    "RunNotKept",
    "ServerFailed",
    "StrikeMissed",
    "VerificationError",
]


class VerificationError(Exception):
    """The root: every error this package raises on purpose."""

    definite: ClassVar[bool] = False


class ConfigError(VerificationError):
    """What was asked for cannot be done; the message says what to ask for instead."""

    definite = True


class InstallationNotFound(ConfigError):
    """No usable binaries of a server: ``looked_at`` lists every place and what was wrong there."""

    def __init__(self, server: str, looked_at: Sequence[str], remedy: str) -> None:
        places = "".join(f"\n  - {place}" for place in looked_at)
        super().__init__(f"no usable {server} found. Looked at:{places}\n{remedy}")
        self.server = server
        self.looked_at = tuple(looked_at)


class FolderUnusable(ConfigError):
    """A data folder cannot be entered, or holds what is not ours to touch."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(f"cannot use the folder {folder}: {reason}")
        self.folder = folder
        self.reason = reason


class NotARun(FolderUnusable):
    """A folder holds no run, or a file of it cannot be read; the message names the file."""


class FolderInUse(ConfigError):
    """A live instance works on the same data folder; two would destroy it."""

    def __init__(self, folder: Path, pid: int | None) -> None:
        owner = f"process {pid}" if pid else "another process"
        super().__init__(
            f"the folder {folder} is in use by {owner}: "
            "stop that one first, or name another folder."
        )
        self.folder = folder
        self.pid = pid


class PortTaken(ConfigError):
    """The port that was asked for belongs to somebody else."""

    def __init__(self, server: str, port: int) -> None:
        super().__init__(
            f"{server} cannot listen on 127.0.0.1:{port}: another process does. "
            "Name another port, or none to have a free one chosen."
        )
        self.server = server
        self.port = port


class ServerFailed(VerificationError):
    """A server did not start, did not become healthy in time, or died.

    ``log`` is its log file, ``tail`` the last lines it wrote in this life.
    """

    def __init__(self, server: str, reason: str, log: Path, tail: Sequence[str] = ()) -> None:
        said = "".join(f"\n  | {line}" for line in tail)
        super().__init__(f"{server} {reason}. Its log is {log}{':' if said else '.'}{said}")
        self.server = server
        self.reason = reason
        self.log = log
        self.tail = tuple(tail)


class NothingRead(VerificationError):
    """The store, healed, still answers no read: there is nothing to judge."""

    def __init__(self, f: str, attempts: int, error: object) -> None:
        super().__init__(f"the final {f} was not answered in {attempts} attempts: {error}")
        self.f = f


class StrikeMissed(VerificationError):
    """A fault of a campaign could not be made: the campaign proves nothing."""


class RunNotKept(VerificationError):
    """What a run saw could not be written to its folder: the disk is full, or failed."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(f"the run cannot be kept in {folder}: {reason}")
        self.folder = folder
        self.reason = reason

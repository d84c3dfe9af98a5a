"""What /proc knows about processes: for tests that nothing is left running."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Iterator
from pathlib import Path


def state(pid: int) -> str | None:
    """The state letter of a process (R, S, T, Z, ...), None when there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return stat.rpartition(")")[2].split()[0]


def is_running(pid: int) -> bool:
    """Whether it runs; one that ended and was not waited for does not."""
    return state(pid) not in (None, "Z", "X")


def mentioning(word: str) -> list[int]:
    """The processes that have `word` on their command line."""
    return [pid for pid, line in _command_lines() if word in line]


def started_in(folder: Path, words: str) -> int:
    """The process with this working directory and these words on its command line; no guard."""
    found = []
    for pid, line in _command_lines():
        with contextlib.suppress(OSError):
            if words in line and Path(f"/proc/{pid}/cwd").readlink() == folder:
                found.append((pid, line))
    (pid,) = (pid for pid, line in found if "guard.py" not in line)
    return pid


def _command_lines() -> Iterator[tuple[int, str]]:
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and is_running(int(entry.name)):
                line = (entry / "cmdline").read_bytes().decode(errors="replace")
                yield int(entry.name), line.replace("\0", " ")


def survivors(pids: Iterable[int], *, seconds: float = 15.0) -> list[int]:
    """Those that still run after at most `seconds`; returns as soon as none does."""
    deadline = time.monotonic() + seconds
    left = [pid for pid in pids if is_running(pid)]
    while left and time.monotonic() < deadline:
        time.sleep(0.01)
        left = [pid for pid in left if is_running(pid)]
    return left

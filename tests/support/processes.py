"""What /proc knows about processes: for tests that nothing is left running."""

from __future__ import annotations

import time
from collections.abc import Iterable
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
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and is_running(int(entry.name)):
            try:
                words = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if word.encode() in words:
                found.append(int(entry.name))
    return found


def survivors(pids: Iterable[int], *, seconds: float = 15.0) -> list[int]:
    """Those that still run after at most `seconds`; returns as soon as none does."""
    deadline = time.monotonic() + seconds
    left = [pid for pid in pids if is_running(pid)]
    while left and time.monotonic() < deadline:
        time.sleep(0.01)
        left = [pid for pid in left if is_running(pid)]
    return left

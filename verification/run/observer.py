"""What a run tells whoever watches it, while it goes on."""

from __future__ import annotations

import enum
from typing import Protocol

from verification.workloads.requests import Reply

__all__ = ["Observer", "Phase", "Silent"]


class Phase(enum.StrEnum):
    """The parts of a run, in order; the last one is the judge's."""

    STARTING = "starting"
    TRAFFIC = "traffic"
    READING = "reading"
    CONVERGING = "converging"
    COLLECTING = "collecting"
    STOPPING = "stopping"
    JUDGING = "judging"


class Observer(Protocol):
    """Hears of a run's progress. It is called often, so it must be quick."""

    def phase(self, phase: Phase) -> None:
        """A part of the run begins."""
        ...

    def fault(self, f: str) -> None:
        """A fault begins or has ended; ``f`` is its name in the history."""
        ...

    def answered(self, reply: Reply) -> None:
        """A client's request ended."""
        ...


class Silent:
    """An observer that does not care."""

    def phase(self, phase: Phase) -> None:
        """Ignore it."""

    def fault(self, f: str) -> None:
        """Ignore it."""

    def answered(self, reply: Reply) -> None:
        """Ignore it."""

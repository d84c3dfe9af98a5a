"""How long the searches in Python may go on."""

from __future__ import annotations

from collections.abc import Callable

from checker.engine.undecided import Limit
from checker.limits import Limits

__all__ = ["SearchBudget"]


class SearchBudget:
    """The limits of one search, from its making on.

    ``period`` is how many configurations are seen between two looks at the clock.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float], *, period: int) -> None:
        self.limits = limits
        self._clock = clock
        self._deadline = clock() + limits.timeout_seconds
        self._period = period

    def exhausted(self, configurations: int, used_bytes: int) -> Limit | None:
        """Say which limit is reached, if one is."""
        if used_bytes > self.limits.memory_bytes:
            return "memory"
        if configurations % self._period == 0 and self.is_late():
            return "timeout"
        return None

    def is_late(self) -> bool:
        """Say whether the time is up."""
        return self._clock() > self._deadline

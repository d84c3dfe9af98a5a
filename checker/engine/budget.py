"""How long the searches in Python may go on, and what they say when they may no longer."""

from __future__ import annotations

from collections.abc import Callable

from checker.limits import Limits

__all__ = ["SearchBudget"]


class SearchBudget:
    """The limits of one search, from its making on.

    ``period`` is how many configurations are seen between two looks at the clock.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float], *, period: int) -> None:
        self._limits = limits
        self._clock = clock
        self._deadline = clock() + limits.timeout_seconds
        self._period = period

    def exhausted(self, configurations: int, used_bytes: int, progress: str = "") -> str:
        """Say which limit is reached, and which knob to turn; the empty string if none is.

        ``progress`` says, between commas, how far the search came.
        """
        if used_bytes > self._limits.memory_bytes:
            return (
                f"the search kept {configurations} configurations and reached the memory limit of "
                f"{self._limits.memory_bytes} bytes: raise --memory-limit"
            )
        if configurations % self._period == 0 and self._clock() > self._deadline:
            return (
                f"the search saw {configurations} configurations{progress} and reached the time "
                f"limit of {self._limits.timeout_seconds:g} s: raise --timeout"
            )
        return ""

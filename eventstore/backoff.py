"""How long to wait before trying again: doubling, bounded, with jitter. No I/O, no clock.

The generator of randomness is given, so that a run can be repeated from its seed.
"""

from __future__ import annotations

from random import Random

__all__ = ["Backoff"]


class Backoff:
    """Waits that double from ``first`` up to ``limit`` seconds until something succeeds.

    Each wait is drawn between half of its bound and the bound ("equal jitter"), so that two that
    failed together do not come back together, and none comes back at once.
    """

    def __init__(self, *, first: float, limit: float, random: Random) -> None:
        if not 0 < first <= limit:
            raise ValueError(f"a wait cannot grow from {first!r} to {limit!r} seconds")
        self._first = first
        self._limit = limit
        self._random = random
        self._bound = first

    def next(self) -> float:
        """Return how many seconds to wait now."""
        bound = self._bound
        self._bound = min(self._limit, bound * 2)
        return self._random.uniform(bound / 2, bound)

    def reset(self) -> None:
        """Begin anew: something succeeded."""
        self._bound = self._first

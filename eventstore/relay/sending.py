"""Whether many events go to JetStream as a window or as an atomic batch: the faster. No I/O.

A server that flushes to disk before it acknowledges does so once a message in a window and once a
batch; a batch costs a server a few milliseconds whatever is in it. So batches win by far on a
server that flushes, windows on one that does not, and no server says which it is. It is measured:
both are tried, the faster is used, and the other is tried again now and then.
"""

from __future__ import annotations

from typing import Final

__all__ = ["BATCH_FROM", "Sending"]

BATCH_FROM: Final = 32
"""Fewer events than this always go as a window: flushing each costs less than a batch."""

_TRIED_EVERY: Final = 500
"""One large publish in so many goes the slower way, to see whether it still is."""


class Sending:
    """Chooses, and learns from what came of it."""

    def __init__(self) -> None:
        self.takes_batches = False
        self._seconds_an_event: dict[bool, float] = {}
        self._since_trial = 0

    def as_batch(self, events: int) -> bool:
        """Choose for so many events."""
        if not self.takes_batches or events < BATCH_FROM:
            return False
        for way in (True, False):
            if way not in self._seconds_an_event:
                return way
        self._since_trial += 1
        faster = self._seconds_an_event[True] <= self._seconds_an_event[False]
        if self._since_trial >= _TRIED_EVERY:
            self._since_trial = 0
            return not faster
        return faster

    def took(self, *, as_batch: bool, events: int, seconds: float) -> None:
        """Learn how long a publish took until it was acknowledged."""
        if events >= BATCH_FROM:
            self._seconds_an_event[as_batch] = seconds / events

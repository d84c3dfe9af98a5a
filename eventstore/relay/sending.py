"""Whether events go to JetStream as a window or as an atomic batch: the faster. No I/O.

A server that flushes to disk before it acknowledges does so once a message in a window and once a
batch; a batch costs a server a few milliseconds whatever is in it. So batches win by far on a
server that flushes, windows on one that does not, and no server says which it is. What both take is
learned from what they took; the slower one is tried again now and then.
"""

from __future__ import annotations

from typing import Final

__all__ = ["Sending"]

_MANY: Final = 8
"""A window of fewer events takes a round trip more than anything else, and teaches nothing."""

_TRIED_EVERY: Final = 500
"""One publish of many events in so many goes the slower way, to see whether it still is."""

_DEAR: Final = 8.0
"""It is not tried where it would be slower than this many times."""


class Sending:
    """Chooses, and learns from what came of it."""

    def __init__(self) -> None:
        self.takes_batches = False
        # What a server that flushes takes, until we know better: seconds an event of a window, and
        # seconds a batch, of so many events.
        self._window = 0.0002
        self._batch, self._batch_events = 0.005, 500
        self._since_trial = 0

    def as_batch(self, events: int) -> bool:
        """Choose for so many events."""
        if not self.takes_batches or events < _MANY:
            return False
        window = self._window * events
        batch = self._batch * max(1.0, events / self._batch_events)
        self._since_trial += 1
        if self._since_trial >= _TRIED_EVERY and max(window, batch) < _DEAR * min(window, batch):
            self._since_trial = 0
            return batch >= window
        return batch < window

    def took(self, *, as_batch: bool, events: int, seconds: float) -> None:
        """Learn how long a publish took until it was acknowledged."""
        if events < _MANY:
            return
        if as_batch:
            self._batch, self._batch_events = seconds, events
        else:
            self._window = seconds / events

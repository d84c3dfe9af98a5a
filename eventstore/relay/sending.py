"""Whether events go to JetStream as a window or as an atomic batch: the faster. No I/O.

A server that flushes to disk before it acknowledges does so once a message in a window and once a
batch; a batch costs a server a few milliseconds whatever is in it. So batches win by far on a
server that flushes, windows on one that does not, and no server says which it is. What both take is
learned from what they took: a few events as a window first, then a batch; and the slower way is
tried again now and then.
"""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["Sending", "Way"]

_MANY: Final = 8
"""Fewer events are a window, whatever the server does."""

_TELLING: Final = 32
"""A window of fewer events takes a round trip more than anything else, and teaches nothing."""

_PROBE: Final = 128
"""So many events are sent as a window to learn what that takes, which may be a flush for each."""

_EVENT_SECONDS: Final = 0.00001
"""What each further event adds to a batch: a server's work, without a flush."""

_TRIED_EVERY: Final = 250_000
"""After so many events the slower way is tried, to see whether it still is."""

_DEAR: Final = 8.0
"""It is not tried where it would be slower than this many times."""


class Way(NamedTuple):
    """How the next events are sent: so many of them, as a batch or as a window."""

    events: int
    as_batch: bool


class Sending:
    """Chooses, and learns from what came of it."""

    def __init__(self) -> None:
        self.takes_batches = False
        self._window: float | None = None  # seconds an event
        self._batch: tuple[float, int] | None = None  # seconds for so many events
        self._since_trial = 0

    def next(self, events: int) -> Way:
        """Choose for the first of so many events, or for all of them."""
        if not self.takes_batches or events < _MANY:
            return Way(events, as_batch=False)
        if self._window is None:
            return Way(min(events, _PROBE), as_batch=False)
        if self._batch is None:
            return Way(events, as_batch=True)
        window = self._window * events
        seconds, batch_events = self._batch
        batch = seconds + max(0, events - batch_events) * _EVENT_SECONDS
        self._since_trial += events
        if self._since_trial >= _TRIED_EVERY and max(window, batch) < _DEAR * min(window, batch):
            self._since_trial = 0
            if batch < window:
                return Way(min(events, _PROBE), as_batch=False)
            return Way(events, as_batch=True)
        return Way(events, as_batch=batch < window)

    def took(self, *, as_batch: bool, events: int, seconds: float) -> None:
        """Learn how long the server took for what was sent, not counting what it did before."""
        if as_batch:
            self._batch = seconds, events
        elif events >= _TELLING:
            self._window = seconds / events

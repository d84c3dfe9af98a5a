"""Whether events go to JetStream as a window or as an atomic batch: the faster. No I/O.

A server that flushes to disk before it acknowledges does so once a message in a window and once a
batch; a batch costs a server a few milliseconds whatever is in it. So batches win by far on a
server that flushes, windows on one that does not, and no server says which it is. What both take is
learned from what they took, a few events as a window first, then batches; and the slower way is
tried again now and then.

A disk stalls now and then for a hundred times what a flush takes, and replies that come together
make a way look fast; neither says anything of it. So it is the median of the last few that counts.
"""

from __future__ import annotations

from collections import deque
from statistics import median_low
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

_REMEMBERED: Final = 5
"""The median of so many is what a way takes; a server that has changed is noticed after three."""

_BATCHES_MIN: Final = 3
"""So many batches are sent before they are held to be slow."""

_TRIAL_SHARE: Final = 0.01
"""Trying the slower way may take so much of all the time, to see whether it still is slower."""


class Way(NamedTuple):
    """How the next events are sent: so many of them, as a batch or as a window."""

    events: int
    as_batch: bool


class Sending:
    """Chooses, and learns from what came of it."""

    def __init__(self) -> None:
        self.takes_batches = False
        self._windows: deque[float] = deque(maxlen=_REMEMBERED)  # seconds an event
        self._batches: deque[tuple[float, int]] = deque(maxlen=_REMEMBERED)  # seconds, events
        self._seconds_since_trial = 0.0

    def next(self, events: int) -> Way:
        """Choose for the first of so many events, or for all of them."""
        if not self.takes_batches or events < _MANY:
            return Way(events, as_batch=False)
        if not self._windows:
            return Way(min(events, _PROBE), as_batch=False)
        if len(self._batches) < _BATCHES_MIN:
            return Way(events, as_batch=True)
        window_event = median_low(self._windows)
        batch = self._batch_seconds(events)
        as_batch = batch < window_event * events
        trial = window_event * min(events, _PROBE) if as_batch else batch
        if trial < _TRIAL_SHARE * self._seconds_since_trial:
            self._seconds_since_trial = 0.0
            return Way(min(events, _PROBE) if as_batch else events, as_batch=not as_batch)
        return Way(events, as_batch=as_batch)

    def _batch_seconds(self, events: int) -> float:
        return median_low(
            seconds + max(0, events - of_events) * _EVENT_SECONDS
            for seconds, of_events in self._batches
        )

    def took(self, *, as_batch: bool, events: int, seconds: float) -> None:
        """Learn how long the server took for what was sent, not counting what it did before."""
        self._seconds_since_trial += seconds
        if as_batch:
            self._batches.append((seconds, events))
        elif events >= _TELLING:
            self._windows.append(seconds / events)

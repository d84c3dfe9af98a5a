"""Remembers what events were, so that a repetition that says something else is noticed. No I/O."""

from __future__ import annotations

from typing import Final

import msgspec

from eventstore.event import RecordedEvent
from eventstore.stream import Position

__all__ = ["REMEMBERED", "Fingerprints"]

REMEMBERED: Final = 1 << 14
"""How many positions are remembered: 64 bits each, about 1.5 MiB in all."""

_encode: Final = msgspec.json.Encoder(order="sorted").encode


class Fingerprints:
    """The fingerprints of the last events, by position. What is older is forgotten.

    A fingerprint is a hash of 64 bits of all that an event is, keyed by the interpreter's secret:
    it means nothing to another process.
    """

    def __init__(self, capacity: int = REMEMBERED) -> None:
        self._capacity = capacity
        self._known: dict[Position, int] = {}

    def remember(self, event: RecordedEvent) -> None:
        """Remember an event; the one remembered first makes room for it."""
        known = self._known
        known[event.position] = _fingerprint(event)
        if len(known) > self._capacity:
            del known[next(iter(known))]

    def knows(self, position: Position) -> bool:
        """Whether the event of a position is remembered."""
        return position in self._known

    def contradicts(self, event: RecordedEvent) -> bool:
        """Whether another event is remembered for this position."""
        known = self._known.get(event.position)
        return known is not None and known != _fingerprint(event)


def _fingerprint(event: RecordedEvent) -> int:
    # The same text of JSON gives the same values, and these the same text here: 1.0 is not 1.
    return hash(
        (
            event.id.int,
            event.type,
            event.stream,
            event.version,
            event.tags,
            event.recorded_at,
            _encode(event.data),
            _encode(event.metadata) if event.metadata else None,
        )
    )

"""Remembers what events were, so that a repetition that says something else is noticed. No I/O."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import Final

import msgspec

from eventstore.event import RecordedEvent
from eventstore.stream import Position

__all__ = ["REMEMBERED", "Fingerprints"]

REMEMBERED: Final = 1 << 14
"""How many positions are remembered, in 128 bits each."""

_encode: Final = msgspec.json.Encoder(order="sorted").encode


class Fingerprints:
    """The fingerprints of the last events, by position; what is older is forgotten.

    A fingerprint is a hash of 64 bits of all that an event is, keyed by the interpreter's secret:
    it means nothing to another process. Each position has its place, which it takes from the one
    that was there before, ``capacity`` positions or a multiple of that earlier.
    """

    def __init__(self, capacity: int = REMEMBERED) -> None:
        self._capacity = capacity
        self._positions = array("q", bytes(8 * capacity))
        self._prints = array("q", bytes(8 * capacity))

    def remember(self, events: Iterable[RecordedEvent]) -> None:
        """Remember events; of two that have one place the later one."""
        positions, prints, capacity = self._positions, self._prints, self._capacity
        for event in events:
            position = event.position
            place = position % capacity
            positions[place] = position
            prints[place] = _fingerprint(event)

    def knows(self, position: Position) -> bool:
        """Whether the event of a position is remembered."""
        return position > 0 and self._positions[position % self._capacity] == position

    def contradicts(self, event: RecordedEvent) -> bool:
        """Whether another event is remembered for this position."""
        position = event.position
        return self.knows(position) and self._prints[position % self._capacity] != _fingerprint(
            event
        )


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

"""Which history of the log a stream carries."""

from __future__ import annotations

import msgspec

from eventstore.stream import Position

__all__ = ["Epoch"]


class Epoch(msgspec.Struct, frozen=True, kw_only=True):
    """Which history the stream carries; it changes when an operator leaves events behind.

    ``number`` grows: 1, then the second (Unix time) of each such decision. Up to position ``after``
    the events are those of the epoch before.
    """

    number: int = 1
    after: Position = Position(0)

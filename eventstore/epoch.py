"""Which history of the log a stream carries."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, runtime_checkable

import msgspec

from eventstore.stream import Position

__all__ = ["Epoch", "KnowsEpoch"]


class Epoch(msgspec.Struct, frozen=True, kw_only=True):
    """Which history the stream carries; it changes when an operator leaves events behind.

    ``number`` grows: 1, then the second (Unix time) of each such decision. Up to position ``after``
    the events are those of the epoch before. ``earlier`` are the epochs that began before this one,
    each with its number and its position, but for the first.
    """

    number: int = 1
    after: Position = Position(0)
    earlier: tuple[tuple[int, Position], ...] = ()

    @classmethod
    def of(cls, began: Iterable[tuple[int, Position]]) -> Epoch:
        """Return the last of the epochs that began; the first of all if none did."""
        *earlier, (number, after) = sorted({(1, Position(0)), *began})
        return cls(number=number, after=after, earlier=tuple(earlier[1:]))

    @property
    def began(self) -> tuple[tuple[int, Position], ...]:
        """Every epoch that an operator began, this one too."""
        return () if self.number == 1 else (*self.earlier, (self.number, self.after))

    def shared_with(self, number: int) -> Position | None:
        """Return up to where an earlier epoch had the same events; null if it is not earlier."""
        return min((after for began, after in self.began if began > number), default=None)

    def joined(self, other: Epoch) -> Epoch:
        """Return the later of two epochs, with what either knows of those before it."""
        return Epoch.of((*self.began, *other.began))


@runtime_checkable
class KnowsEpoch(Protocol):
    """A log that says itself which history it is; PostgreSQL's does."""

    async def epoch(self) -> Epoch:
        """Return the epoch.

        Raises:
            ReadFailed, StoreUnavailable: no answer came.
        """
        ...

"""Times at which nothing is known to be inside: the complement of a union of open intervals."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence

from checker.monitors.containers.core import minimal_core
from checker.monitors.containers.items import (
    Item,
    completion,
    invocation,
    seen_in,
)
from checker.monitors.violation import Violation
from checker.operation import Operation

__all__ = ["Union", "place_empties", "place_outside"]

_BETWEEN = 2
"""From the first instant of a rank to the one where emptiness is seen."""


class Union:
    """A union of open intervals, kept as disjoint ones in order."""

    def __init__(self, intervals: Iterable[tuple[int, int]] = ()) -> None:
        self._lefts: list[int] = []
        self._rights: list[int] = []
        for left, right in sorted(intervals):
            self.add(left, right)

    def add(self, left: int, right: int) -> None:
        """Add the open interval between two instants, unless it is empty."""
        if left >= right:
            return
        first = bisect.bisect_right(self._rights, left)
        last = bisect.bisect_left(self._lefts, right)
        if first < last:
            left = min(left, self._lefts[first])
            right = max(right, self._rights[last - 1])
        self._lefts[first:last] = [left]
        self._rights[first:last] = [right]

    def first_outside(self, instant: int) -> int:
        """Return the first instant, from this one on, that is not inside."""
        place = bisect.bisect_left(self._lefts, instant) - 1
        return max(instant, self._rights[place]) if place >= 0 else instant


def place_empties(
    intervals: Iterable[tuple[int, int]], empties: Sequence[Operation]
) -> list[tuple[int, Operation]] | Operation:
    """Find the first instant outside of all intervals at which each removal found nothing.

    The answer is a removal that has none, if there is one.
    """
    union = Union(intervals)
    placed: list[tuple[int, Operation]] = []
    for empty in empties:
        instant = invocation(empty) + _BETWEEN
        free = union.first_outside(instant)
        if free != instant:
            instant = free + _BETWEEN
        if instant > completion(empty):
            return empty
        placed.append((instant, empty))
    return placed


def place_outside(
    items: Sequence[Item], empties: Sequence[Operation]
) -> list[tuple[int, Operation]] | Violation:
    """Find instants at which nothing is surely inside, or why there is none."""
    placed = place_empties([item.surely_inside for item in items], empties)
    if not isinstance(placed, Operation):
        return placed
    near = [
        item
        for item in items
        if item.inserted_by < completion(placed) and item.removed_from > invocation(placed)
    ]
    return seen_in(placed, minimal_core(near, lambda some: _excludes(some, placed)))


def _excludes(items: Sequence[Item], empty: Operation) -> bool:
    return isinstance(place_empties([item.surely_inside for item in items], [empty]), Operation)

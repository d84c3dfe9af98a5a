"""The one order of a log's completed operations, and where what was not answered may still go.

Every answer tells a length, and lengths tell the order: the append that made a length comes before
the reads that saw it. What is left to check is whether this order is that of real time, or, for
sequential consistency, that of each process.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Final, NamedTuple

from checker.operation import Operation

__all__ = ["Placed", "ProcessOrder", "RealTime"]

_NEVER: Final = 1 << 62


class Placed(NamedTuple):
    """A completed operation and the length that it tells."""

    length: int
    is_read: bool
    operation: Operation


class RealTime:
    """What ended before another operation began comes before it."""

    def inversion(self, order: Sequence[Placed]) -> tuple[Placed, Placed] | None:
        """Find one that began too late for its place, and one after it that had ended before."""
        latest: Placed | None = None
        for placed in order:
            if latest is not None and _end(placed) < latest.operation.invoked:
                return latest, placed
            if latest is None or placed.operation.invoked > latest.operation.invoked:
                latest = placed
        return None

    def admit(
        self, order: Sequence[Placed], holes: Sequence[int], pending: Sequence[Operation]
    ) -> list[tuple[int, Operation | None]]:
        """Give of each pending append the first hole it may fill, and what keeps it from others.

        It may fill all later holes too.
        """
        deadlines: list[int] = []
        tellers: list[Operation | None] = []
        soonest: Operation | None = None
        place = len(order)
        for hole in reversed(holes):
            while place and order[place - 1].length >= hole:
                place -= 1
                operation = order[place].operation
                if soonest is None or (operation.completed or 0) < (soonest.completed or 0):
                    soonest = operation
            deadlines.append(_NEVER if soonest is None else soonest.completed or 0)
            tellers.append(soonest)
        deadlines.reverse()
        tellers.reverse()
        firsts = [bisect_left(deadlines, operation.invoked) for operation in pending]
        return [(first, tellers[first - 1] if first else None) for first in firsts]


class ProcessOrder:
    """What a process began earlier comes before what it began later."""

    def inversion(self, order: Sequence[Placed]) -> tuple[Placed, Placed] | None:
        """Find one that began too late for its place, and one after it that came before."""
        latest: dict[int | str, Placed] = {}
        for placed in order:
            process = placed.operation.process
            before = latest.get(process)
            if before is not None and before.operation.invoked > placed.operation.invoked:
                return before, placed
            latest[process] = placed
        return None

    def admit(
        self, order: Sequence[Placed], holes: Sequence[int], pending: Sequence[Operation]
    ) -> list[tuple[int, Operation | None]]:
        """Give of each pending append the first hole it may fill, and what keeps it from others.

        A process ends with the operation that nobody answered, so only what came before counts.
        """
        last = {placed.operation.process: placed for placed in order}
        admitted: list[tuple[int, Operation | None]] = []
        for operation in pending:
            placed = last.get(operation.process)
            if placed is None:
                admitted.append((0, None))
            else:
                admitted.append((bisect_right(holes, placed.length), placed.operation))
        return admitted


def _end(placed: Placed) -> int:
    completed = placed.operation.completed
    return _NEVER if completed is None else completed

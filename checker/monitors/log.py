"""The monitor of logs: answers tell lengths, lengths tell the order, and one pass decides.

The completed operations can only be in the order of the lengths that they tell; it is a witness if
it keeps real time (`RealTime`), or the order of each process (`ProcessOrder`). Lengths that no
answered append claims are filled with unanswered ones, as the hashes tell (`Segment`). What nobody
observed is left out, which is always allowed. O(n log n) for sorting.

Where many unanswered appends stand between two reads the question is left to the search.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from checker.models.log import EMPTY, Log
from checker.models.model import required_and_optional
from checker.monitors.log_holes import AMBIGUOUS, EFFORT, Candidates, Read, Segment
from checker.monitors.log_order import Placed, ProcessOrder, RealTime
from checker.monitors.log_words import explain
from checker.monitors.outcome import MonitorOutcome
from checker.monitors.violation import Found, Violation, outcome
from checker.operation import Operation

__all__ = ["explain", "judge_log", "judge_log_by_process"]

ALGORITHM: Final = "known order"
LENGTH_MAX: Final = 2**32 - 2
"""No log is longer: a table of operations has not so many rows."""


def judge_log(model: Log, operations: Sequence[Operation]) -> MonitorOutcome:
    """Judge whether one log is linearizable.

    Raises:
        MalformedHistory: an operation is none of a log's.
    """
    return outcome(ALGORITHM, _Judge(model, operations, RealTime()).decide(), explain)


def judge_log_by_process(model: Log, operations: Sequence[Operation]) -> MonitorOutcome:
    """Judge whether one log is sequentially consistent; processes end when unanswered.

    Raises:
        MalformedHistory: an operation is none of a log's.
    """
    return outcome(ALGORITHM, _Judge(model, operations, ProcessOrder()).decide(), explain)


class _Judge:
    """The operations of one log, and what is known of it."""

    def __init__(
        self, model: Log, operations: Sequence[Operation], precedence: RealTime | ProcessOrder
    ) -> None:
        required, optional = required_and_optional(model, operations)
        self._precedence = precedence
        self._order: list[Placed] = []
        self._values: dict[int, int] = {}
        self._hashes: dict[int, int] = {}
        self._pending = [(model.appended(operation), operation) for operation in optional]
        for operation in required:
            if operation.f == "read":
                length, mixed = model.prefix_read(operation)
                self._hashes[operation.index] = mixed
                self._order.append(Placed(length, is_read=True, operation=operation))
            else:
                self._values[operation.index] = model.appended(operation)
                length = model.length_told(operation) or 0
                self._order.append(Placed(length, is_read=False, operation=operation))

    def decide(self) -> Found:
        """Find a legal order, or what excludes every one."""
        wrong = self._impossible()
        if wrong is not None:
            return wrong
        self._order.sort(key=lambda it: (it.length, it.is_read, it.operation.invoked))
        wrong = self._contradiction() or self._inversion()
        if wrong is not None:
            return wrong
        top = self._order[-1].length if self._order else 0
        answered = len(self._values)
        if top > answered + len(self._pending):
            return Violation("missing-events", (self._order[-1].operation,))
        return self._fill(top)

    def _impossible(self) -> Violation | None:
        """Find an answer that no log gives."""
        for length, is_read, operation in self._order:
            if not (0 if is_read else 1) <= length <= LENGTH_MAX:
                return Violation("no-state", (operation,))
        return None

    def _contradiction(self) -> Violation | None:
        """Find two answers that exclude each other whatever the order."""
        for one, other in pairwise(self._order):
            if one.length != other.length or one.is_read != other.is_read:
                continue
            pair = (one.operation, other.operation)
            if not one.is_read:
                return Violation("overlap", pair)
            if self._hashes[pair[0].index] != self._hashes[pair[1].index]:
                return Violation("divergent", pair)
        return None

    def _inversion(self) -> Violation | None:
        """Find two operations whose order is not that of time."""
        found = self._precedence.inversion(self._order)
        if found is None:
            return None
        late, early = found
        if not late.is_read:
            name = "future-read" if early.is_read else "stale-append"
            operations = (
                (early.operation, late.operation)
                if early.is_read
                else (late.operation, early.operation)
            )
            return Violation(name, operations)
        longest = max(placed.length for placed in self._order if placed.is_read)
        if not early.is_read and early.length > longest:
            return Violation("lost-append", (early.operation, late.operation))
        return Violation("stale-read", (late.operation, early.operation))

    def _fill(self, top: int) -> Found:
        """Put unanswered appends where lengths are missing."""
        by_length = {
            placed.length: self._values[placed.operation.index]
            for placed in self._order
            if not placed.is_read
        }
        holes = [length for length in range(1, top + 1) if length not in by_length]
        appends = [operation for _, operation in self._pending]
        admitted = self._precedence.admit(self._order, holes, appends)
        candidates = Candidates(self._pending, admitted)
        reads: list[Read] = [(0, EMPTY, None)]
        reads += [
            (placed.length, self._hashes[placed.operation.index], placed.operation)
            for placed in self._order
            if placed.is_read
        ]
        ambiguous = False
        effort = EFFORT
        for start, end in pairwise(reads):
            first = bisect_left(holes, start[0] + 1)
            segment = Segment(start, end, by_length.__getitem__, holes, first)
            found, effort = segment.solve(candidates, effort)
            if effort <= 0 or len(found) > 1:
                ambiguous = True
                continue
            wrong = _settle(segment, candidates, found)
            if wrong is not None:
                return wrong
        if ambiguous:
            return AMBIGUOUS
        return self._witness(candidates, holes, bisect_left(holes, reads[-1][0] + 1))

    def _witness(self, candidates: Candidates, holes: Sequence[int], free: int) -> Found:
        filled, empty = candidates.fill(range(free, len(holes)))
        if empty is not None:
            return Violation("missing-events", self._missing(holes[empty]))
        order = [*self._order]
        for hole, operation in filled.items():
            order.append(Placed(holes[hole], is_read=False, operation=operation))
        order.sort(key=lambda it: (it.length, it.is_read, it.operation.invoked))
        return [placed.operation for placed in order]

    def _missing(self, hole: int) -> tuple[Operation, ...]:
        """The operation that tells most surely of a length that nothing can have made."""
        tellers = [placed.operation for placed in self._order if placed.length >= hole]
        return (min(tellers, key=lambda operation: operation.completed or 0),)


def _settle(
    segment: Segment, candidates: Candidates, found: Sequence[Sequence[int]]
) -> Violation | None:
    """Hold a segment to the one way in which its holes can be filled, if there is any."""
    if not found:
        return Violation("wrong-hash", segment.readers)
    for number, value in enumerate(found[0]):
        hole = segment.index(number)
        if not candidates.knows(value):
            return Violation("wrong-hash", segment.readers)
        unfilled = candidates.take(value, hole)
        if unfilled is None:
            continue
        if unfilled.anomaly == "duplicate":
            return Violation("duplicate", (*segment.readers[:1], *unfilled.operations))
        return Violation(unfilled.anomaly, unfilled.operations)
    return None

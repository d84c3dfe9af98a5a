"""Counters that go up by one and the same step: exact in O(n log n).

With equal steps a value says how many of them precede it. Reads of one value form a group, groups
are ordered by value, and group j is preceded by exactly value(j) steps; so each gap before a group
takes a known number of steps. A step may go to the gaps after the last group with a read that ended
before it began, up to that before the first group with a read that began after it ended. The gaps
are filled from left to right, with those steps first whose last gap comes first (earliest deadline
first); steps of unknown outcome only fill up. Steps of different sizes are NP-hard (subset sum) and
left to the search.
"""

from __future__ import annotations

import bisect
import heapq
from collections.abc import Sequence
from typing import Final

from checker.models.counter import Counter
from checker.models.describe import name_operation
from checker.monitors.outcome import MonitorOutcome
from checker.monitors.violation import Found, Violation, outcome, sentence
from checker.operation import Operation, Outcome

__all__ = ["explain", "judge_counter"]

ALGORITHM: Final = "equal steps"
UNEQUAL: Final = "the counter changes by steps of different sizes"
_NEVER: Final = 1 << 62


def judge_counter(model: Counter, operations: Sequence[Operation]) -> MonitorOutcome:
    """Judge one counter.

    Raises:
        MalformedHistory: an operation is none of a counter's.
    """
    steps: list[Operation] = []
    reads: list[tuple[int, Operation]] = []
    sizes: set[int] = set()
    for operation in operations:
        if operation.outcome is Outcome.FAIL:
            continue
        if model.changes(operation):
            sizes.add(model.amount(operation))
            steps.append(operation)
        elif operation.outcome is Outcome.OK:
            reads.append((model.sum_read(operation), operation))
    size = next(iter(sizes), 1)
    if len(sizes) > 1 or size == 0:
        return outcome(ALGORITHM, UNEQUAL, explain)
    for value, read in reads:
        if value % size or value // size < 0:
            return outcome(ALGORITHM, Violation("impossible-value", (read, *steps[:1])), explain)
    counts = [(value // size, read) for value, read in reads]
    return outcome(ALGORITHM, _Groups(counts, steps).order(), explain)


class _Groups:
    """Reads by the number of steps that precede them, and where each step may go.

    Groups count from 1; gap j comes before group j, and one more gap after all groups.
    """

    def __init__(self, counts: Sequence[tuple[int, Operation]], steps: Sequence[Operation]) -> None:
        self._values = [0, *sorted({count for count, _ in counts})]
        self._last = len(self._values)
        numbers = {value: number for number, value in enumerate(self._values[1:], start=1)}
        reads = [(numbers[count], read) for count, read in counts]
        self._by_end = sorted(reads, key=lambda read: _end(read[1]))
        self._by_begin = sorted(reads, key=lambda read: read[1].invoked)
        self._steps = sorted(steps, key=lambda step: step.invoked)
        self._gaps: list[list[int]] = [[] for _ in range(self._last + 1)]

    def order(self) -> Found:
        """Fill the gaps, or find out why that is impossible."""
        violation = self._stale_read() or self._fill()
        if violation is not None:
            return violation
        order: list[Operation] = []
        groups: list[list[Operation]] = [[] for _ in range(self._last + 1)]
        for number, read in self._by_begin:
            groups[number].append(read)
        for steps, reads in zip(self._gaps, groups, strict=True):
            order += [self._steps[place] for place in sorted(steps)]
            order += reads
        return order

    def _stale_read(self) -> Violation | None:
        """Find a read that shows less than one that ended before it began."""
        ended = iter(self._by_end)
        following = next(ended, None)
        highest: tuple[int, Operation] | None = None
        for number, read in self._by_begin:
            while following is not None and _end(following[1]) < read.invoked:
                if highest is None or following[0] > highest[0]:
                    highest = following
                following = next(ended, None)
            if highest is not None and highest[0] > number:
                return Violation("stale-read", (highest[1], read))
        return None

    def _fill(self) -> Violation | None:
        lows, highs = self._lows(), self._highs()
        arriving: list[list[int]] = [[] for _ in range(self._last + 1)]
        for place, (low, high) in enumerate(zip(lows, highs, strict=True)):
            if high < low:
                return self._too_many(low - 1, high, place)
            arriving[low].append(place)
        waiting: list[tuple[int, int]] = []
        for gap in range(1, self._last):
            for place in arriving[gap]:
                heapq.heappush(waiting, (highs[place], place))
            for _ in range(self._values[gap] - self._values[gap - 1]):
                if not waiting:
                    return self._too_few(gap)
                self._gaps[gap].append(heapq.heappop(waiting)[1])
            if waiting and waiting[0][0] <= gap:
                return self._too_many(self._tight_from(gap, highs), gap, waiting[0][1])
        rest = [*(place for _, place in waiting), *arriving[self._last]]
        self._gaps[self._last] = [
            place for place in rest if self._steps[place].completed is not None
        ]
        return None

    def _lows(self) -> list[int]:
        """The first gap of each step: after every group of which a read ended before it began."""
        lows: list[int] = []
        ended = iter(self._by_end)
        following = next(ended, None)
        highest = 0
        for step in self._steps:
            while following is not None and _end(following[1]) < step.invoked:
                highest = max(highest, following[0])
                following = next(ended, None)
            lows.append(highest + 1)
        return lows

    def _highs(self) -> list[int]:
        """The last gap of each step: before every group of which a read began after it ended."""
        begins = [read.invoked for _, read in self._by_begin]
        lowest = [self._last]
        for number, _ in reversed(self._by_begin):
            lowest.append(min(lowest[-1], number))
        lowest.reverse()
        return [
            _NEVER
            if step.completed is None
            else lowest[bisect.bisect_right(begins, step.completed)]
            for step in self._steps
        ]

    def _tight_from(self, gap: int, highs: Sequence[int]) -> int:
        """Return the gap after which only steps were taken that could wait no longer than ``gap``.

        All of them began after a read of that group, or of a higher one, had ended.
        """
        return next(
            (
                before
                for before in range(gap, 0, -1)
                if any(highs[place] > gap for place in self._gaps[before])
            ),
            0,
        )

    def _too_few(self, gap: int) -> Violation:
        """Not as many steps began before some read ended as it shows."""
        read = next(read for number, read in self._by_end if number >= gap)
        late = [step for step in self._steps if step.invoked > _end(read)]
        return Violation("overcount", (read, *late[:1]))

    def _too_many(self, after: int, before: int, place: int) -> Violation:
        """More steps lie between two reads than they show."""
        earlier = [read for number, read in self._by_end if number >= after > 0]
        later = [read for number, read in self._by_begin if number <= before]
        return Violation("undercount", (*earlier[:1], self._steps[place], later[-1]))


def _end(operation: Operation) -> int:
    return _NEVER if operation.completed is None else operation.completed


def explain(anomaly: str, operations: Sequence[Operation]) -> str:
    """Say what is wrong in one sentence, from an anomaly's operations."""
    first, last = operations[0], operations[-1]
    read = f"{name_operation(first)} read {first.output}"
    if anomaly == "stale-read":
        words = (
            f"{name_operation(last)} read {last.output}, but {read} and had ended before it began"
        )
    elif anomaly == "impossible-value":
        like = f" such as that of {name_operation(last)}" if len(operations) > 1 else ""
        words = f"{read}, which no number of steps{like} leads to"
    elif anomaly == "overcount":
        late = (
            f"; {name_operation(last)} was the next to begin, after it" if first is not last else ""
        )
        words = f"{read}, further than all steps lead that had begun when it ended{late}"
    else:
        *earlier, step, last = operations
        since = (
            f"{name_operation(earlier[0])} had read {earlier[0].output}, and the steps since then"
            if earlier
            else "the steps"
        )
        words = (
            f"{name_operation(last)} read {last.output}, but {since} that had ended before it "
            f"began, {name_operation(step)} among them, lead further"
        )
    return sentence(words)

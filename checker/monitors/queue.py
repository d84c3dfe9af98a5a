"""The monitor of FIFO queues: exact for unique values, in O(n log n).

Henzinger, Sezgin and Vafeiadis, "Aspect-oriented linearizability proofs" (CONCUR 2013), and
Bouajjani, Emmi, Enea and Hamza, "On reducing linearizability to state reachability" (ICALP 2015):
besides answers that no insertion explains, a queue can go wrong in two ways only. A value leaves
although one that was enqueued before it is still in; or a dequeue finds nothing although there was
something at all times. The witness is ours: empty dequeues get their instants first, then values
are ordered so that neither enqueues nor dequeues really precede each other the other way round.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from checker.models.describe import name_operation
from checker.models.queue import Queue
from checker.monitors.containers.free_time import place_outside
from checker.monitors.containers.items import (
    NEVER,
    Item,
)
from checker.monitors.containers.judge import Family, judge
from checker.monitors.containers.words import Words, fates
from checker.monitors.outcome import MonitorOutcome
from checker.monitors.violation import Violation, sentence
from checker.operation import Operation

__all__ = ["explain", "judge_queue"]

ALGORITHM = "queue order"
_WORDS = Words("enqueue", "enqueued", "dequeued", "queue")


def judge_queue(model: Queue, operations: Sequence[Operation]) -> MonitorOutcome:
    """Judge one queue.

    Raises:
        MalformedHistory: an operation is none of a queue's.
    """
    return judge(Family(ALGORITHM, _decide, _overtakes, explain), model, operations)


def explain(anomaly: str, operations: Sequence[Operation]) -> str:
    """Say what is wrong in one sentence, from an anomaly's operations."""
    if anomaly not in ("out-of-order", "lost-value"):
        return _WORDS.explain(anomaly, operations)
    older, newer = fates(operations)
    if newer.removal is None:
        raise ValueError(f"an anomaly {anomaly} has the dequeue of the newer value")
    tail = (
        f"{older.value} never was"
        if older.removal is None
        else f"only then {name_operation(older.removal)} dequeued {older.value}"
    )
    return sentence(
        f"{name_operation(older.insertion)} enqueued {older.value} before "
        f"{name_operation(newer.insertion)} began to enqueue {newer.value}, but "
        f"{name_operation(newer.removal)} dequeued {newer.value}, and {tail}"
    )


def _decide(items: Sequence[Item], empties: Sequence[Operation]) -> list[Operation] | Violation:
    overtaking = _find_overtaking(items)
    if overtaking is not None:
        return overtaking
    placed = place_outside(items, empties)
    if isinstance(placed, Violation):
        return placed
    return _order(items, placed)


def _find_overtaking(items: Sequence[Item]) -> Violation | None:
    """Find a value that left before one that was enqueued before it."""
    by_end = iter(sorted(items, key=lambda item: item.inserted_by))
    older = next(by_end, None)
    last: Item | None = None
    for newer in sorted(items, key=lambda item: item.inserted_from):
        while older is not None and older.inserted_by < newer.inserted_from:
            if last is None or older.removed_from > last.removed_from:
                last = older
            older = next(by_end, None)
        if last is not None and newer.removed_by < last.removed_from:
            return _overtaking(last, newer)
    return None


def _overtakes(missed: Item, other: Item) -> Violation | None:
    before = missed.inserted_by < other.inserted_from
    return _overtaking(missed, other) if before else None


def _overtaking(older: Item, newer: Item) -> Violation:
    name = "lost-value" if older.removal is None else "out-of-order"
    operations = (older.insertion, *newer.operations, *older.operations[1:])
    return Violation(name, operations)


class _Ranges(NamedTuple):
    """When a value enters and leaves, once the instants of empty dequeues are fixed."""

    item: Item
    inserted_from: int
    inserted_by: int
    removed_from: int
    removed_by: int


def _order(items: Sequence[Item], placed: Sequence[tuple[int, Operation]]) -> list[Operation]:
    """Order everything: no two values overtake each other, and each empty dequeue has its place."""
    empty_at = sorted({instant for instant, _ in placed})
    events = [(instant, 0, 0, operation) for instant, operation in placed]
    inserted = removed = 0
    for turn, ranges in enumerate(_fifo(_between(items, empty_at))):
        inserted = max(inserted, ranges.inserted_from)
        removed = max(removed, ranges.removed_from)
        events.append((inserted, 0, turn, ranges.item.insertion))
        if ranges.item.removal is not None:
            events.append((removed, 1, turn, ranges.item.removal))
    events.sort(key=lambda event: event[:3])
    return [operation for *_, operation in events]


def _between(items: Sequence[Item], empty_at: Sequence[int]) -> list[_Ranges]:
    """Let each value live between two instants of emptiness, the first two that are possible."""
    ranges: list[_Ranges] = []
    place = 0
    for item in sorted(items, key=lambda item: max(item.inserted_from, item.removed_from)):
        removed_from = max(item.inserted_from, item.removed_from)
        while place < len(empty_at) and empty_at[place] < removed_from:
            place += 1
        before = empty_at[place - 1] + 1 if place > 0 else 0
        after = empty_at[place] - 1 if place < len(empty_at) else NEVER
        removed_by = min(item.removed_by, after)
        ranges.append(
            _Ranges(
                item=item,
                inserted_from=max(item.inserted_from, before),
                inserted_by=min(item.inserted_by, removed_by),
                removed_from=removed_from,
                removed_by=removed_by,
            )
        )
    return ranges


def _fifo(ranges: Sequence[_Ranges]) -> list[_Ranges]:
    """Order values so that none is inserted or removed really before one that precedes it.

    Where no two values overtake each other these constraints have no cycle (each is an interval
    order), so there is always a value that may come next.
    """
    places = range(len(ranges))
    passed = [0] * len(ranges)
    ready: deque[int] = deque()
    done: set[int] = set()
    sides = [
        _Side(places, ranges, "inserted_from", "inserted_by"),
        _Side(places, ranges, "removed_from", "removed_by"),
    ]
    order: list[_Ranges] = []
    while len(order) < len(ranges):
        for side in sides:
            for place in side.may_start(done):
                passed[place] += 1
                if passed[place] == len(sides):
                    ready.append(place)
        place = ready.popleft()
        done.add(place)
        order.append(ranges[place])
    return order


class _Side:
    """Insertions or removals: which of those left may come first?"""

    def __init__(
        self, places: Sequence[int], ranges: Sequence[_Ranges], first: str, last: str
    ) -> None:
        self._firsts = [getattr(each, first) for each in ranges]
        self._lasts = [getattr(each, last) for each in ranges]
        self._by_first = sorted(places, key=lambda place: (self._firsts[place], place))
        self._by_last = sorted(places, key=lambda place: (self._lasts[place], place))
        self._started = self._ended = 0

    def may_start(self, done: set[int]) -> list[int]:
        """Return those that newly may: they begin before any that is left must have ended."""
        while self._by_last[self._ended] in done:
            self._ended += 1
        limit = self._lasts[self._by_last[self._ended]]
        start = self._started
        while (
            self._started < len(self._by_first)
            and self._firsts[self._by_first[self._started]] <= limit
        ):
            self._started += 1
        return self._by_first[start : self._started]

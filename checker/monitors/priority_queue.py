"""The monitor of priority queues: exact for unique values, in O(n log n).

The patterns are those of Bouajjani, Enea and Wang, "Checking linearizability of concurrent priority
queues" (CONCUR 2017); the greedy form is ours. From the best value to the worst, each is extracted
at the first instant at which nothing better is surely inside. That instant leaves it inside for the
shortest time, and worse values never stand in the way of better ones, so if it comes too late there
is no order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from checker.models.describe import name_operation
from checker.models.priority_queue import PriorityQueue
from checker.monitors.containers.core import minimal_core
from checker.monitors.containers.free_time import Union, place_empties
from checker.monitors.containers.items import (
    Item,
    seen_in,
)
from checker.monitors.containers.judge import Family, judge
from checker.monitors.containers.words import Words, fates
from checker.monitors.outcome import MonitorOutcome
from checker.monitors.violation import Violation, sentence
from checker.operation import Operation

__all__ = ["explain", "judge_priority_queue"]

ALGORITHM = "priority order"
_WORDS = Words("insert", "inserted", "extracted", "priority queue")


def judge_priority_queue(model: PriorityQueue, operations: Sequence[Operation]) -> MonitorOutcome:
    """Judge one priority queue.

    Raises:
        MalformedHistory: an operation is none of a priority queue's.
    """
    return judge(Family(ALGORITHM, _decide, _overtakes, explain), model, operations)


def explain(anomaly: str, operations: Sequence[Operation]) -> str:
    """Say what is wrong in one sentence, from an anomaly's operations."""
    if anomaly != "out-of-order":
        return _WORDS.explain(anomaly, operations)
    worse, *better = fates(operations)
    if worse.removal is None:
        raise ValueError("what is out of order was extracted")
    always = "was" if len(better) == 1 else "always was"
    return sentence(
        f"{name_operation(worse.removal)} extracted {worse.value} (inserted by "
        f"{name_operation(worse.insertion)}), but something better {always} "
        f"inside: {_WORDS.list_fates(better)}"
    )


class _Stay(NamedTuple):
    """A value, and when it is extracted at the earliest."""

    item: Item
    extracted: int


def _decide(items: Sequence[Item], empties: Sequence[Operation]) -> list[Operation] | Violation:
    ordered = sorted(items, key=_rank)
    stays = _extract(ordered)
    if isinstance(stays, Item):
        better = ordered[: ordered.index(stays)]
        return _out_of_order(
            stays, minimal_core(better, lambda some: isinstance(_extract([*some, stays]), Item))
        )
    placed = _place(stays, empties)
    if isinstance(placed, Operation):
        return seen_in(placed, minimal_core(ordered, lambda some: _excludes(some, placed)))
    return _order(stays, placed)


def _place(
    stays: Sequence[_Stay], empties: Sequence[Operation]
) -> list[tuple[int, Operation]] | Operation:
    return place_empties([(item.inserted_by, extracted) for item, extracted in stays], empties)


def _rank(item: Item) -> Any:
    return item.token


def _extract(ordered: Sequence[Item]) -> list[_Stay] | Item:
    """Extract values, the best first; the answer is one that cannot be if there is one."""
    better = Union()
    stays: list[_Stay] = []
    for item in ordered:
        extracted = better.first_outside(max(item.inserted_from, item.removed_from))
        if extracted > item.removed_by:
            return item
        better.add(item.inserted_by, extracted)
        stays.append(_Stay(item, extracted))
    return stays


def _excludes(ordered: Sequence[Item], empty: Operation) -> bool:
    stays = _extract(ordered)
    return isinstance(stays, Item) or isinstance(_place(stays, [empty]), Operation)


def _overtakes(missed: Item, other: Item) -> Violation | None:
    before = _rank(missed) < _rank(other) and missed.inserted_by < other.removed_from
    return _out_of_order(other, [missed]) if before else None


def _out_of_order(worse: Item, better: Sequence[Item]) -> Violation:
    inside = [operation for item in better for operation in item.operations]
    return Violation("out-of-order", (*worse.operations, *inside))


def _order(stays: Sequence[_Stay], placed: Sequence[tuple[int, Operation]]) -> list[Operation]:
    """Insert each value as late as can be, and extract those of one instant from the best on."""
    events = [(instant, 0, 0, operation) for instant, operation in placed]
    for rank, (item, extracted) in enumerate(stays):
        inserted = min(item.inserted_by, extracted)
        events.append((inserted, rank, 0, item.insertion))
        if item.removal is not None:
            events.append((extracted, rank, 1, item.removal))
    events.sort(key=lambda event: event[:3])
    return [operation for *_, operation in events]

"""The monitor of stacks: exact for unique values; here in its plain form, O(n^2) at worst.

Peeling (its structure from Abdulla, Jonsson, Krishna, Mathur and others, PLDI 2025; the form is
ours): values that were surely inside at overlapping times form a component, whose hull reaches from
the first instant at which one of them was surely inside to the last. A value that can have been
pushed before the hull and popped after it can have been below all the others: it is taken off, and
what is left falls into components again. If nothing can be taken off there is no order. A value
that can be popped as it is pushed disturbs nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from checker.models.describe import name_operation
from checker.models.stack import Stack
from checker.monitors.containers.core import minimal_core
from checker.monitors.containers.free_time import place_outside
from checker.monitors.containers.items import (
    NEVER,
    Item,
    invocation,
)
from checker.monitors.containers.judge import Family, judge
from checker.monitors.containers.words import Words, fates
from checker.monitors.outcome import MonitorOutcome
from checker.monitors.violation import Violation, sentence
from checker.operation import Operation

__all__ = ["explain", "judge_stack"]

ALGORITHM = "stack peeling"
_WORDS = Words("push", "pushed", "popped", "stack")
_PAIR = 2
_AFTER_NEVER = NEVER + 3
"""When what is never popped has been popped: all of that can be popped in any order."""


def judge_stack(model: Stack, operations: Sequence[Operation]) -> MonitorOutcome:
    """Judge one stack.

    Raises:
        MalformedHistory: an operation is none of a stack's.
    """
    return judge(Family(ALGORITHM, _decide, _overtakes, explain), model, operations)


def explain(anomaly: str, operations: Sequence[Operation]) -> str:
    """Say what is wrong in one sentence, from an anomaly's operations."""
    if anomaly != "out-of-order":
        return _WORDS.explain(anomaly, operations)
    values = fates(operations)
    if len(values) > _PAIR:
        return (
            "These values were on the stack at overlapping times, but none of them can have been "
            f"below all the others: {_WORDS.list_fates(values)}."
        )
    lower, upper = sorted(values, key=lambda fate: fate.insertion.index)
    if lower.removal is None:
        raise ValueError("of two values that are out of order the lower one was popped")
    return sentence(
        f"{name_operation(lower.insertion)} pushed {lower.value}, and above it "
        f"{name_operation(upper.insertion)} pushed {upper.value}, but "
        f"{name_operation(lower.removal)} popped {lower.value} while {upper.value} was still "
        f"above it, {_WORDS.fate_of_removal(upper)}"
    )


def _decide(items: Sequence[Item], empties: Sequence[Operation]) -> list[Operation] | Violation:
    peeled = _peel(items)
    if isinstance(peeled, _Stuck):
        return _out_of_order(minimal_core(peeled.component, _is_stuck))
    placed = place_outside(items, empties)
    if isinstance(placed, Violation):
        return placed
    return _order(peeled, items, placed)


def _overtakes(missed: Item, other: Item) -> Violation | None:
    above = other.inserted_by < missed.inserted_from and missed.inserted_by < other.removed_from
    return _out_of_order([other, missed]) if above else None


def _out_of_order(items: Sequence[Item]) -> Violation:
    return Violation(
        "out-of-order", tuple(operation for item in items for operation in item.operations)
    )


Step = tuple[Item, bool]
"""A value and whether it is popped."""


class _Stuck(NamedTuple):
    """A component that nothing can be taken off."""

    component: list[Item]


def _peel(items: Sequence[Item]) -> list[list[Step]] | _Stuck:
    """Order pushes and pops of what was surely inside, one list for each outermost component."""
    inside = [item for item in items if item.inserted_by < item.removed_from]
    inside.sort(key=lambda item: item.inserted_by)
    parts: list[list[Step]] = []
    for component in _components(inside):
        part: list[Step] = []
        work: list[Item | list[Item]] = [component]
        while work:
            todo = work.pop()
            if isinstance(todo, Item):
                part.append((todo, True))
                continue
            lowest, rest = _take_off(todo)
            if not lowest:
                return _Stuck(todo)
            part += [(item, False) for item in lowest]
            work += lowest
            work += reversed(_components(rest))
        parts.append(part)
    return parts


def _is_stuck(items: Sequence[Item]) -> bool:
    return isinstance(_peel(items), _Stuck)


def _components(items: Sequence[Item]) -> list[list[Item]]:
    """Split values, in order of `Item.inserted_by`, where none was surely inside."""
    components: list[list[Item]] = []
    end = -1
    for item in items:
        if item.inserted_by > end:
            components.append([])
        components[-1].append(item)
        end = max(end, item.removed_from)
    return components


def _take_off(component: Sequence[Item]) -> tuple[list[Item], list[Item]]:
    """Part the values that can have been below all the others, the lowest first, from the rest."""
    begin = component[0].inserted_by
    end = max(item.removed_from for item in component)
    lowest: list[Item] = []
    rest: list[Item] = []
    for item in component:
        can = item.inserted_from < begin and _removed_by(item) > end
        (lowest if can else rest).append(item)
    return lowest, rest


def _removed_by(item: Item) -> int:
    return _AFTER_NEVER if item.removed_by == NEVER else item.removed_by


def _order(
    parts: Sequence[list[Step]], items: Sequence[Item], placed: Sequence[tuple[int, Operation]]
) -> list[Operation]:
    """Put empty pops between the parts, and what was popped as it was pushed anywhere."""
    empties = sorted(placed, key=lambda entry: entry[0])
    place = 0
    steps: list[tuple[int, Operation]] = []
    for part in parts:
        begin = part[0][0].inserted_by
        while place < len(empties) and empties[place][0] < begin:
            steps.append(empties[place])
            place += 1
        for item, is_pop in part:
            operation = item.removal if is_pop else item.insertion
            if operation is not None:
                steps.append((invocation(operation), operation))
    steps += empties[place:]
    instant = 0
    events: list[tuple[int, int, Operation]] = []
    for first, operation in steps:
        instant = max(instant, first)
        events.append((instant, 0, operation))
    for item in items:
        if item.inserted_by >= item.removed_from:
            together = max(item.inserted_from, item.removed_from)
            events += [(together, 1, operation) for operation in item.operations]
    events.sort(key=lambda event: event[:2])
    return [operation for *_, operation in events]

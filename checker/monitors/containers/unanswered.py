"""Removals without an answer: which values may they have taken?

A value that is still missed when something shows that it must have left was taken by one of them.
Each such value has a last instant, and each removal takes at most one value, none before it was
invoked: serving the most urgent value first finds an assignment if there is one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from checker.monitors.containers.items import (
    Item,
    completion,
    invocation,
    seen_in,
)
from checker.monitors.containers.pairing import Paired
from checker.monitors.violation import Violation

__all__ = ["Overtakes", "assign", "drained"]

Overtakes = Callable[[Item, Item], Violation | None]
"""What it shows if the second item, which was removed, leaves before the first; else None."""


def drained(paired: Paired) -> list[Item]:
    """Let values leave unseen once any unanswered removal was invoked.

    No history becomes invalid by it: a value that nothing took can be taken when all is over.
    """
    first = min(invocation(removal) for removal in paired.unanswered)
    return [
        item if item.removal is not None else dataclasses.replace(item, removed_from=first)
        for item in paired.items
    ]


def assign(paired: Paired, overtakes: Overtakes) -> list[Item] | Violation:
    """Let unanswered removals take the values that must have left."""
    missed: list[tuple[int, int, Violation]] = []
    for place, item in enumerate(paired.items):
        if item.removal is None:
            missed += [(last, place, why) for last, why in _last_instant(item, paired, overtakes)]
    missed.sort(key=lambda entry: entry[:2])
    removals = sorted(paired.unanswered, key=invocation)
    items = list(paired.items)
    for turn, (last, place, why) in enumerate(missed):
        if turn == len(removals) or invocation(removals[turn]) > last:
            return why
        item = items[place]
        items[place] = Item.of(item.token, item.insertion, removals[turn])
    return items


def _last_instant(item: Item, paired: Paired, overtakes: Overtakes) -> list[tuple[int, Violation]]:
    """Find the last instant at which a value can have left, and what shows it; or nothing."""
    shown: list[tuple[int, Violation]] = []
    for other in paired.items:
        if other.removal is not None:
            violation = overtakes(item, other)
            if violation is not None:
                shown.append((other.removed_by, violation))
    shown += [
        (completion(empty), seen_in(empty, [item]))
        for empty in paired.empties
        if item.inserted_by < invocation(empty)
    ]
    return [min(shown, key=lambda each: each[0])] if shown else []

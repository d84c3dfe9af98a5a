"""Which removal took which insertion's value.

Where each value was put in once, answers tell; what they alone exclude is found here. Insertions of
unknown outcome whose value was never answered are left out: an order with one stays legal
without it, and without what an unanswered removal may have made of it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Sequence

from checker.models.canonical import canonical_json
from checker.models.container import Container
from checker.models.model import required_and_optional
from checker.monitors.containers.items import (
    Item,
)
from checker.monitors.violation import Violation
from checker.operation import Operation, Outcome

__all__ = ["REPEATED", "Paired", "pair"]

REPEATED = "a value was put in more than once, so it is not known which one a removal took"


@dataclasses.dataclass(frozen=True, slots=True)
class Paired:
    """The items, the removals that found nothing, and those without an answer."""

    items: list[Item]
    empties: list[Operation]
    unanswered: list[Operation]


def pair(model: Container, operations: Sequence[Operation]) -> Paired | Violation | None:
    """Pair insertions and removals by value; None if values repeat.

    Raises:
        MalformedHistory: an operation is none of the model's.
    """
    required, optional = required_and_optional(model, operations)
    insertions: dict[Hashable, list[Operation]] = {}
    removals: dict[Hashable, list[Operation]] = {}
    empties: list[Operation] = []
    unanswered: list[Operation] = []
    for operation in sorted((*required, *optional), key=lambda operation: operation.index):
        if model.inserts(operation):
            token = model.token(operation.value, operation)
            insertions.setdefault(token, []).append(operation)
        elif operation.outcome is not Outcome.OK:
            unanswered.append(operation)
        elif operation.output is None:
            empties.append(operation)
        else:
            removals.setdefault(model.token(operation.output, operation), []).append(operation)
    violation = _impossible(insertions, removals)
    if violation is not None:
        return _told_fully(violation, model, operations)
    items: list[Item] = []
    for token, named in insertions.items():
        removed = removals.get(token, [])
        inserted = named if removed else [one for one in named if one.outcome is Outcome.OK]
        if len(inserted) > 1:
            return None
        if inserted:
            items.append(Item.of(token, inserted[0], removed[0] if removed else None))
    items.sort(key=lambda item: item.insertion.index)
    return Paired(items, empties, unanswered)


def _impossible(
    insertions: dict[Hashable, list[Operation]], removals: dict[Hashable, list[Operation]]
) -> Violation | None:
    """Find an answer that no insertion explains: the first removal that shows it."""
    found = [
        violation
        for token, removed in removals.items()
        if (violation := _unexplained(insertions.get(token, []), removed)) is not None
    ]
    return min(found, key=lambda each: each[0], default=(0, None))[1]


def _told_fully(
    violation: Violation, model: Container, operations: Sequence[Operation]
) -> Violation:
    """Tell a value whose insertion failed from one out of thin air."""
    first = violation.operations[0]
    if violation.anomaly == "thin-air":
        value = canonical_json(first.output)
        for operation in operations:
            failed = operation.outcome is Outcome.FAIL and operation.f in model.insertions
            if failed and canonical_json(operation.value) == value:
                return Violation("aborted-removal", (operation, first))
    return violation


def _unexplained(
    inserted: list[Operation], removed: list[Operation]
) -> tuple[int, Violation] | None:
    first = removed[0]
    if not inserted:
        return first.index, Violation("thin-air", (first,))
    if len(inserted) > 1:
        return None
    if len(removed) > 1:
        second = removed[1]
        return second.index, Violation("duplicate-removal", (inserted[0], first, second))
    if first.completed is not None and first.completed < inserted[0].invoked:
        return first.index, Violation("future-removal", (first, inserted[0]))
    return None

"""Sets that are only asked about single elements: each is an object of two states.

An add that found the element missing, or a remove that found it, switches; every other answer sees
a state. What was not answered may have done either, which is decided as well where it is clear: an
element that nobody removes is there from its first add on, one that is added only once was missing
before. Only an element that is removed and added again without answers is left to the search.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping

from checker.monitors.two_state import Act, Stuck, sweep_two_states
from checker.monitors.violation import Found, Violation
from checker.operation import Operation, Outcome

__all__ = ["Element", "judge_elements"]

UNANSWERED = "an element was added or removed again without an answer whether that changed the set"


@dataclasses.dataclass(slots=True)
class Element:
    """What was done to one element, by what it was answered.

    ``added`` and ``removed`` changed the set, or are of unknown outcome and changed it if they
    happened; ``unanswered`` ones happened, and may have found nothing to do.
    """

    added: list[Operation] = dataclasses.field(default_factory=list)
    unanswered_adds: list[Operation] = dataclasses.field(default_factory=list)
    removed: list[Operation] = dataclasses.field(default_factory=list)
    unanswered_removes: list[Operation] = dataclasses.field(default_factory=list)
    seen: list[Operation] = dataclasses.field(default_factory=list)
    missed: list[Operation] = dataclasses.field(default_factory=list)
    failed: Operation | None = None
    """An add that certainly did not happen."""

    @property
    def adds(self) -> list[Operation]:
        """All that may have added it, in order of invocation."""
        return sorted(self.added + self.unanswered_adds, key=lambda add: add.invoked)


def judge_elements(elements: Mapping[str, Element]) -> Found:
    """Find an order of what was done to all elements, or the first operation that has no place."""
    acts: list[Act] = []
    for name, element in elements.items():
        found = _acts(name, element)
        if found is None:
            return UNANSWERED
        acts += found
    order = sweep_two_states(acts)
    if isinstance(order, Stuck):
        return _violation(order, elements[str(order.act.subject)])
    return order


def _acts(name: str, element: Element) -> list[Act] | None:
    """Say which operations switch and which see; None if that is not clear."""
    raising, lowering = element.added, element.removed
    seen, missed = element.seen, element.missed
    if not (element.removed or element.unanswered_removes):
        raising, found = _first_and_others(element)
        seen = seen + found
    elif not element.adds:
        missed = missed + element.unanswered_removes
    elif element.unanswered_removes:
        return None
    elif element.unanswered_adds:
        if len(element.adds) > 1:
            return None
        raising = element.unanswered_adds
    return [
        *(Act(operation, name, switches=True, to=True) for operation in raising),
        *(Act(operation, name, switches=True, to=False) for operation in lowering),
        *(Act(operation, name, switches=False, to=True) for operation in seen),
        *(Act(operation, name, switches=False, to=False) for operation in missed),
    ]


def _first_and_others(element: Element) -> tuple[list[Operation], list[Operation]]:
    """Split the adds of an element that stays: what made it be there, and what found it there.

    If nobody was told to be the first, the one that was invoked first can have been. An add of
    unknown outcome that is not the first need not have happened.
    """
    told = [add for add in element.added if add.outcome is Outcome.OK]
    first = told or element.adds[:1]
    others = [add for add in element.unanswered_adds if add not in first]
    return first, others


def _violation(stuck: Stuck, element: Element) -> Violation:
    operation = stuck.act.operation
    before = _distinct(act.operation for act in (stuck.switch, stuck.reason) if act is not None)
    is_there = stuck.act.to is stuck.act.switches
    if is_there:
        name = "duplicate-add" if stuck.act.switches else "lost-element"
        return Violation(name, (*before, operation))
    if before:
        name = "double-remove" if stuck.act.switches else "resurrected-element"
        return Violation(name, (*before, operation))
    adds = element.adds
    if adds:
        raising, _ = ([], []) if element.removed else _first_and_others(element)
        first = min(raising or adds, key=lambda add: add.invoked)
        began = operation.completed is not None and adds[0].invoked < operation.completed
        return Violation("duplicate-add" if began else "future-read", (operation, first))
    if element.failed is not None:
        return Violation("aborted-read", (element.failed, operation))
    return Violation("thin-air", (operation,))


def _distinct(operations: Iterable[Operation]) -> tuple[Operation, ...]:
    return tuple({operation.index: operation for operation in operations}.values())

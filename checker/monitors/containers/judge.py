"""How a container is judged, whichever value leaves it first.

The family decides when all removals were answered. Removals without an answer need not have
happened: an order without them is a witness. Otherwise values may leave unseen as soon as one was
invoked, which forgives too much; what is wrong even so is wrong. In between, the values that must
have left are given to the removals that may have taken them, and only if that explains nothing
the question is left to the search.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from checker.models.container import Container
from checker.monitors.containers.items import (
    Item,
)
from checker.monitors.containers.pairing import REPEATED, pair
from checker.monitors.containers.unanswered import Overtakes, assign, drained
from checker.monitors.outcome import MonitorOutcome
from checker.monitors.violation import Found, Violation, outcome
from checker.operation import Operation

__all__ = ["Family", "judge"]

UNCLEAR = "a removal of unknown outcome may have taken one of several values"


class Family(NamedTuple):
    """What tells the monitors of containers apart."""

    algorithm: str
    decide: Callable[[Sequence[Item], Sequence[Operation]], list[Operation] | Violation]
    """Find a legal order of what happened to some items and of removals that found nothing."""
    overtakes: Overtakes
    explain: Callable[[str, Sequence[Operation]], str]


def judge(family: Family, model: Container, operations: Sequence[Operation]) -> MonitorOutcome:
    """Judge one container.

    Raises:
        MalformedHistory: an operation is none of the model's.
    """
    return outcome(family.algorithm, _decide(family, model, operations), family.explain)


def _decide(family: Family, model: Container, operations: Sequence[Operation]) -> Found:
    paired = pair(model, operations)
    if paired is None:
        return REPEATED
    if isinstance(paired, Violation):
        return paired
    found = family.decide(paired.items, paired.empties)
    if not isinstance(found, Violation) or not paired.unanswered:
        return found
    forgiven = family.decide(drained(paired), paired.empties)
    if isinstance(forgiven, Violation):
        return forgiven
    items = assign(paired, family.overtakes)
    if isinstance(items, Violation):
        return items
    explained = family.decide(items, paired.empties)
    return UNCLEAR if isinstance(explained, Violation) else explained

"""What there is to say of a part that is not sequentially consistent, beside its anomaly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from checker.checking.sequentially import explain_by_process, objects_of
from checker.engine.outcome import SearchOutcome
from checker.engine.sequential import search_by_process
from checker.engine.stepping import apply
from checker.limits import Limits
from checker.models import Model, Partition
from checker.models.describe import describe, shorten
from checker.monitors import MONITORS_BY_PROCESS
from checker.operation import Operation
from checker.report.explain.step import STATE_CHARACTERS, Step
from checker.report.wording import value_text
from checker.verdict import Anomaly, Verdict

__all__ = ["LegalOrder", "found_by_process", "legal_order"]

_SEARCH: Final = Limits(timeout_seconds=2.0, memory_bytes=256 * 1024**2)


class LegalOrder(NamedTuple):
    """The longest order that is legal and keeps that of each process, and what it stops at."""

    initial: str
    steps: tuple[Step, ...]
    blocked: int | None


def found_by_process(
    model: Model[Any], operations: Sequence[Operation], kind: str
) -> Anomaly | None:
    """Find an anomaly of some operations again, in terms of their own indices.

    Raises:
        ModelError: The model raised.
    """
    objects = objects_of(model, operations)
    for part in objects:
        monitor = MONITORS_BY_PROCESS.get(type(part.model))
        anomalies = monitor(part.model, part.operations).anomalies if monitor else ()
        same = next((anomaly for anomaly in anomalies if anomaly.type == kind), None)
        if same is not None:
            return same
    return next(iter(explain_by_process(objects, search_by_process(objects, _SEARCH))), None)


def legal_order(model: Model[Any], operations: Sequence[Operation]) -> LegalOrder | None:
    """Return the longest legal order of operations that are in violation; None if they are not.

    Raises:
        ModelError: The model raised.
    """
    objects = objects_of(model, operations)
    outcome = search_by_process(objects, _SEARCH)
    return _order(objects, outcome) if outcome.verdict is Verdict.INVALID else None


def _order(objects: Sequence[Partition], outcome: SearchOutcome) -> LegalOrder:
    known = {op.index: (place, op) for place, part in enumerate(objects) for op in part.operations}
    states = [part.model.init() for part in objects]
    initial = ", ".join(map(_state, objects, states))
    steps = []
    for index in outcome.longest_prefix:
        place, operation = known[index]
        states[place] = apply(objects[place].model, states[place], operation)
        state = _state(objects[place], states[place])
        steps.append(Step(operation=index, does=describe(operation), state=state))
    return LegalOrder(initial, tuple(steps), outcome.blocked)


def _state(part: Partition, state: Any) -> str:
    text = shorten(str(state), STATE_CHARACTERS)
    return text if part.key is None else f"{value_text(part.key)}: {text}"

"""Which answers have something to come from: a guard against shrinking into another violation.

Take the write away that a read saw, and the rest fails too: nobody wrote that value. Where the
violation has a name of its own, its name tells the two apart; what a search finds is only ever
"no order is legal". So an operation is *supported* if some state allows it that the changes of the
history reach, each any number of times, in any order and at any time: weaker than linearizable, and
quick to say. A part of a history must support what the whole supported.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, Final

import msgspec

from checker.engine.reference import apply
from checker.models.model import Model, required_and_optional
from checker.operation import Operation

__all__ = ["STEPS_MAX", "supported"]

STEPS_MAX: Final = 20_000
"""Steps of the model to find reachable states with; a larger space is not looked through."""


def supported(model: Model[Any], operations: Sequence[Operation]) -> frozenset[int] | None:
    """Return the indices of the operations that are supported; None if that is too much to say.

    Raises:
        ModelError: The model raised.
    """
    answers: set[int] = set()
    steps = STEPS_MAX
    for part in model.partition(operations):
        required, optional = required_and_optional(part.model, part.operations)
        changes = _distinct([op for op in (*required, *optional) if part.model.changes(op)])
        states = _reachable(part.model, changes, steps)
        if states is None:
            return None
        steps -= len(states) * len(changes)
        answers.update(
            operation.index
            for operation in required
            if any(apply(part.model, state, operation) is not None for state in states)
        )
    return frozenset(answers)


def _distinct(operations: Sequence[Operation]) -> list[Operation]:
    """Leave out operations that do the same, to any model, as one before them."""
    return list({_what(operation): operation for operation in operations}.values())


def _what(operation: Operation) -> bytes:
    return msgspec.json.encode(
        (
            operation.process,
            operation.f,
            operation.key,
            operation.value,
            operation.output,
            operation.error,
            operation.outcome,
        )
    )


def _reachable(
    model: Model[Any], changes: Sequence[Operation], steps: int
) -> list[Hashable] | None:
    states = [model.init()]
    seen = set(states)
    for state in states:  # it grows while we walk
        steps -= len(changes)
        if steps < 0:
            return None
        for operation in changes:
            after = apply(model, state, operation)
            if after is not None and after not in seen:
                seen.add(after)
                states.append(after)
    return states

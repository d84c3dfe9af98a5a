"""Which answers have something to come from: a guard against shrinking into another violation.

Take the write away that a read saw, and the rest fails too: nobody wrote that value. Where the
violation has a name of its own, its name tells the two apart; what a search finds is only ever
"no order is legal". So an operation is *supported* if some state allows it that the changes of the
history reach (`checker.minimize.reachable`): weaker than linearizable, and quick to say. A part of
a history must support what the whole supported.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from checker.engine.stepping import apply
from checker.minimize.reachable import reachable
from checker.models.model import Model, required_and_optional
from checker.operation import Operation

__all__ = ["unsupported"]

_STEPS_MAX: Final = 20_000
"""Steps of the model to find reachable states with; a larger space is not looked through."""


def unsupported(model: Model[Any], operations: Sequence[Operation]) -> list[Operation] | None:
    """Return the operations that are not supported; None if that is too much to say.

    Raises:
        ModelError: The model raised.
    """
    found: list[Operation] = []
    for part in model.partition(operations):
        required, optional = required_and_optional(part.model, part.operations)
        changes = [op for op in (*required, *optional) if part.model.changes(op)]
        states = reachable(part.model, (part.model.init(),), changes, _STEPS_MAX)
        if states is None:
            return None
        if len(states) * len(required) > _STEPS_MAX:
            return None
        found += (
            operation
            for operation in required
            if all(apply(part.model, state, operation) is None for state in states)
        )
    return found

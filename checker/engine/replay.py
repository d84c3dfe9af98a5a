"""Check a witness: the thirty lines that make a valid verdict worth believing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from checker.engine.stepping import apply, initial
from checker.models.describe import describe
from checker.models.model import Model, required_and_optional
from checker.operation import Operation

__all__ = ["replay"]


def replay(model: Model[Any], operations: Sequence[Operation], witness: Sequence[int]) -> str:
    """Say what is wrong with a witness; the empty string if it proves the operations linearizable.

    A witness is right if it names every required operation once and optional ones at most once,
    each step is legal, and no operation comes after one that was invoked after its completion.
    """
    required, optional = required_and_optional(model, operations)
    known = {operation.index: operation for operation in (*required, *optional)}
    if len(set(witness)) != len(witness) or not set(witness) <= known.keys():
        return "it names an operation twice, or one that cannot have happened"
    missing = {operation.index for operation in required}.difference(witness)
    if missing:
        return f"it leaves out operation {min(missing)}"
    state = initial(model)
    last_invoked = -1
    for index in witness:
        operation = known[index]
        if operation.completed is not None and operation.completed < last_invoked:
            return f"an operation that began later comes before [{describe(operation)}]"
        last_invoked = max(last_invoked, operation.invoked)
        state = apply(model, state, operation)
        if state is None:
            return f"[{describe(operation)}] is illegal where it stands"
    return ""

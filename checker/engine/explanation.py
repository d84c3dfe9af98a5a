"""What a failed search found, in words: the operation that fits nowhere, and those around it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from checker.engine.outcome import SearchOutcome
from checker.engine.stepping import apply, initial, not_pure
from checker.models.describe import describe, shorten
from checker.models.model import Model
from checker.models.nondeterministic import NondeterministicModel
from checker.operation import Operation
from checker.verdict import Anomaly

__all__ = ["explain"]

NEIGHBOURS_MAX: Final = 3
STATE_CHARACTERS_MAX: Final = 120


def explain(
    model: Model[Any], operations: Sequence[Operation], outcome: SearchOutcome
) -> Anomaly | None:
    """Name the operation whose completion no order could pass, and what it was at odds with.

    The other operations named are those last before it in the longest legal order and those that
    ran beside it and found no place either. None if the search named no operation.
    """
    if outcome.blocked is None:
        return None
    known = {operation.index: operation for operation in operations}
    blocked = known[outcome.blocked]
    prefix = [known[index] for index in outcome.longest_prefix]
    placed = {*outcome.longest_prefix, blocked.index}
    beside = [
        operation
        for operation in operations
        if operation.index not in placed
        and operation.completed is not None
        and _concurrent(operation, blocked)
    ]
    last = [operation for operation in prefix if operation is not blocked][-NEIGHBOURS_MAX:]
    neighbours = (last[-1:] + beside + last[-2::-1])[:NEIGHBOURS_MAX]
    state = _state_after(model, prefix)
    where = shorten(_shown(model, state), STATE_CHARACTERS_MAX)
    after = f", the last of them [{describe(last[-1])}]" if last else ""
    return Anomaly(
        type="non-linearizable",
        operations=(blocked.index, *(operation.index for operation in neighbours)),
        explanation=(
            f"No order explains [{describe(blocked)}]: the longest legal order has "
            f"{len(prefix)} operation{'' if len(prefix) == 1 else 's'}{after}, and leaves the "
            f"{model.name} at {where}."
        ),
    )


def _concurrent(one: Operation, other: Operation) -> bool:
    return (one.completed is None or one.completed > other.invoked) and (
        other.completed is None or other.completed > one.invoked
    )


def _state_after(model: Model[Any], prefix: Sequence[Operation]) -> Any:
    state = initial(model)
    for operation in prefix:
        state = apply(model, state, operation)
        if state is None:  # it was legal when the search asked
            raise not_pure(model, operation)
    return state


def _shown(model: Model[Any], state: Any) -> str:
    if not isinstance(model, NondeterministicModel):
        return str(state)
    states = sorted(map(str, state))
    return states[0] if len(states) == 1 else f"one of {', '.join(states)}"

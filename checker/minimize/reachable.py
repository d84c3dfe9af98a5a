"""Which states the changes of a history reach, each any number of times, in any order.

More than the object can have been in, and quick to say: a bound on what may have happened before a
part of a history, or between two of its operations.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, Final

import msgspec

from checker.engine.stepping import apply
from checker.models import Kv, Model, MultiRegister, Register
from checker.models.kv import Strings
from checker.operation import Operation, Outcome

__all__ = ["STATES_MAX", "identity", "reachable"]

STATES_MAX: Final = 4096
"""Possible states at one moment; where there are more, the question is left open."""

_ANYONE_MAY_ASK: Final = (Register, Kv, Strings, MultiRegister)
"""Models to which it is the same who asks; to a lock it is not."""


def reachable(
    model: Model[Any],
    beginning: Iterable[Hashable],
    changes: Sequence[Operation],
    steps: int,
    fold: Callable[[Hashable], Hashable] | None = None,
) -> frozenset[Hashable] | None:
    """Return the states that changes reach from some states, those included.

    Args:
        model: Whose states they are.
        beginning: Where to begin: at least one.
        changes: Operations that change the state; those that do the same count once.
        steps: How many steps of the model it may cost.
        fold: Gives one state for all that are to count as the same.

    Returns:
        None if it would cost more, or lead to more than `STATES_MAX` states.

    Raises:
        ModelError: The model raised.
    """
    distinct = {identity(model, operation): operation for operation in changes}.values()
    blind = [operation for operation in distinct if _is_blind(model, operation)]
    sighted = [operation for operation in distinct if not _is_blind(model, operation)]
    states = list(dict.fromkeys(beginning))
    seen = set(states)

    def add(state: Hashable, operation: Operation) -> None:
        after = apply(model, state, operation)
        if after is not None and fold is not None:
            after = fold(after)
        if after is not None and after not in seen:
            seen.add(after)
            states.append(after)

    for operation in blind:
        add(states[0], operation)
    for state in states:  # it grows while we walk
        steps -= len(sighted)
        if steps < 0 or len(states) > STATES_MAX:
            return None
        for operation in sighted:
            add(state, operation)
    return frozenset(seen)


def _is_blind(model: Model[Any], operation: Operation) -> bool:
    """Say whether an operation is known to lead to the same state from every state."""
    if operation.outcome is Outcome.FAIL:
        return False
    return (isinstance(model, Register) and operation.f == "write") or (
        isinstance(model, Strings) and operation.f == "put"
    )


def identity(model: Model[Any], operation: Operation) -> bytes:
    """Return what all operations share that do the same to the model."""
    what = msgspec.json.encode(
        (operation.f, operation.value, operation.output, operation.error, operation.outcome)
    )
    if isinstance(model, _ANYONE_MAY_ASK):
        return what
    return msgspec.json.encode((operation.process, operation.key)) + what

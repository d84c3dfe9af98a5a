"""Is a part of a history at fault by itself, or only because the rest was taken away?

Take away the second of two writes of 2, and an innocent read of 2 turns stale. So a part is said to
be at fault only if it cannot be explained even with the help of what was taken away: every change
of the whole history may happen, once and when it did, or may not. It is decided by search, with the
sets of states that are possible as the model's states.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final

from checker.engine import reference
from checker.errors import CheckerError
from checker.limits import Limits
from checker.models.model import Model
from checker.operation import Operation, Outcome
from checker.verdict import Verdict

__all__ = ["STATES_MAX", "at_fault"]

STATES_MAX: Final = 64
"""Possible states at one moment; where there are more, the question is left open."""


class _TooManyStates(CheckerError):
    """The changes that may or may not have happened leave too much possible."""


def at_fault(
    model: Model[Any], operations: Sequence[Operation], kept: AbstractSet[int], limits: Limits
) -> bool | None:
    """Say whether the kept operations exclude every order, whatever became of the others.

    Args:
        model: What judges the operations.
        operations: All of them.
        kept: Indices of those that must be explained.
        limits: What deciding each independent part of the operations may cost.

    Returns:
        None if that could not be decided.

    Raises:
        ModelError: The model raised.
    """
    unknown = False
    for part in model.partition(operations):
        needed = [op for op in part.operations if op.index in kept]
        end = max((_end(op) for op in needed), default=0)
        helping = [op for op in part.operations if _may_help(part.model, op, kept, end)]
        try:
            outcome = reference.search(_Lenient(part.model, kept), [*needed, *helping], limits)
        except _TooManyStates:
            unknown = True
            continue
        if outcome.verdict is Verdict.INVALID:
            return True
        unknown = unknown or outcome.verdict is Verdict.UNKNOWN
    return None if unknown else False


def _end(operation: Operation) -> float:
    return float("inf") if operation.completed is None else operation.completed


def _may_help(model: Model[Any], operation: Operation, kept: AbstractSet[int], end: float) -> bool:
    return (
        operation.index not in kept
        and operation.outcome is not Outcome.FAIL
        and operation.invoked < end
        and model.changes(operation)
    )


class _Lenient(Model[frozenset[Hashable]]):
    """A model in which only some operations must happen; a state is every state it can be in."""

    def __init__(self, model: Model[Any], kept: AbstractSet[int]) -> None:
        self.name = model.name
        self._model = model
        self._kept = kept

    def init(self) -> frozenset[Hashable]:
        return frozenset((self._model.init(),))

    def step(self, state: frozenset[Hashable], operation: Operation) -> frozenset[Hashable] | None:
        steps = (reference.apply(self._model, one, operation) for one in state)
        after = frozenset(one for one in steps if one is not None)
        if operation.index not in self._kept:
            after |= state
        if len(after) > STATES_MAX:
            raise _TooManyStates(f"more than {STATES_MAX} states are possible")
        return after or None

    def observes(self, operation: Operation) -> bool:
        return self._model.observes(operation)

    def changes(self, operation: Operation) -> bool:
        return self._model.changes(operation)

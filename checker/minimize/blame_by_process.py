"""Is a part of a history that is not sequentially consistent at fault by itself?

The question of `checker.minimize.blame`, asked without real time: a part is at fault if no order
that keeps the order of each process explains it, whatever became of the changes that were taken
away. First each of these may happen at any moment, any number of times: that makes more possible
than was, so that an innocent part is never blamed, and leaves nothing to search but the part. Where
that explains it and they are few, each may happen once at most, and not before what its process
had done before it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any, Final

from msgspec.structs import replace

from checker.checking.sequentially import objects_of
from checker.engine.sequential import search_by_process
from checker.engine.stepping import apply
from checker.limits import Limits
from checker.minimize.lenient import TooManyStates
from checker.minimize.reachable import STATES_MAX, reachable
from checker.models.canonical import canonical_json
from checker.models.model import Model, Partition
from checker.operation import Operation, Outcome
from checker.verdict import Verdict

__all__ = ["BlameByProcess"]

_EXACT_MAX: Final = 12
_STEPS_MAX: Final = 50_000


class BlameByProcess:
    """Says of parts of one history whether they are at fault.

    Args:
        model: What judges the history.
        operations: All of its operations.
    """

    def __init__(self, model: Model[Any], operations: Sequence[Operation]) -> None:
        self._model = model
        self._changes = {
            canonical_json(part.key): [
                operation
                for operation in part.operations
                if operation.outcome is not Outcome.FAIL and part.model.changes(operation)
            ]
            for part in objects_of(model, operations)
        }

    def at_fault(self, kept: Sequence[Operation], limits: Limits) -> bool | None:
        """Say whether these operations exclude every order, whatever became of the others.

        Args:
            kept: Some of the history's operations, as they are there.
            limits: What each of two searches may cost.

        Returns:
            None if that could not be decided.

        Raises:
            ModelError: The model raised.
        """
        indices = {operation.index for operation in kept}
        objects = objects_of(self._model, kept)
        taken_away = [
            [one for one in self._changes[canonical_json(part.key)] if one.index not in indices]
            for part in objects
        ]
        fault = _fault([_anytime(*pair) for pair in zip(objects, taken_away, strict=True)], limits)
        if fault or sum(map(len, taken_away)) > _EXACT_MAX:
            return fault
        exactly = [_once(*pair) for pair in zip(objects, taken_away, strict=True)]
        return _fault(exactly, limits)


def _fault(objects: Sequence[Partition], limits: Limits) -> bool | None:
    try:
        verdict = search_by_process(objects, limits).verdict
    except TooManyStates:
        return None
    return None if verdict is Verdict.UNKNOWN else verdict is Verdict.INVALID


def _anytime(part: Partition, changes: Sequence[Operation]) -> Partition:
    return replace(part, model=_Anytime(part.model, changes))


def _once(part: Partition, changes: Iterable[Operation]) -> Partition:
    # Of unknown outcome and never completed: it may happen, once, from its invocation on.
    may_be = (
        replace(operation, outcome=Outcome.INFO, output=None, completed=None)
        for operation in changes
    )
    operations = sorted((*part.operations, *may_be), key=lambda operation: operation.invoked)
    return replace(part, operations=tuple(operations))


class _Anytime(Model[frozenset[Hashable]]):
    """A model to which changes may happen before and after each operation; its state is a set.

    Args:
        model: What tells the state after one operation.
        changes: What may happen.
    """

    def __init__(self, model: Model[Any], changes: Sequence[Operation]) -> None:
        self.name = model.name
        self._model = model
        self._changes = changes

    def init(self) -> frozenset[Hashable]:
        """Return the states that are possible at first."""
        return self._closed(frozenset((self._model.init(),)))

    def step(self, state: frozenset[Hashable], operation: Operation) -> frozenset[Hashable] | None:
        """Return the states that are possible after an operation, or None if there are none.

        Raises:
            TooManyStates: There are more than `STATES_MAX`.
        """
        steps = (apply(self._model, one, operation) for one in state)
        after = frozenset(one for one in steps if one is not None)
        return self._closed(after) if after else None

    def observes(self, operation: Operation) -> bool:
        """Say what the model says."""
        return self._model.observes(operation)

    def changes(self, operation: Operation) -> bool:
        """Say yes of an answer, too: it leaves fewer states possible."""
        return operation.outcome is not Outcome.INFO or self._model.changes(operation)

    def _closed(self, states: frozenset[Hashable]) -> frozenset[Hashable]:
        closed = reachable(self._model, states, self._changes, _STEPS_MAX) if states else states
        if closed is None or len(closed) > STATES_MAX:
            raise TooManyStates(f"more than {STATES_MAX} states are possible")
        return closed

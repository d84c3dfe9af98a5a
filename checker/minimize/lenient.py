"""A model in which only some operations must happen, and a state is every state it can be in."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Final

from msgspec.structs import replace

from checker.engine.stepping import apply
from checker.errors import CheckerError
from checker.minimize.reachable import STATES_MAX, reachable
from checker.models.model import Model
from checker.operation import Operation, Outcome

__all__ = ["ANYTHING", "Lenient", "TooManyStates", "may_happen"]

ANYTHING: Final = "(anything)"
"""What the operation is called that stands for all that happened while nothing else is asked about:
its value is the number of the changes that it may be."""

_MAY: Final = "(it may have happened)"
_STEPS_MAX: Final = 50_000
_STEPS_MAX_ENDLESS: Final = 5_000
"""The same, where all changes together have already led to more states than can be told."""


class TooManyStates(CheckerError):
    """The changes that may or may not have happened leave too much possible."""


def may_happen(operation: Operation) -> Operation:
    """Return an operation that need not happen; as an error it carries that, for it has none."""
    return replace(operation, error=_MAY)


class Lenient(Model[frozenset[Hashable]]):
    """A model in which only some operations must happen; a state is every state it can be in.

    Args:
        model: What tells the state after one operation.
        changes: What may have happened, any number of times, at each operation called `ANYTHING`.
        everything: Returns the states that are possible at all; None if there are too many.
        fold: Gives one state for all that are the same to the operations that must happen.
    """

    def __init__(
        self,
        model: Model[Any],
        changes: Mapping[int, Sequence[Operation]],
        everything: Callable[[], frozenset[Hashable] | None],
        fold: Callable[[Hashable], Hashable] | None,
    ) -> None:
        self.name = model.name
        self._model = model
        self._changes = changes
        self._everything = everything
        self._fold = fold

    def init(self) -> frozenset[Hashable]:
        """Return the one state that is possible at first."""
        return frozenset((self._model.init(),))

    def step(self, state: frozenset[Hashable], operation: Operation) -> frozenset[Hashable] | None:
        """Return the states that are possible after an operation, or None if there are none.

        Raises:
            TooManyStates: There are more than `STATES_MAX`.
        """
        if operation.f == ANYTHING:
            return self._anything(state, self._changes[operation.value])
        helps = operation.error == _MAY
        asked = replace(operation, error=None) if helps else operation
        steps = [apply(self._model, one, asked) for one in state]
        after = frozenset(self._folded(one) for one in steps if one is not None)
        if helps or operation.outcome is Outcome.INFO:
            after |= state
        if len(after) > STATES_MAX:
            raise TooManyStates(f"more than {STATES_MAX} states are possible")
        return after or None

    def observes(self, operation: Operation) -> bool:
        """Say what the model says."""
        return self._model.observes(operation)

    def changes(self, operation: Operation) -> bool:
        """Say yes: an answer, too, leaves fewer states possible."""
        del operation
        return True

    def _folded(self, state: Hashable) -> Hashable:
        return state if self._fold is None else self._fold(state)

    def _anything(
        self, states: frozenset[Hashable], changes: Sequence[Operation]
    ) -> frozenset[Hashable]:
        everything = self._everything()
        endless = everything is None and self._fold is None
        steps = _STEPS_MAX_ENDLESS if endless else _STEPS_MAX
        after = reachable(self._model, states, changes, steps, self._fold)
        if after is not None:
            return after
        if everything is None:
            raise TooManyStates("the changes lead to more states than can be told")
        return states | everything

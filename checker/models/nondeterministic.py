"""Models of objects that may go on in several ways.

Such an object is judged by all states in which it may be: the subset construction, which makes it
deterministic. A state of the model is the set of them, and an operation is legal in it if it is
legal in one of them. An order of operations is legal for the object, with the right choices,
exactly if it is legal for the sets. So engines, witnesses and explanations need to know nothing of
choices. The price is the size of the sets, which `checker.Limits` bounds like everything else.

A whole model, ready for ``checker verify --model mymodule:LossyQueue``::

    class LossyQueue(NondeterministicModel[tuple[int, ...]]):
        name = "lossy-queue"

        def inits(self) -> list[tuple[int, ...]]:
            return [()]

        def steps(self, state: tuple[int, ...], operation: Operation) -> list[tuple[int, ...]]:
            if operation.f == "enqueue":
                return [state, (*state, operation.value)]
            return [state[1:]] if state[:1] == (operation.output,) else []
"""

from __future__ import annotations

import abc
from collections.abc import Hashable, Iterable
from typing import TypeVar, final

from checker.models.model import Model, as_state
from checker.operation import Operation

__all__ = ["NondeterministicModel"]

StateT = TypeVar("StateT", bound=Hashable)


class NondeterministicModel(Model[frozenset[StateT]]):
    """The sequential specification of an object that may go on in several ways.

    Subclasses give ``name``, `inits` and `steps`; the other methods are those of `Model`, with the
    same defaults.
    """

    @abc.abstractmethod
    def inits(self) -> Iterable[StateT]:
        """Return the states in which the object may be before any operation; at least one."""

    @abc.abstractmethod
    def steps(self, state: StateT, operation: Operation) -> Iterable[StateT]:
        """Return the states in which the object may be after an operation; none if it is illegal.

        It is asked of the same operations as `Model.step`.
        """

    def successors(self, state: StateT, operation: Operation) -> frozenset[StateT]:
        """Return what `steps` gives, made sure of.

        Raises:
            TypeError: it is no iterable, or a state is not hashable.
            ValueError: a state is None.
        """
        return _states(self.steps(state, operation), "steps")

    @final
    def init(self) -> frozenset[StateT]:
        """Return the set of all states before any operation.

        Raises:
            TypeError: `inits` gave no iterable, or a state is not hashable.
            ValueError: a state is None, or there is none.
        """
        states = _states(self.inits(), "inits")
        if not states:
            raise ValueError("inits() gave no state at all: an object is in one")
        return states

    @final
    def step(self, state: frozenset[StateT], operation: Operation) -> frozenset[StateT] | None:
        """Return the set of all states after an operation, or None if it is illegal in each.

        Raises:
            TypeError: `steps` gave no iterable, or a state is not hashable.
            ValueError: a state is None.
        """
        after = frozenset().union(*(self.successors(one, operation) for one in state))
        return after or None


def _states(given: Iterable[StateT], method: str) -> frozenset[StateT]:
    try:
        states = iter(given)
    except TypeError:
        kind = type(given).__name__
        raise TypeError(f"{method}() returns an iterable of states, not {kind}") from None
    found = frozenset(map(as_state, states))
    if None in found:
        raise ValueError(f"{method}() gave None: an illegal operation has no state at all")
    return found

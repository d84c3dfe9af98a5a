"""What a model is: the sequential behaviour of an object, against which a history is judged.

A model promises to be pure: ``step`` depends on its arguments alone and changes neither. It knows
nothing of concurrency, and deliberately nothing of how it is searched: engines and monitors decide
the order, the model says only whether one operation is legal in one state.

A whole model, ready for ``checker verify --model mymodule:Counter``::

    class Counter(Model[int]):
        name = "counter"

        def init(self) -> int:
            return 0

        def step(self, state: int, operation: Operation) -> int | None:
            if operation.f == "add":
                return state + operation.value
            return state if operation.output == state else None

        def changes(self, operation: Operation) -> bool:
            return operation.f == "add"
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from checker.errors import CheckerError, ModelError
from checker.models.canonical import canonical_json
from checker.models.describe import describe
from checker.operation import Operation, Outcome

__all__ = ["Model", "Partition", "as_state", "asked", "required_and_optional"]

StateT = TypeVar("StateT", bound=Hashable)
AnyT = TypeVar("AnyT")
AnswerT = TypeVar("AnswerT")


class Model(abc.ABC, Generic[StateT]):
    """The sequential specification of one object.

    States are hashable, compare by value, and are never None: None says that an operation is
    illegal. Subclasses give ``name``, `init` and `step`; the other methods have defaults that suit
    most objects. `checker.NondeterministicModel` is for objects that may go on in several ways.
    """

    name: str
    """The model's name on the command line and in results."""

    @abc.abstractmethod
    def init(self) -> StateT:
        """Return the state before any operation."""

    @abc.abstractmethod
    def step(self, state: StateT, operation: Operation) -> StateT | None:
        """Return the state after an operation, or None if it is illegal in this state.

        It is asked of every OK operation (is its output the right one here?), of INFO operations
        that `changes` (what would be the effect? their output is None and not known), and of FAIL
        operations that `observes`.
        """

    def observes(self, operation: Operation) -> bool:
        """Say whether a FAIL operation is an observation that some state must justify.

        By default it is not: what certainly had no effect is left out.
        """
        del operation
        return False

    def changes(self, operation: Operation) -> bool:
        """Say whether an operation can change the state.

        By default every operation can. An INFO operation that cannot (a read without an answer) is
        left out: this is always sound, and spares the search.
        """
        del operation
        return True

    def partition(self, operations: Sequence[Operation]) -> list[Partition]:
        """Split a history into parts that can be judged alone (Herlihy and Wing's locality).

        By default each ``key`` is an object of its own. Override it when operations touch several
        objects, or when all keys together are one.
        """
        parts: dict[str, list[Operation]] = {}
        for operation in operations:
            parts.setdefault(canonical_json(operation.key), []).append(operation)
        return [
            Partition(key=part[0].key, operations=tuple(part), model=self)
            for part in parts.values()
        ]


class Partition(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a history, and the model that judges it."""

    key: Any
    operations: tuple[Operation, ...]
    model: Model[Any]


def as_state(state: AnyT) -> AnyT:
    """Return a state that can be one.

    Raises:
        TypeError: it is not hashable.
    """
    try:
        hash(state)
    except TypeError as error:
        words = "is no state: use a tuple for a list, a frozenset for a set or a dict"
        raise TypeError(f"{error} {words}") from error
    return state


def required_and_optional(
    model: Model[Any], operations: Sequence[Operation]
) -> tuple[list[Operation], list[Operation]]:
    """Split operations into those that must be explained and those that may have happened.

    What is in neither list says nothing: operations that certainly had no effect, and those whose
    unknown outcome cannot matter.

    Raises:
        ModelError: the model raised.
    """
    required: list[Operation] = []
    optional: list[Operation] = []
    for operation in operations:
        if operation.outcome is Outcome.OK:
            required.append(operation)
        elif operation.outcome is Outcome.FAIL:
            if asked(model, model.observes, operation):
                required.append(operation)
        elif asked(model, model.changes, operation):
            optional.append(operation)
    return required, optional


def asked(
    model: Model[Any], question: Callable[[Operation], AnswerT], operation: Operation
) -> AnswerT:
    """Return what a method of the model answers about an operation.

    Raises:
        ModelError: it raised.
    """
    try:
        return question(operation)
    except CheckerError:
        raise
    except (Exception, SystemExit) as error:
        raise ModelError.raised(model.name, describe(operation), error) from error

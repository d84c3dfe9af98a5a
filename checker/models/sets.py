"""Sets: elements that are added and removed, and asked for one by one or all together.

Elements compare by canonical JSON. An ``add`` or a ``remove`` that is answered ``true`` changed the
set, one that is answered ``false`` found it so; without an answer, or with the element itself for
one (Jepsen's habit), it happened, and nobody knows whether it was needed.
"""

from __future__ import annotations

from typing import Any

from checker.models.canonical import canonical_json
from checker.models.malformed import malformed, unknown_operation
from checker.models.model import Model
from checker.operation import Operation

__all__ = ["GrowOnlySet", "Set"]

State = frozenset[str]


class Set(Model[State]):
    """A set: ``add`` and ``remove`` (value: the element), ``contains``, ``read`` (all elements).

    The state is the canonical JSON of each element.
    """

    name = "set"
    functions: tuple[str, ...] = ("add", "remove", "contains", "read")

    def init(self) -> State:
        """Return the empty set."""
        return frozenset()

    def step(self, state: State, operation: Operation) -> State | None:
        """Add, remove, or see what is there."""
        f = self.function(operation)
        if f == "read":
            elements = self.elements(operation)
            return state if len(elements) == len(state) and state == set(elements) else None
        element = canonical_json(operation.value)
        answer = self.answer(operation)
        is_there = element in state
        if f == "contains":
            return state if answer is is_there else None
        changed = is_there is (f == "remove")
        if answer is not None and answer is not changed:
            return None
        return (state - {element} if f == "remove" else state | {element}) if changed else state

    def changes(self, operation: Operation) -> bool:
        """Everything but a look at the set changes it."""
        return operation.f not in ("contains", "read")

    def function(self, operation: Operation) -> str:
        """Return the operation's name.

        Raises:
            MalformedHistory: the model has no such operation.
        """
        if operation.f not in self.functions:
            raise unknown_operation(self.name, self.functions, operation)
        return operation.f

    def answer(self, operation: Operation) -> bool | None:
        """Return whether the set changed (or contains the element); None if nobody said.

        Raises:
            MalformedHistory: the answer is something else.
        """
        output: Any = operation.output
        if isinstance(output, bool):
            return output
        if operation.f == "contains":
            raise malformed("a contains is answered true or false", operation)
        if output is None or canonical_json(output) == canonical_json(operation.value):
            return None
        raise malformed(
            f"{operation.f} is answered true (the set changed), false (it did not), or nothing",
            operation,
        )

    def elements(self, operation: Operation) -> list[str]:
        """Return what a read showed, as canonical JSON.

        Raises:
            MalformedHistory: it was not answered with a list.
        """
        if not isinstance(operation.output, list | tuple):
            raise malformed("a read of a set is answered with the list of its elements", operation)
        return [canonical_json(element) for element in operation.output]


class GrowOnlySet(Set):
    """A set from which nothing is removed: ``add`` and ``read``, as in Jepsen's set workloads."""

    name = "grow-only-set"
    functions = ("add", "read")

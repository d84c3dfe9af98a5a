"""What queues, stacks and priority queues share: values are put in, and one at a time taken out.

Which value leaves first is all that tells them apart, so a state lists the values in the order in
which they will leave. Values compare by canonical JSON. Null cannot be put in: it is the answer of
a removal that found nothing. A removal without an answer takes what is first, if anything is.
"""

from __future__ import annotations

import abc
from collections.abc import Hashable
from typing import Any, ClassVar

from checker.models.canonical import canonical_json
from checker.models.malformed import malformed, unknown_operation
from checker.models.model import Model
from checker.operation import Operation, Outcome

__all__ = ["Container"]

State = tuple[Hashable, ...]


class Container(Model[State]):
    """An object that holds values; subclasses name its operations and say who leaves first."""

    insertions: ClassVar[tuple[str, ...]]
    """The names of the operation that puts its value in."""
    removals: ClassVar[tuple[str, ...]]
    """The names of the operation that takes a value out; it answers null if there is none."""

    @abc.abstractmethod
    def insert(self, state: State, token: Hashable) -> State:
        """Return the values in order of leaving, once another one is in."""

    def token(self, value: Any, operation: Operation) -> Hashable:
        """Return what stands for a value in states: equal exactly for equal values.

        Raises:
            MalformedHistory: no such value can be held; ``operation`` is the one that names it.
        """
        if value is None:
            raise malformed(
                f"null cannot be put into a {self.name}: it says that it is empty", operation
            )
        return canonical_json(value)

    def init(self) -> State:
        """Return the empty object."""
        return ()

    def step(self, state: State, operation: Operation) -> State | None:
        """Put a value in, or take out the one that leaves first."""
        if self.inserts(operation):
            return self.insert(state, self.token(operation.value, operation))
        if operation.outcome is not Outcome.OK:
            return state[1:]
        if operation.output is None:
            return state if not state else None
        token = self.token(operation.output, operation)
        return state[1:] if state and state[0] == token else None

    def inserts(self, operation: Operation) -> bool:
        """Say whether an operation puts its value in; otherwise it is a removal.

        Raises:
            MalformedHistory: it is neither.
        """
        if operation.f in self.insertions:
            return True
        if operation.f in self.removals:
            return False
        raise unknown_operation(self.name, (*self.insertions, *self.removals), operation)

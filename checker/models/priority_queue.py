"""The best first: the one with the smallest priority.

A value is its priority, a number, or ``[priority, item]``. Different values need different
priorities, or it would not be said which of them leaves first; equal values are the same to
everyone, and may be inserted again.
"""

from __future__ import annotations

import bisect
from collections.abc import Hashable, Sequence
from typing import Any, Final

from checker.models.canonical import canonical_json
from checker.models.container import Container, State
from checker.models.malformed import malformed
from checker.models.model import Partition
from checker.operation import Operation, Outcome

__all__ = ["PriorityQueue"]

_PAIR: Final = 2
_WHOLE_MAX: Final = 2**63


class PriorityQueue(Container):
    """A priority queue: ``insert`` (value), ``extract-min`` (output: the best value, or null).

    ``enqueue`` and ``dequeue`` are other names of the same. Whole priorities have 64 bits.
    """

    name = "priority-queue"
    insertions = ("insert", "enqueue")
    removals = ("extract-min", "dequeue")

    def insert(self, state: State, token: Hashable) -> State:
        """The new one leaves after those that are better."""
        tokens: list[Any] = list(state)
        bisect.insort(tokens, token)
        return tuple(tokens)

    def token(self, value: Any, operation: Operation) -> tuple[int | float, str]:
        """Return the priority, and the canonical JSON of the whole value."""
        priority = value[0] if isinstance(value, list | tuple) and len(value) == _PAIR else value
        is_number = isinstance(priority, int | float) and not isinstance(priority, bool)
        if not is_number or (
            isinstance(priority, int) and not -_WHOLE_MAX <= priority < _WHOLE_MAX
        ):
            raise malformed(
                "a value of a priority queue is a number or [number, item], "
                "and a whole number has 64 bits",
                operation,
            )
        return priority, canonical_json(value)

    def partition(self, operations: Sequence[Operation]) -> list[Partition]:
        """Split by key.

        Raises:
            MalformedHistory: two different values of one priority are inserted.
        """
        partitions = super().partition(operations)
        for part in partitions:
            values: dict[int | float, str] = {}
            for operation in part.operations:
                if operation.outcome is Outcome.FAIL or not self.inserts(operation):
                    continue
                priority, text = self.token(operation.value, operation)
                if values.setdefault(priority, text) != text:
                    raise malformed(
                        "another value of the same priority is inserted: "
                        "it is not defined which of them leaves first",
                        operation,
                    )
        return partitions

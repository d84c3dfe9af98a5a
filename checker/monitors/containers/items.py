"""Values and when they were inside a container, as far as the clients can tell.

Instants refine ranks so that they leave no ties: an operation with the ranks (i, c) takes effect
somewhere from 4i to 4c + 3. Instants of the form 4r + 2 therefore lie between what may happen at
rank r before and what may happen after them: there a container can be seen empty.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Sequence
from typing import Final

from checker.monitors.violation import Violation
from checker.operation import Operation

__all__ = ["END", "NEVER", "Item", "completion", "invocation", "seen_in"]

END: Final = 1 << 62
"""After every effect that the history bounds; an operation without a completion ends here."""
NEVER: Final = END + 4
"""When what was never removed is removed: after everything."""


def invocation(operation: Operation) -> int:
    """Return the first instant at which an operation may take effect."""
    return 4 * operation.invoked


def completion(operation: Operation) -> int:
    """Return the last one."""
    return END if operation.completed is None else 4 * operation.completed + 3


@dataclasses.dataclass(frozen=True, slots=True)
class Item:
    """A value, put in at one of the instants of a range and taken out at one of another range."""

    token: Hashable
    insertion: Operation
    removal: Operation | None
    inserted_from: int
    inserted_by: int
    removed_from: int
    removed_by: int

    @classmethod
    def of(cls, token: Hashable, insertion: Operation, removal: Operation | None) -> Item:
        """Make an item; what is never removed is so after everything else."""
        return cls(
            token=token,
            insertion=insertion,
            removal=removal,
            inserted_from=invocation(insertion),
            inserted_by=completion(insertion),
            removed_from=NEVER if removal is None else invocation(removal),
            removed_by=NEVER if removal is None else completion(removal),
        )

    @property
    def surely_inside(self) -> tuple[int, int]:
        """The open interval of instants at which the value is inside; empty if it has no length."""
        return self.inserted_by, self.removed_from

    @property
    def operations(self) -> tuple[Operation, ...]:
        """Its insertion, and its removal if there is one."""
        return (self.insertion,) if self.removal is None else (self.insertion, self.removal)


def seen_in(empty: Operation, items: Sequence[Item]) -> Violation:
    """Say that a removal found nothing although one of the items was always there."""
    inside = [operation for item in items for operation in item.operations]
    return Violation("false-empty", (empty, *inside))

"""Operations as the columns that the native engine takes.

One row an operation: its endpoints as ranks below 2**32, what kind it is, and its arguments as
numbers. What kinds and arguments mean is agreed between a model's encoder here and its Rust
counterpart in ``native/core/src/models``. Columns hold no values: those that compare get numbers.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from typing import Any, Final

from checker.models.canonical import canonical_json
from checker.operation import Operation

__all__ = ["NO_NUMBER", "NUMBER_MAX", "Columns", "ValueNumbers", "number_or_none"]

NO_NUMBER: Final = 2**32 - 1
"""Where a number may stand and none does: a completion that never came, an answer not given."""
NUMBER_MAX: Final = 2**32 - 4
"""The largest version or position that is a number in every place it may stand."""

_EXACT_TYPES: Final = frozenset({int, str, bool, type(None)})
"""Types whose equal values have equal canonical JSON; not float, for -0.0 equals 0.0."""


class Columns:
    """Rows in the making, and which operation each is."""

    def __init__(self) -> None:
        self.indices: list[int] = []
        self.invoked = array("I")
        self.completed = array("I")
        self.kinds = bytearray()
        self.offsets = array("I", [0])
        self.arguments = array("I")

    def add(self, index: int, kind: int, arguments: Iterable[int]) -> None:
        """Add an operation, by its history index; its endpoints come with `set_endpoints`."""
        self.indices.append(index)
        self.kinds.append(kind)
        self.arguments.extend(arguments)
        self.offsets.append(len(self.arguments))

    def set_endpoints(self, operations: Sequence[Operation]) -> None:
        """Set the endpoints of all rows, from the operations in the order in which they were added.

        Only their order counts. Ranks that do not fit become dense ones.
        """
        invoked = [operation.invoked for operation in operations]
        completed = [operation.completed for operation in operations]
        highest = max((rank for rank in (*invoked, *completed) if rank is not None), default=0)
        lowest = min(invoked, default=0)
        if highest >= NO_NUMBER or lowest < 0:
            ranks = {rank for rank in (*invoked, *completed) if rank is not None}
            dense = {rank: place for place, rank in enumerate(sorted(ranks))}
            invoked = [dense[rank] for rank in invoked]
            completed = [None if rank is None else dense[rank] for rank in completed]
        self.invoked = array("I", invoked)
        self.completed = array("I", (NO_NUMBER if rank is None else rank for rank in completed))


class ValueNumbers:
    """Numbers for JSON values: equal numbers exactly for equal canonical JSON, from 0 on."""

    def __init__(self) -> None:
        self._by_text: dict[str, int] = {}
        self._by_value: dict[tuple[type, Any], int] = {}

    def number(self, value: Any) -> int:
        """Return a value's number.

        Raises:
            TypeError: the value is not JSON.
        """
        kind = type(value)
        if kind not in _EXACT_TYPES:
            return self._number_of_text(value)
        number = self._by_value.get((kind, value))
        if number is None:
            number = self._by_value[kind, value] = self._number_of_text(value)
        return number

    def _number_of_text(self, value: Any) -> int:
        return self._by_text.setdefault(canonical_json(value), len(self._by_text))


def number_or_none(number: int | None) -> int | None:
    """Return a version or position as an argument; None if no log reaches it."""
    if number is None:
        return NO_NUMBER
    return number if 0 <= number <= NUMBER_MAX else None

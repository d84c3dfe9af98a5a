"""A counter: whole numbers that are added up from 0, and the sum that is read.

What an ``add`` is answered says nothing: some recorders repeat its value there.
"""

from __future__ import annotations

from typing import Any, Final

from checker.models.malformed import malformed, unknown_operation
from checker.models.model import Model
from checker.operation import Operation

__all__ = ["Counter"]

_WHOLE_MAX: Final = 2**63
_SIGNS: Final = {"add": 1, "increment": 1, "decrement": -1}


class Counter(Model[int]):
    """A counter: ``add`` (value: how much, of either sign), ``read`` (output: the sum).

    ``increment`` and ``decrement`` add or take away their value, or one if they have none.
    """

    name = "counter"
    functions = (*_SIGNS, "read")

    def init(self) -> int:
        """Return 0."""
        return 0

    def step(self, state: int, operation: Operation) -> int | None:
        """Add, or read the sum."""
        if operation.f == "read":
            return state if self.sum_read(operation) == state else None
        return state + self.amount(operation)

    def changes(self, operation: Operation) -> bool:
        """Everything but a read changes the counter."""
        return operation.f != "read"

    def amount(self, operation: Operation) -> int:
        """Return what an operation adds.

        Raises:
            MalformedHistory: the model has no such operation, or it does not say how much.
        """
        sign = _SIGNS.get(operation.f)
        if sign is None:
            raise unknown_operation(self.name, self.functions, operation)
        if operation.value is None and operation.f != "add":
            return sign
        what = f"the value of {operation.f}"
        return _whole(sign * _whole(operation.value, what, operation), what, operation)

    def sum_read(self, operation: Operation) -> int:
        """Return what a read was answered.

        Raises:
            MalformedHistory: it is not a whole number.
        """
        return _whole(operation.output, "the answer of a read", operation)


def _whole(value: Any, what: str, operation: Operation) -> int:
    if type(value) is int and -_WHOLE_MAX <= value < _WHOLE_MAX:
        return value
    raise malformed(f"{what} is a whole number of 64 bits", operation)

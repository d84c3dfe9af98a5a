"""Registers: one value that is read, written, and compared and set.

Values compare by canonical JSON (see `canonical_json`); a read that answers null has read null.
A failed compare-and-set says nothing (Jepsen's rule): it certainly did not happen, and that is all.
One that was answered ``false`` says more: the register compared, and held something else.
"""

from __future__ import annotations

from typing import Any, Final

from checker.errors import MalformedHistory
from checker.models.canonical import canonical_json
from checker.models.describe import describe
from checker.models.model import Model
from checker.operation import Operation

__all__ = ["CasRegister", "Register", "cas_values"]

_CAS_VALUES: Final = 2


class Register(Model[str]):
    """A read-write register: ``read`` (output: the value), ``write`` (value: the new one).

    The state is the value's canonical JSON.
    """

    name = "register"
    functions: tuple[str, ...] = ("read", "write")

    def __init__(self, *, initial: Any = None) -> None:
        """Make a register that holds ``initial`` (a JSON value) before any operation."""
        self.initial = initial

    def init(self) -> str:
        """Return the initial value."""
        return canonical_json(self.initial)

    def step(self, state: str, operation: Operation) -> str | None:
        """Read the value that is there, or replace it."""
        if operation.f == "write":
            return canonical_json(operation.value)
        if operation.f == "read":
            return state if canonical_json(operation.output) == state else None
        raise self.unknown(operation)

    def unknown(self, operation: Operation) -> MalformedHistory:
        """Make the error for an operation that the register does not have."""
        return MalformedHistory(
            f"model {self.name!r} has no operation {operation.f!r}: "
            f"it has {', '.join(self.functions)}",
            line=operation.line,
            operation=describe(operation),
        )

    def changes(self, operation: Operation) -> bool:
        """Everything but a read changes the register."""
        return operation.f != "read"


class CasRegister(Register):
    """A register with ``cas`` (value: ``[from, to]``; OK means that it swapped, unless false)."""

    name = "cas-register"
    functions = ("read", "write", "cas")

    def step(self, state: str, operation: Operation) -> str | None:
        """Read, write, or swap if the expected value is there."""
        if operation.f != "cas":
            return super().step(state, operation)
        expected, new = cas_values(operation)
        equal = expected == state
        if operation.output is False:
            return None if equal else state
        return new if equal else None


def cas_values(operation: Operation) -> tuple[str, str]:
    """What a cas expects and what it puts there, as canonical JSON.

    Raises:
        MalformedHistory: its value is not ``[from, to]``.
    """
    value = operation.value
    if not isinstance(value, list | tuple) or len(value) != _CAS_VALUES:
        raise MalformedHistory(
            "the value of a cas must be [from, to]",
            line=operation.line,
            operation=describe(operation),
        )
    return canonical_json(value[0]), canonical_json(value[1])

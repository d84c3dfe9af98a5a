"""An append-only log whose reads answer with the length and the hash of the whole prefix.

A hash says as much as the events themselves and takes sixteen digits, however long the log is.
"""

from __future__ import annotations

import re
from typing import Any, Final

from checker.models.malformed import malformed, unknown_operation
from checker.models.model import Model
from checker.operation import Operation, Outcome

__all__ = ["EMPTY", "Log", "chain", "unchain"]

EMPTY: Final = 0
"""The hash of no events."""

_MASK: Final = 2**64 - 1
_MULTIPLIER: Final = 0xFF51AFD7ED558CCD
_INVERSE: Final = pow(_MULTIPLIER, -1, 2**64)
_HALF: Final = 32
_VALUE_MIN: Final = -(2**63)
_HASH: Final = re.compile("[0-9a-fA-F]{16}")


def chain(mixed: int, value: int) -> int:
    """Return the hash of a prefix that is one event longer.

    The mixing is that of MurmurHash3's finalizer, cut short. Values are taken modulo 2**64.
    """
    mixed = ((mixed ^ value) & _MASK) * _MULTIPLIER & _MASK
    return mixed ^ (mixed >> _HALF)


def unchain(after: int, known: int) -> int:
    """Return, of the hash before an event and the event's value, the one that is not known."""
    return known ^ ((after ^ (after >> _HALF)) * _INVERSE & _MASK)


class Log(Model[tuple[int, int]]):
    """A log: ``append`` (output: the length after it), ``read`` (output: its length and hash).

    A read is answered ``{"len": n, "hash": "16 hex digits"}``. The state is that pair.
    """

    name = "log"
    functions = ("append", "read")

    def init(self) -> tuple[int, int]:
        """Return the length and hash of no events."""
        return 0, EMPTY

    def step(self, state: tuple[int, int], operation: Operation) -> tuple[int, int] | None:
        """Append, or compare what was read."""
        if operation.f == "read":
            return state if self.prefix_read(operation) == state else None
        length, mixed = state
        value = self.appended(operation)
        if self.length_told(operation) not in (None, length + 1):
            return None
        return length + 1, chain(mixed, value)

    def changes(self, operation: Operation) -> bool:
        """Only appends change the log."""
        return operation.f != "read"

    def appended(self, operation: Operation) -> int:
        """Return the value of an append, modulo 2**64.

        Raises:
            MalformedHistory: the model has no such operation, or it appends no such value.
        """
        if operation.f != "append":
            raise unknown_operation(self.name, self.functions, operation)
        value = operation.value
        if type(value) is not int or not _VALUE_MIN <= value <= _MASK:
            raise malformed("the value of an append is a whole number of 64 bits", operation)
        return value & _MASK

    def length_told(self, operation: Operation) -> int | None:
        """Return the length that an append was answered, None if it was not answered.

        Raises:
            MalformedHistory: it is not a whole number.
        """
        if operation.outcome is not Outcome.OK:
            return None
        return _whole(operation.output, "the answer of an append", operation)

    def prefix_read(self, operation: Operation) -> tuple[int, int]:
        """Return the length and the hash that a read was answered.

        Raises:
            MalformedHistory: it was answered something else.
        """
        answer = operation.output
        if not isinstance(answer, dict):
            raise malformed('the answer of a read is {"len": ..., "hash": ...}', operation)
        mixed = answer.get("hash")
        if not isinstance(mixed, str) or not _HASH.fullmatch(mixed):
            raise malformed("the hash of a read has 16 hexadecimal digits", operation)
        return _whole(answer.get("len"), "the len of a read", operation), int(mixed, 16)


def _whole(value: Any, what: str, operation: Operation) -> int:
    if type(value) is int and _VALUE_MIN <= value < -_VALUE_MIN:
        return value
    raise malformed(f"{what} is a whole number of 64 bits", operation)

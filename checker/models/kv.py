"""Key-value stores: each key a register, or a string that is got, put and appended to.

Which of the two a key is, its operations say: ``read``, ``write`` and ``cas`` are those of a
`CasRegister`, ``get``, ``put`` and ``append`` those of a string. Each key is judged alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from checker.models.malformed import malformed, unknown_operation
from checker.models.model import Model, Partition
from checker.models.register import CasRegister
from checker.operation import Operation

__all__ = ["Kv", "Strings"]


class Strings(Model[str]):
    """A string: ``get`` (output: all of it), ``put``, ``append`` (value: a text).

    The state is the string.
    """

    name = "kv"
    functions = ("get", "put", "append")

    def __init__(self, *, initial: str = "") -> None:
        """Make a string that is ``initial`` before any operation."""
        self.initial = initial

    def init(self) -> str:
        """Return the initial text."""
        return self.initial

    def step(self, state: str, operation: Operation) -> str | None:
        """Get what is there, replace it, or add to its end."""
        if operation.f == "get":
            return state if _text(operation.output, operation) == state else None
        if operation.f == "put":
            return _text(operation.value, operation)
        if operation.f == "append":
            return state + _text(operation.value, operation)
        raise unknown_operation(self.name, self.functions, operation)

    def changes(self, operation: Operation) -> bool:
        """Everything but a get changes the string."""
        return operation.f != "get"


class Kv(Model[str]):
    """Registers (``read``, ``write``, ``cas``) or strings (``get``, ``put``, ``append``), by key.

    Split a history with `partition` before judging it.

    One key's state is that of the register, or the string; untouched, it is the empty text.
    """

    name = "kv"

    def __init__(self, *, initial: Any = None) -> None:
        """Make a store whose keys hold ``initial`` (a JSON value) before any operation.

        Without it, registers hold null and strings are empty; strings take a text alone.
        """
        self.initial = initial
        self._register = CasRegister(initial=initial)
        self._register.name = self.name
        self._string = Strings(initial=initial if isinstance(initial, str) else "")

    def init(self) -> str:
        """Return the state of a key before any operation."""
        return ""

    def step(self, state: str, operation: Operation) -> str | None:
        """Take a step of the register or the string that the operation is about."""
        if self._is_of_strings(operation):
            return self._string.step(state, operation)
        return self._register.step(state or self._register.init(), operation)

    def changes(self, operation: Operation) -> bool:
        """Everything but reads and gets changes a key."""
        return operation.f not in {"read", "get"}

    def partition(self, operations: Sequence[Operation]) -> list[Partition]:
        """Split by key, and give each key to the model that it is one of.

        Raises:
            MalformedHistory: an operation is none of the store's, or of the other kind than the
                first on its key.
        """
        parts = super().partition(operations)
        return [msgspec.structs.replace(part, model=self._model_of(part)) for part in parts]

    def _model_of(self, part: Partition) -> Model[Any]:
        first = self._is_of_strings(part.operations[0])
        for operation in part.operations:
            if self._is_of_strings(operation) != first:
                raise malformed(
                    f"a key is a register ({', '.join(self._register.functions)}) or a string "
                    f"({', '.join(self._string.functions)}), not both",
                    operation,
                )
        if first and not isinstance(self.initial, str | None):
            raise malformed("the initial value of a string must be a text", part.operations[0])
        return self._string if first else self._register

    def _is_of_strings(self, operation: Operation) -> bool:
        if operation.f in self._string.functions:
            return True
        if operation.f in self._register.functions:
            return False
        functions = (*self._register.functions, *self._string.functions)
        raise unknown_operation(self.name, functions, operation)


def _text(value: Any, operation: Operation) -> str:
    if isinstance(value, str):
        return value
    what = "answer" if operation.f == "get" else "value"
    raise malformed(f"the {what} of a {operation.f} must be a text", operation)

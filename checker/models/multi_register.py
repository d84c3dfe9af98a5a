"""Several registers at once: an operation reads and writes any number of them, as one.

The operations are those of Knossos' multi-register: ``txn``, ``read`` and ``write``, whose value
lists what they do, ``[["read", "x", null], ["write", "y", 2]]``, and whose output lists the same
with the answers in it. They are done in this order; a read sees the writes before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from checker.models.canonical import canonical_json
from checker.models.malformed import malformed, unknown_operation
from checker.models.model import Model
from checker.operation import Operation, Outcome

__all__ = ["MultiRegister"]

_PARTS: Final = 3

State = tuple[tuple[str, str], ...]


class MultiRegister(Model[State]):
    """Registers with names, at first null: ``read``, ``write``, and ``txn`` of several at once.

    The state has the name and the value of each register that does not hold its initial value,
    both as canonical JSON, by name.
    """

    name = "multi-register"
    functions = ("txn", "read", "write")

    def __init__(self, *, initial: Mapping[str, Any] | None = None) -> None:
        """Make registers with these values before any operation.

        Raises:
            TypeError: the initial values are no object with one for each name.
        """
        if not isinstance(initial, Mapping | None):
            raise TypeError("the initial value must be an object, with a value for each register")
        self.initial = initial
        self._initial = {
            canonical_json(name): canonical_json(value) for name, value in (initial or {}).items()
        }

    def init(self) -> State:
        """Return the initial values."""
        return ()

    def step(self, state: State, operation: Operation) -> State | None:
        """Read and write in order."""
        if operation.f not in self.functions:
            raise unknown_operation(self.name, self.functions, operation)
        values = dict(state)
        answered = operation.outcome is Outcome.OK
        for f, register, value in micro_operations(operation):
            before = values.get(register, self._initial_of(register))
            if f == "write":
                values[register] = value
            elif answered and value != before:
                return None
        changed = {
            register: value
            for register, value in values.items()
            if value != self._initial_of(register)
        }
        return tuple(sorted(changed.items()))

    def changes(self, operation: Operation) -> bool:
        """Everything that does not only read changes a register."""
        if operation.f not in self.functions:
            return True
        return any(f == "write" for f, _, _ in micro_operations(operation))

    def _initial_of(self, register: str) -> str:
        return self._initial.get(register, "null")


def micro_operations(operation: Operation) -> list[tuple[str, str, str]]:
    """What an operation does, in order: ``read`` or ``write``, the register, and the value.

    The answer says it, if there is one.

    Raises:
        MalformedHistory: it is not written so.
    """
    found = []
    value = operation.value if operation.output is None else operation.output
    for part in value if isinstance(value, list | tuple) else (None,):
        well_formed = isinstance(part, list | tuple) and len(part) == _PARTS
        if not well_formed or part[0] not in ("read", "write"):
            raise malformed(
                f'the value of a {operation.f} must be a list of ["read", register, value] and '
                '["write", register, value]',
                operation,
            )
        found.append((part[0], canonical_json(part[1]), canonical_json(part[2])))
    return found

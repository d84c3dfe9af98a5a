"""Tell the model of transactions from what they did."""

from __future__ import annotations

from itertools import islice
from typing import Any, Final

from checker.history.history import History
from checker.history.recorded import RecordedHistory
from checker.operation import Operation

__all__ = ["transaction_model"]

_LOOKED_AT: Final = 1000
"""How many operations of a long history are looked at: the model reads the others."""


def transaction_model(history: History | RecordedHistory) -> str | None:
    """Return the model whose transactions these are; None if they are none, or of several.

    Elle's short names tell them from the transactions of ``multi-register``, and Jepsen's ``read``
    and ``write`` of micro-operations tell ``long-fork`` from ``rw-register``.
    """
    functions: set[str] = set()
    names: set[str] = set()
    for operation in islice(history, _LOOKED_AT):
        found = _names(operation)
        if found is None:
            return None
        functions.add(operation.f)
        names |= found
    if "append" in names and names <= {"append", "r"}:
        return "list-append"
    if not names or not names <= {"r", "w"}:
        return None
    return "long-fork" if functions <= {"read", "write"} else "rw-register"


def _names(operation: Operation) -> set[str] | None:
    """Return the names of an operation's micro-operations; None if it has none."""
    value: Any = operation.value if operation.value is not None else operation.output
    if not isinstance(value, list):
        return None
    names: set[str] = set()
    for step in value:
        match step:
            case [str() as name, _, *rest] if len(rest) <= 1:
                names.add(name)
            case _:
                return None
    return names

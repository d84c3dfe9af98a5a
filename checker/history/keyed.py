"""Jepsen's keyed workloads: recognise them, and give each operation its key.

`jepsen.independent` runs one workload on many keys by wrapping each value in a tuple, which it
prints as ``[k v]``. Nothing marks the tuple, so it is inferred, and only where it cannot be
mistaken: every operation's request is a pair, the reads ask for ``[k nil]`` (a read of one register
asks for nothing), and every answer is a pair of the same key.
"""

from __future__ import annotations

from typing import Any

import msgspec

from checker.history.history import History
from checker.operation import Operation, Outcome

__all__ = ["lift_keys"]


def lift_keys(history: History) -> History:
    """Return the history with the key of each ``[k v]`` in `Operation.key`, or as it is."""
    if not history.operations or not all(map(_is_keyed, history.operations)):
        return history
    if not any(operation.f == "read" for operation in history.operations):
        return history
    return msgspec.structs.replace(history, operations=tuple(map(_lift, history.operations)))


def _is_pair(value: Any) -> bool:
    match value:
        case [key, _]:
            return not isinstance(key, list | dict)
    return False


def _is_keyed(operation: Operation) -> bool:
    if operation.key is not None or not _is_pair(operation.value):
        return False
    key, request = operation.value
    if operation.f == "read" and request is not None:
        return False
    return operation.outcome is not Outcome.OK or (
        _is_pair(operation.output) and operation.output[0] == key
    )


def _lift(operation: Operation) -> Operation:
    key, request = operation.value
    output = operation.output[1] if operation.outcome is Outcome.OK else None
    return msgspec.structs.replace(operation, key=key, value=request, output=output)

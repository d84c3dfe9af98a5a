"""What is wrong with a register, in plain words, from the operations of a certificate alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from checker.models.canonical import canonical_json
from checker.models.describe import name_operation, shorten
from checker.monitors.violation import sentence
from checker.operation import Operation

__all__ = ["explain"]

_PAIR: Final = 2
_TRIPLE: Final = 3


def explain(anomaly: str, operations: Sequence[Operation]) -> str:
    """Say what is wrong; the operations are in the order of ``docs/reference/anomalies.md``."""
    if anomaly in {"thin-air", "aborted-read"}:
        return sentence(_unwritten(anomaly, operations))
    if anomaly == "lost-update":
        one, other = operations
        return sentence(
            f"{name_operation(one)} and {name_operation(other)} both replaced "
            f"{_seen(one)}, which was written only once: one update is lost"
        )
    if anomaly == "future-read":
        return sentence(_future(operations))
    return sentence(_stale(operations))


def _unwritten(anomaly: str, operations: Sequence[Operation]) -> str:
    seen_by, *others = operations
    words = f"{name_operation(seen_by)} saw {_seen(seen_by)}, "
    if anomaly == "aborted-read":
        failed = others.pop(0)
        words += f"but its {failed.f}, {name_operation(failed)}, failed and certainly had no effect"
    else:
        words += "but no operation wrote it"
    if others:
        words += f"; that it happened is shown by {name_operation(others[0])}"
    return words


def _future(operations: Sequence[Operation]) -> str:
    if len(operations) == _PAIR and not _is_circle(operations):
        early, late = operations
        if early.f == "read" and canonical_json(early.output) == _written(late):
            return (
                f"{name_operation(early)} saw {_seen(early)} before its write, "
                f"{name_operation(late)}, had begun"
            )
        return (
            f"{name_operation(early)} {_deed(early)} before {name_operation(late)}, which "
            f"{_deed(late)}, had begun, though one came from the other"
        )
    names = " and ".join(map(name_operation, operations))
    return f"{names} saw what could only come of what they wrote themselves"


def _is_circle(operations: Sequence[Operation]) -> bool:
    """Say whether each of two swaps saw what the other wrote."""
    one, other = operations
    return (
        one.f == other.f == "cas"
        and canonical_json(one.value[0]) == _written(other)
        and canonical_json(other.value[0]) == _written(one)
    )


def _stale(operations: Sequence[Operation]) -> str:
    stale, newer, *others = operations
    words = (
        f"{name_operation(stale)} {_deed(stale)}, but {name_operation(newer)} {_deed(newer)} "
        "before it began"
    )
    if not others:
        return f"{words}: what it saw was gone"
    if len(operations) > _TRIPLE:
        proof, late = others
    elif _precedes(others[0], newer):
        proof, late = others[0], newer
    else:
        proof, late = stale, others[0]
    return (
        f"{words}, and {name_operation(proof)} {_deed(proof)} before {name_operation(late)}, "
        f"which {_deed(late)}, began: neither value can come after the other"
    )


def _precedes(one: Operation, other: Operation) -> bool:
    return one.completed is not None and one.completed < other.invoked


def _written(operation: Operation) -> str:
    value = operation.value[1] if operation.f == "cas" else operation.value
    return canonical_json(value)


def _seen(operation: Operation) -> str:
    return _words(operation.value[0] if operation.f == "cas" else operation.output)


def _deed(operation: Operation) -> str:
    if operation.f == "read":
        return f"read {_words(operation.output)}"
    if operation.f == "cas":
        return f"replaced {_words(operation.value[0])} by {_words(operation.value[1])}"
    return f"wrote {_words(operation.value)}"


def _words(value: object) -> str:
    """A value as JSON, so that 1 and "1" look different."""
    return shorten(canonical_json(value))

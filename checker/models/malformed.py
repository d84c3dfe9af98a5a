"""The error that a model raises for an operation that it cannot read."""

from __future__ import annotations

from collections.abc import Sequence

from checker.errors import MalformedHistory
from checker.models.describe import describe
from checker.operation import Operation

__all__ = ["malformed", "unknown_operation"]


def malformed(reason: str, operation: Operation) -> MalformedHistory:
    """Make the error that an operation cannot have been observed as it is written."""
    return MalformedHistory(reason, line=operation.line, operation=describe(operation))


def unknown_operation(
    model: str, functions: Sequence[str], operation: Operation
) -> MalformedHistory:
    """Make the error that a model has no such operation."""
    return malformed(
        f"model {model!r} has no operation {operation.f!r}: it has {', '.join(functions)}",
        operation,
    )

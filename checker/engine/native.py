"""The native search: the reference's question, asked of ``checker._native``.

It answers exactly as the reference does, and stays within its limits: a timeout is kept to a tenth
of a second, memory is counted and never exceeded by much, Ctrl-C ends it at once. The witness is a
legal order like the reference's, but not always the same one.

Some models it has of its own; any other is asked step by step, in Python.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from checker import _native
from checker._native import CancelToken
from checker.engine import native_models, native_registers, native_streams
from checker.engine.native_columns import Columns
from checker.engine.outcome import SearchOutcome
from checker.engine.undecided import Reach, undecided
from checker.errors import EngineUnavailable
from checker.limits import Limits
from checker.models.model import Model, required_and_optional
from checker.models.register import CasRegister, Register
from checker.models.stream import Stream
from checker.operation import Operation
from checker.verdict import Verdict

__all__ = ["CancelToken", "search", "supports"]


def supports(model: Model[Any]) -> bool:
    """Say whether the native engine has this model; one of your own it has not."""
    return type(model) in (Register, CasRegister, Stream)


def search(
    model: Model[Any],
    operations: Sequence[Operation],
    limits: Limits | None = None,
    *,
    cancel: CancelToken | None = None,
) -> SearchOutcome:
    """Look for a legal order of one partition's operations.

    ``cancel`` stops the search from another thread: it then answers unknown. ``peak_bytes`` is
    what the search kept at most, counted.

    Raises:
        MalformedHistory: an operation is none of the model's.
        ModelError: a model of your own raised, or is not pure.
    """
    limits = limits or Limits()
    required, optional = required_and_optional(model, operations)
    relevant = [*required, *optional]
    if supports(model):
        name, columns = _encode(model, relevant)
        columns.set_endpoints(relevant)
        report = _native.search(
            name,
            columns.invoked,
            columns.completed,
            columns.kinds,
            columns.offsets,
            columns.arguments,
            timeout_seconds=limits.timeout_seconds,
            memory_bytes=limits.memory_bytes,
            cancel=cancel,
        )
    else:
        report, columns = native_models.search(model, relevant, limits, cancel=cancel)
    order = tuple(columns.indices[row] for row in report.order)
    blocked = None if report.blocked is None else columns.indices[report.blocked]
    verdict = Verdict(report.verdict)
    valid = verdict is Verdict.VALID
    return SearchOutcome(
        verdict=verdict,
        witness=order if valid else None,
        longest_prefix=() if valid else order,
        blocked=blocked,
        configurations=report.configurations,
        peak_bytes=report.peak_bytes,
        reason=_reason(report, relevant, blocked, limits),
    )


def _reason(
    report: _native.SearchReport,
    operations: Sequence[Operation],
    blocked: int | None,
    limits: Limits,
) -> str:
    if report.limit is None:
        return ""
    named = next((operation for operation in operations if operation.index == blocked), None)
    reach = Reach(report.configurations, len(report.order), len(operations), named)
    return undecided(report.limit, reach, limits)


def _encode(model: Model[Any], operations: Sequence[Operation]) -> tuple[str, Columns]:
    """Name the native model and write the operations in its terms."""
    if isinstance(model, Stream):
        return "stream", native_streams.encode(model, operations)
    if isinstance(model, Register):
        return "register", native_registers.encode(model, operations)
    raise EngineUnavailable(f"the native engine has no model {model.name!r}")

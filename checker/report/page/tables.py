"""The two tables below the plots: what the clients did, and what went wrong."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Final

import msgspec

from checker.history.history import History
from checker.operation import Outcome
from checker.report.page.clock import Clock
from checker.report.page.series import quantile
from checker.report.page.wording import error_message, span_text, value_text

__all__ = ["ERROR_ROWS_MAX", "ErrorRow", "OperationRow", "error_rows", "operation_rows"]

ERROR_ROWS_MAX: Final = 50
_EXAMPLE_CHARACTERS_MAX: Final = 500
_UNSAID: Final = "(no error was given)"


class OperationRow(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of operation; ``latency`` holds p50, p95, p99 and the longest as text."""

    f: str
    total: int
    ok: int
    fail: int
    info: int
    latency: tuple[str, str, str, str] | None


class ErrorRow(msgspec.Struct, frozen=True, kw_only=True):
    """Errors that differ only in numbers and ids, with the first of them as an example."""

    message: str
    outcome: Outcome
    count: int
    fs: tuple[str, ...]
    example: str
    first: int
    """The index of the first operation that ended so."""


def operation_rows(history: History, clock: Clock) -> tuple[OperationRow, ...]:
    """Count operations by name, the most frequent first; latencies are those of OK ones."""
    outcomes: dict[str, Counter[Outcome]] = defaultdict(Counter)
    took: dict[str, list[int]] = defaultdict(list)
    for operation in history.operations:
        outcomes[operation.f][operation.outcome] += 1
        end = clock.end(operation)
        if clock.timed and operation.outcome is Outcome.OK and end is not None:
            took[operation.f].append(end - clock.begin(operation))
    rows = []
    for f, counted in sorted(outcomes.items(), key=lambda item: -item[1].total()):
        latency = None
        if took[f]:
            ascending = sorted(took[f])
            latency = (
                span_text(quantile(ascending, 0.50)),
                span_text(quantile(ascending, 0.95)),
                span_text(quantile(ascending, 0.99)),
                span_text(ascending[-1]),
            )
        rows.append(
            OperationRow(
                f=f,
                total=counted.total(),
                ok=counted[Outcome.OK],
                fail=counted[Outcome.FAIL],
                info=counted[Outcome.INFO],
                latency=latency,
            )
        )
    return tuple(rows)


def error_rows(history: History) -> tuple[ErrorRow, ...]:
    """Group what failed or ended unknown by its message, the most frequent first."""
    counts: Counter[tuple[Outcome, str]] = Counter()
    first: dict[tuple[Outcome, str], tuple[int, str]] = {}
    names: dict[tuple[Outcome, str], Counter[str]] = defaultdict(Counter)
    for operation in history.operations:
        if operation.outcome is Outcome.OK:
            continue
        error = operation.error
        message = _UNSAID if error is None else error_message(error)
        cause = (operation.outcome, message)
        counts[cause] += 1
        names[cause][operation.f] += 1
        if cause not in first:
            example = "" if error is None else value_text(error, _EXAMPLE_CHARACTERS_MAX)
            first[cause] = (operation.index, example)
    return tuple(
        ErrorRow(
            message=cause[1],
            outcome=cause[0],
            count=count,
            fs=tuple(f for f, _ in names[cause].most_common()),
            example=first[cause][1],
            first=first[cause][0],
        )
        for cause, count in counts.most_common()
    )

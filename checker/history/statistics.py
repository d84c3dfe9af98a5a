"""What is in a history, in numbers: operations by outcome, concurrency, latency. No judgement."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from checker.history.history import History
from checker.operation import Operation, Outcome

__all__ = ["FunctionStatistics", "HistoryStatistics", "has_times", "statistics_of"]

_P50: Final = 0.50
_P95: Final = 0.95
_P99: Final = 0.99


class FunctionStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """The operations of one function: counts by outcome, latencies in nanoseconds.

    ``pending`` of the ``info`` ones were never completed. Latencies are those of OK operations,
    None when there are none or the history has no times.
    """

    f: str
    ok: int
    fail: int
    info: int
    pending: int
    latency_p50: int | None
    latency_p95: int | None
    latency_p99: int | None
    latency_max: int | None


class HistoryStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """A history in numbers. ``concurrency_*`` count operations with known outcome in flight.

    ``duration`` is from the first endpoint to the last, in nanoseconds; None without times.
    """

    source: str
    operations: int
    processes: int
    keys: int
    nemesis_events: int
    duration: int | None
    concurrency_max: int
    concurrency_mean: float
    unknown_max: int
    """Most operations with unknown outcome invoked before some completion: what makes it hard."""
    functions: tuple[FunctionStatistics, ...]


def statistics_of(history: History) -> HistoryStatistics:
    """Count."""
    timed = has_times(history)
    by_function: dict[str, list[Operation]] = {}
    for operation in history:
        by_function.setdefault(operation.f, []).append(operation)
    highest, mean = _concurrency(history.operations)
    last_completion = max((op.completed or 0 for op in history), default=0)
    return HistoryStatistics(
        source=history.source,
        operations=len(history),
        processes=len({operation.process for operation in history}),
        keys=len({msgspec.json.encode(op.key) for op in history if op.key is not None}),
        nemesis_events=len(history.nemesis),
        duration=_duration(history) if timed else None,
        concurrency_max=highest,
        concurrency_mean=round(mean, 2),
        unknown_max=sum(op.completed is None and op.invoked < last_completion for op in history),
        functions=tuple(
            _function(f, operations, timed=timed) for f, operations in sorted(by_function.items())
        ),
    )


def has_times(history: Iterable[Operation]) -> bool:
    """Whether the history has times of its own; without, ranks stand in for them."""
    return any(operation.time_invoked != operation.invoked for operation in history)


def _duration(history: History) -> int:
    begins = [operation.time_invoked for operation in history]
    ends = [op.time_completed for op in history if op.time_completed is not None]
    return max(begins + ends) - min(begins) if begins else 0


def _concurrency(operations: Sequence[Operation]) -> tuple[int, float]:
    """The most operations in flight at once, and the mean number met by an invocation."""
    endpoints = [(op.invoked, 1) for op in operations if op.completed is not None]
    endpoints += [(op.completed, -1) for op in operations if op.completed is not None]
    endpoints.sort()
    flying = highest = met = 0
    for _, step in endpoints:
        flying += step
        if step > 0:
            highest = max(highest, flying)
            met += flying
    return highest, met / (len(endpoints) // 2) if endpoints else 0.0


def _function(f: str, operations: Sequence[Operation], *, timed: bool) -> FunctionStatistics:
    counts = {outcome: sum(op.outcome is outcome for op in operations) for outcome in Outcome}
    latencies = sorted(
        op.time_completed - op.time_invoked
        for op in operations
        if timed and op.outcome is Outcome.OK and op.time_completed is not None
    )
    return FunctionStatistics(
        f=f,
        ok=counts[Outcome.OK],
        fail=counts[Outcome.FAIL],
        info=counts[Outcome.INFO],
        pending=sum(op.outcome is Outcome.INFO and op.time_completed is None for op in operations),
        latency_p50=_quantile(latencies, _P50),
        latency_p95=_quantile(latencies, _P95),
        latency_p99=_quantile(latencies, _P99),
        latency_max=_quantile(latencies, 1.0),
    )


def _quantile(ordered: Sequence[int], share: float) -> int | None:
    """The nearest-rank quantile."""
    if not ordered:
        return None
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]

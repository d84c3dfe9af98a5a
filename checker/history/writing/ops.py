"""Write ``ops``: one whole operation a line, ordered by the times of its call and its return."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from checker.history.codec import Event, encode_event
from checker.history.history import History
from checker.history.statistics import has_times
from checker.history.writing.loss import Loss, header_loss, operations_loss
from checker.operation import Operation, Outcome

__all__ = ["ops_chunks", "ops_losses"]

_ENCODER = msgspec.json.Encoder()


class _Interval(NamedTuple):
    """When an operation was called and when it returned; None if that is not known."""

    operation: Operation
    call: int
    returned: int | None


def ops_losses(history: History) -> list[Loss]:
    """Say what this format has no words for."""
    losses = header_loss(history.header)
    if not history.operations:
        losses.append(Loss(what="a history without operations"))
    if history.nemesis:
        losses.append(Loss(what="what the nemesis did", count=len(history.nemesis)))
    unknown = [op for op in history if op.outcome is Outcome.INFO]
    losses += operations_loss(
        "operations that failed", (op for op in history if op.outcome is Outcome.FAIL)
    )
    losses += operations_loss(
        "the errors of operations",
        (op for op in history if op.error is not None and op.outcome is not Outcome.FAIL),
    )
    losses += operations_loss(
        "when clients gave up on operations of unknown outcome",
        (op for op in unknown if op.time_completed is not None),
    )
    if has_times(history) and not _say_the_order(_timed(history)):
        losses.append(Loss(what="times that contradict the order of the events, or leave it open"))
    return losses


def ops_chunks(history: History) -> Iterator[bytes]:
    """Yield a line for each operation that did not fail, by call.

    Where the history's times do not say the order of its events, places in the order are written
    for times.

    Raises:
        TypeError: A value has no JSON form.
    """
    intervals = _timed(history)
    if not (has_times(history) and _say_the_order(intervals)):
        intervals = _ranked(history)
    for interval in intervals:
        operation = interval.operation
        everything = [operation.key, operation.value, operation.output]
        encode_event(Event(type="ok", process=0, f="", value=everything))
        line: dict[str, Any] = {
            "client": operation.process,
            "call": interval.call,
            "return": interval.returned,
            "f": operation.f,
            "key": operation.key,
            "value": operation.value,
            "out": operation.output,
        }
        yield _ENCODER.encode(line) + b"\n"


def _that_happened(history: History) -> Iterator[Operation]:
    return (operation for operation in history if operation.outcome is not Outcome.FAIL)


def _timed(history: History) -> list[_Interval]:
    return [
        _Interval(op, op.time_invoked, None if op.completed is None else op.time_completed)
        for op in _that_happened(history)
    ]


def _ranked(history: History) -> list[_Interval]:
    return [_Interval(op, op.invoked, op.completed) for op in _that_happened(history)]


def _say_the_order(intervals: list[_Interval]) -> bool:
    """Whether a reader, who has nothing but the times, ranks the endpoints as they are."""
    if any(i.operation.completed is not None and i.returned is None for i in intervals):
        return False
    rows = sorted(intervals, key=lambda i: (i.call, i.returned is None, i.returned))
    endpoints = [
        (row.call, False, 2 * place, row.operation.invoked) for place, row in enumerate(rows)
    ]
    endpoints += [
        (row.returned, True, 2 * place + 1, row.operation.completed)
        for place, row in enumerate(rows)
        if row.returned is not None and row.operation.completed is not None
    ]
    endpoints.sort()
    ranks = [rank for *_, rank in endpoints]
    return all(before < after for before, after in itertools.pairwise(ranks))

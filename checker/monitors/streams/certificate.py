"""From a failed sweep to a named anomaly: who saw what, and who had seen more before it began."""

from __future__ import annotations

from collections.abc import Callable

from checker.monitors.streams.domains import WHOLE
from checker.monitors.streams.evidence import Evidence, Transition
from checker.monitors.streams.findings import Findings
from checker.monitors.streams.order import Order
from checker.monitors.sweep import Item, Violation
from checker.operation import Operation

__all__ = ["Precedes", "in_process", "in_time", "report_violation"]

OPERATIONS_MAX = 4

Precedes = Callable[[Operation, Operation], bool]
"""Whether one operation must come before another, whatever they did."""


def in_time(one: Operation, other: Operation) -> bool:
    """Whether one had ended before the other began."""
    return one.completed is not None and one.completed < other.invoked


def in_process(one: Operation, other: Operation) -> bool:
    """Whether one process did both, and this one first."""
    return one.process == other.process and one.invoked < other.invoked


def report_violation(
    violation: Violation,
    order: Order,
    evidence: Evidence,
    findings: Findings,
    precedes: Precedes,
) -> None:
    """Name what an operation that fits nowhere shows, with the operations that exclude it."""
    item = violation.item
    lost = None if item.is_mutation else _lost_append(item, order, evidence, precedes)
    if lost is not None:
        findings.add("lost-append", (lost, item.operation))
        return
    before = [reason.operation for reason in violation.raised_by]
    findings.add(_name(violation), (item.operation, *before)[:OPERATIONS_MAX])


def _name(violation: Violation) -> str:
    item = violation.item
    if not item.is_mutation:
        return "unjustified-conflict" if item.operation.f == "append" else "stale-read"
    if not violation.raised_by:
        return "stale-append"
    knew = violation.raised_by[0]
    if knew.operation.f != "append" and knew.scope in (WHOLE, item.scope):
        return "future-read"
    if knew.operation.f == "append" and knew.operation.outcome == "fail":
        return "unjustified-conflict" if knew.scope == item.scope else "stale-append"
    return "stale-append"


def _lost_append(
    item: Item, order: Order, evidence: Evidence, precedes: Precedes
) -> Operation | None:
    """An append that was acknowledged before a read, is not in it, and in no other read either.

    Nor is anything above it in its stream: otherwise the read is stale, and the append is there.
    """
    if item.operation.f not in ("read", "read-log"):
        return None
    hidden: set[str] = set()
    found: Operation | None = None
    for place in range(len(order.transitions) - 1, -1, -1):
        transition = order.transitions[place]
        if 2 * place + 1 <= item.high:
            break
        if item.scope not in (WHOLE, transition.stream) or transition.stream in hidden:
            continue
        if evidence.shown(transition) is not None:
            hidden.add(transition.stream)
            continue
        acknowledged = _acknowledged_before(transition, item.operation, precedes)
        if acknowledged is not None:
            found = acknowledged
    return found


def _acknowledged_before(
    transition: Transition, operation: Operation, precedes: Precedes
) -> Operation | None:
    return next(
        (
            attempt.operation
            for attempt in transition.acknowledged
            if precedes(attempt.operation, operation)
        ),
        None,
    )

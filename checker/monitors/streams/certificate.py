"""From a failed sweep to a named anomaly: who saw what, and who had seen more before it began."""

from __future__ import annotations

from checker.models.describe import name_operation, shorten
from checker.monitors.streams.domains import WHOLE
from checker.monitors.streams.evidence import Evidence, Transition
from checker.monitors.streams.findings import Findings
from checker.monitors.streams.order import Order
from checker.monitors.sweep import Item, Violation
from checker.operation import Operation

__all__ = ["report_violation"]

OPERATIONS_MAX = 4


def report_violation(
    violation: Violation, order: Order, evidence: Evidence, findings: Findings
) -> None:
    """Name what an operation that fits nowhere shows, with the operations that exclude it."""
    item = violation.item
    before = [reason.operation for reason in violation.raised_by]
    lost = None if item.is_mutation else _lost_append(item, order, evidence)
    if lost is not None:
        append, span = lost
        findings.add(
            "lost-append",
            (append, item.operation),
            f"{name_operation(append)} was acknowledged with {span} before "
            f"{name_operation(item.operation)} began, which does not show it; no read ever does.",
        )
        return
    name = _name(violation)
    knew = violation.raised_by[0] if violation.raised_by else None
    findings.add(
        name,
        (item.operation, *before)[:OPERATIONS_MAX],
        _explain(name, item, knew, order),
    )


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


def _lost_append(item: Item, order: Order, evidence: Evidence) -> tuple[Operation, str] | None:
    """An append that was acknowledged before a read, is not in it, and in no other read either.

    Nor is anything above it in its stream: otherwise the read is stale, and the append is there.
    """
    if item.operation.f not in ("read", "read-log"):
        return None
    hidden: set[str] = set()
    found: tuple[Operation, str] | None = None
    for place in range(len(order.transitions) - 1, -1, -1):
        transition = order.transitions[place]
        if 2 * place + 1 <= item.high:
            break
        if item.scope not in (WHOLE, transition.stream) or transition.stream in hidden:
            continue
        if evidence.shown(transition) is not None:
            hidden.add(transition.stream)
            continue
        acknowledged = _acknowledged_before(transition, item.operation)
        if acknowledged is not None:
            found = acknowledged, _span(transition.stream, order.spans[place])
    return found


def _acknowledged_before(transition: Transition, operation: Operation) -> Operation | None:
    return next(
        (
            attempt.operation
            for attempt in transition.acknowledged
            if attempt.operation.completed is not None
            and attempt.operation.completed < operation.invoked
        ),
        None,
    )


def _explain(name: str, item: Item, knew: Item | None, order: Order) -> str:
    late = f"{name_operation(item.operation)} {_claim(item, order)}"
    if knew is None:
        return f"{late}, which nothing that happened before it allows."
    early = f"{name_operation(knew.operation)} {_claim(knew, order)}"
    if name == "unjustified-conflict" and not item.is_mutation:
        return (
            f"{late}, but {early} before it began: its expectation was met, or it was told wrong."
        )
    if name == "stale-append":
        return f"{late}, but it began after {early}, which comes after that in the log."
    if item.is_mutation:
        return f"{early}, but only afterwards did the append begin that makes it so: {late}."
    return f"{late}, but {early} before it began."


def _claim(item: Item, order: Order) -> str:
    """What an operation says about the state, in words."""
    operation = item.operation
    if item.is_mutation or (operation.f == "append" and operation.outcome != "fail"):
        place = (item.low - 1) // 2
        span = _span(order.transitions[place].stream, order.spans[place])
        verb = "was acknowledged with" if operation.outcome == "ok" else "put its events at"
        return f"{verb} {span}"
    where = "the log" if item.scope is WHOLE else f"stream {shorten(item.scope)}"
    if operation.f == "append":
        expected = operation.value["expected"]
        actual = operation.error.get("actual")
        found = "" if actual is None else f", as it was at version {actual}"
        return f"was refused because it expected {where} at version {expected}{found}"
    if operation.f in ("version", "head"):
        unit = "position" if item.scope is WHOLE else "version"
        return f"found {where} at {unit} {operation.output}"
    after = (operation.value or {}).get("after", 0)
    events = len(operation.output["events"])
    if events:
        return f"read {where} from {after + 1} to {after + events}"
    return f"read {where} and found nothing after {after}"


def _span(stream: str, span: tuple[int, int]) -> str:
    first, last = span
    numbers = f"version {last}" if first == last else f"versions {first}-{last}"
    return f"{numbers} of stream {shorten(stream)}"

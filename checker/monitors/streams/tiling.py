"""From ledgers to one order of all appends: no gaps, and every append where it was expected.

A stream's versions order its appends; in a whole store the positions order them all.
"""

from __future__ import annotations

from checker.monitors.streams.evidence import Evidence, Transition
from checker.monitors.streams.findings import Findings
from checker.monitors.streams.ledger import Ledger, Placement
from checker.monitors.streams.ledgers import Ledgers
from checker.monitors.streams.order import Order
from checker.operation import Operation

__all__ = ["order_appends"]


def order_appends(ledgers: Ledgers, evidence: Evidence, findings: Findings) -> Order | None:
    """Put all appends that took effect in order; None if something is wrong or undecided."""
    order = Order()
    seen: list[Transition] = []
    exact = _exact_versions(evidence)
    for transition in evidence.transitions:
        unseen = order.unseen.setdefault(transition.stream, [])
        if transition not in ledgers.stream(transition.stream).placements:
            unseen.append(transition)
    for stream, ledger in ledgers.streams.items():
        unseen = order.unseen.setdefault(stream, [])
        seen += _tile_stream(ledger, unseen, exact.get(stream, []), findings)
    if ledgers.log is not None and not findings:
        unseen = [transition for rest in order.unseen.values() for transition in rest]
        seen = _tile_log(ledgers.log, seen, unseen, evidence, findings)
    if findings:
        return None
    for transition in seen:
        _add(order, ledgers, transition, findings)
    return None if findings else order


def _exact_versions(evidence: Evidence) -> dict[str, list[tuple[Operation, int]]]:
    """Where operations say that a stream exactly was."""
    exact: dict[str, list[tuple[Operation, int]]] = {}
    for operation, observed in evidence.versions:
        exact.setdefault(operation.key, []).append((operation, observed.version))
    for operation, conflict in evidence.conflicts:
        if conflict.actual is not None:
            exact.setdefault(operation.key, []).append((operation, conflict.actual))
    return exact


def _tile_stream(
    ledger: Ledger,
    unseen: list[Transition],
    exact: list[tuple[Operation, int]],
    findings: Findings,
) -> list[Transition]:
    reach = max((version for _, version in exact), default=0)
    order, gap = ledger.tile(unseen, lambda t, start: t.effective(start) is not None, reach)
    if gap is None:
        for transition in order:
            _expect(ledger, transition, findings)
    else:
        _report_gap(ledger, order, gap, exact, findings)
    return order


def _expect(ledger: Ledger, transition: Transition, findings: Findings) -> None:
    """Report a transition that no attempt at it expected to happen where it did."""
    start, told_by = ledger.placements[transition]
    if transition.effective(start) is not None:
        return
    operation = transition.first
    before = ledger.owner(start)
    cause = told_by if told_by is not operation or before is None else before.first
    findings.add(
        "expected-violated",
        (operation, cause),
    )


def _report_gap(
    ledger: Ledger,
    order: list[Transition],
    gap: tuple[int, int],
    exact: list[tuple[Operation, int]],
    findings: Findings,
) -> None:
    """Events are missing: below others that were seen, or below a number that somebody told."""
    start, end = gap
    last = next((t.first for t in order if ledger.placements[t].start + len(t.ids) == start), None)
    known = () if last is None else (last,)
    after = next((t for t in order if ledger.placements[t].start == end), None)
    if after is not None:
        told_by = ledger.placements[after].told_by
        findings.add(
            "missing-events",
            (told_by, *known),
        )
        return
    for operation, number in exact:
        if number > start:
            findings.add(
                "unjustified-conflict" if operation.f == "append" else "no-state",
                (operation, *known),
            )


def _tile_log(
    log: Ledger,
    seen: list[Transition],
    unseen: list[Transition],
    evidence: Evidence,
    findings: Findings,
) -> list[Transition]:
    """Order the appends of all streams by position."""
    heads = [(operation, head.position) for operation, head in evidence.heads]
    nowhere = [transition for transition in seen if transition not in log.placements]
    reach = max((position for _, position in heads), default=0)
    candidates = [*nowhere, *unseen]
    order, gap = log.tile(candidates, lambda _transition, _start: True, reach)
    if gap is not None:
        _report_gap(log, order, gap, heads, findings)
        return order
    left = [transition for transition in seen if transition not in log.placements]
    if left and candidates == left[:1]:
        # Nothing else can stand between it and the others.
        log.placements[left[0]] = Placement(len(log.ids), left[0].first)
        order.append(left[0])
    elif left:
        findings.leave("there are appends whose positions are not known")
    if not set(order) <= set(seen):
        findings.leave("an append of unknown outcome is only known from a gap in the positions")
    return order


def _add(order: Order, ledgers: Ledgers, transition: Transition, findings: Findings) -> None:
    """Add a transition if positions and versions agree that it is the next one."""
    ledger = ledgers.stream(transition.stream)
    start, told_by = ledger.placements[transition]
    line = order.line(transition.stream)
    if start != line.last:
        rival = ledger.owner(line.last + 1) or transition
        findings.add(
            "version-mismatch",
            (transition.first, rival.first, told_by),
        )
        return
    effective = transition.effective(start)
    if effective is not None:
        order.add(transition, effective)

"""The monitor of event streams: exact, in O(n log n), with a name for what it finds.

Stores hand out versions and positions, and so tell in which order the appends happened; what would
be NP-complete otherwise becomes one sweep. First everything that was observed is put together into
a canonical log (`Ledger`); then the log must have no gaps and each append its expectation met
(`order_appends`); then each observation gets the states in which it is legal (`domains`); last, one
pass over time (`Sweep`) finds an order or the operations that exclude it.

Appends that nobody observed are not decided beyond one corner (`Sweep`): where several of them
could explain what was seen, the question is left to the search.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from checker.models import Stream
from checker.models.stream_operations import EventId
from checker.monitors.outcome import MonitorOutcome
from checker.monitors.streams.certificate import report_violation
from checker.monitors.streams.domains import WHOLE, domains
from checker.monitors.streams.evidence import Evidence, gather
from checker.monitors.streams.findings import Findings
from checker.monitors.streams.ledgers import Ledgers
from checker.monitors.streams.order import Order
from checker.monitors.streams.tiling import order_appends
from checker.monitors.sweep import Sweep
from checker.operation import Operation

__all__ = ["judge_streams"]

ALGORITHM = "sweep"


def judge_streams(model: Stream, operations: Sequence[Operation]) -> MonitorOutcome:
    """Judge one stream, or a whole store.

    Raises:
        MalformedHistory: an operation does not have the shape that the model defines.
    """
    findings = Findings()
    evidence = gather(operations, model.decoder, findings)
    witness = _decide(model, evidence, findings)
    if findings.undecided and model.hints and not findings.anomalies():
        # A hint is not evidence: it may lead to an order that explains everything, and then that
        # is the answer; otherwise the question stays open.
        witness = _decide(model, evidence, Findings(), model.hints)
        if witness is not None:
            return MonitorOutcome(algorithm=ALGORITHM, witness=witness)
    anomalies = findings.anomalies()
    return MonitorOutcome(
        algorithm=ALGORITHM,
        anomalies=anomalies,
        witness=witness,
        undecided="" if anomalies else findings.undecided,
    )


def _decide(
    model: Stream,
    evidence: Evidence,
    findings: Findings,
    hints: Mapping[EventId, int] = MappingProxyType({}),
) -> tuple[int, ...] | None:
    """Find a witness; without one, ``findings`` says why."""
    order = None if findings else _order(evidence, findings, hints, whole=model.whole)
    return None if order is None else _sweep(order, evidence, findings)


def _order(
    evidence: Evidence, findings: Findings, hints: Mapping[EventId, int], *, whole: bool
) -> Order | None:
    ledgers = Ledgers(evidence, findings, whole=whole)
    ledgers.enter()
    if findings:
        return None
    ledgers.try_hints(hints)
    order = order_appends(ledgers, evidence, findings)
    if order is None or not whole:
        return order
    rows = [
        (transition.stream, version)
        for transition, (first, last) in zip(order.transitions, order.spans, strict=True)
        for version in range(first, last + 1)
    ]
    ledgers.compare_log_rows(rows)
    return None if findings else order


def _sweep(order: Order, evidence: Evidence, findings: Findings) -> tuple[int, ...] | None:
    items = domains(order, evidence, findings)
    if findings:
        return None
    sweep = Sweep(items, order.top, order.late, WHOLE)
    sweep.run()
    for violation in sweep.violations:
        report_violation(violation, order, evidence, findings)
    if sweep.undecided:
        findings.leave(sweep.undecided)
    return None if findings else sweep.order()

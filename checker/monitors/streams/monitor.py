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
from checker.monitors.streams.certificate import Precedes, in_process, in_time, report_violation
from checker.monitors.streams.domains import WHOLE, domains
from checker.monitors.streams.evidence import Evidence, gather
from checker.monitors.streams.findings import Findings
from checker.monitors.streams.ledgers import Ledgers
from checker.monitors.streams.order import Order
from checker.monitors.streams.tiling import order_appends
from checker.monitors.sweep import ProcessSweep, Sweep
from checker.operation import Operation

__all__ = ["judge_streams", "judge_streams_by_process"]

ALGORITHM = "sweep"


def judge_streams(model: Stream, operations: Sequence[Operation]) -> MonitorOutcome:
    """Judge whether one stream, or a whole store, is linearizable.

    Raises:
        MalformedHistory: an operation does not have the shape that the model defines.
    """
    return _judge(model, operations, Sweep, in_time)


def judge_streams_by_process(model: Stream, operations: Sequence[Operation]) -> MonitorOutcome:
    """Judge whether one stream, or a whole store, is sequentially consistent.

    Raises:
        MalformedHistory: an operation does not have the shape that the model defines.
    """
    return _judge(model, operations, ProcessSweep, in_process)


def _judge(
    model: Stream, operations: Sequence[Operation], sweep: type[Sweep], precedes: Precedes
) -> MonitorOutcome:
    findings = Findings()
    evidence = gather(operations, model.decoder, findings)
    decide = _Decision(model, evidence, sweep, precedes)
    witness = None if findings else decide(findings)
    if findings.undecided and model.hints and not findings.anomalies():
        # A hint is not evidence: it may lead to an order that explains everything, and then that
        # is the answer; otherwise the question stays open.
        witness = decide(Findings(), model.hints)
        if witness is not None:
            return MonitorOutcome(algorithm=ALGORITHM, witness=witness)
    anomalies = findings.anomalies()
    return MonitorOutcome(
        algorithm=ALGORITHM,
        anomalies=anomalies,
        witness=witness,
        undecided="" if anomalies else findings.undecided,
    )


class _Decision:
    """The sorted operations of a history, and the order that they must keep."""

    def __init__(
        self, model: Stream, evidence: Evidence, sweep: type[Sweep], precedes: Precedes
    ) -> None:
        self._whole = model.whole
        self._evidence = evidence
        self._kind = sweep
        self._precedes = precedes

    def __call__(
        self, findings: Findings, hints: Mapping[EventId, int] = MappingProxyType({})
    ) -> tuple[int, ...] | None:
        """Find a witness; without one, ``findings`` says why."""
        order = _order(self._evidence, findings, hints, whole=self._whole)
        return None if order is None else self._sweep(order, findings)

    def _sweep(self, order: Order, findings: Findings) -> tuple[int, ...] | None:
        items = domains(order, self._evidence, findings)
        if findings:
            return None
        sweep = self._kind(items, order.top, order.late, WHOLE)
        sweep.run()
        for violation in sweep.violations:
            if self._kind is ProcessSweep and order.has_other_attempts(violation.item):
                findings.leave("several attempts at one append can be the one that took effect")
            else:
                report_violation(violation, order, self._evidence, findings, self._precedes)
        if sweep.undecided:
            findings.leave(sweep.undecided)
        return None if findings else sweep.order()


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

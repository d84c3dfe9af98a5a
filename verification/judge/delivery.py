"""What came out at the other end: JetStream's content, what was applied, the read model."""

from __future__ import annotations

from collections.abc import Sequence

from checker import Anomaly, Verdict
from checker.delivery import Delivery, Finding, Log, check_order, check_places, check_state
from verification.artefacts import AppliedRow, Convergence, LogRow, ReadModel, StreamRow
from verification.judge.property import OperationsOfEvents, Property, from_findings
from verification.judge.totals import totals_of

__all__ = [
    "judge_applied",
    "judge_carried",
    "judge_converged",
    "judge_read_model",
]


def judge_converged(convergence: Convergence | None) -> Property:
    """Judge whether relay and projector caught up with the log once everything was healed.

    That something never happens is not observable; what is refuted is that it happens while
    nothing moves for as long as the run allows. Still moving when time was up is unknown.
    """
    name, title = "converged", "Relay, projectors and feed caught up"
    if convergence is None:
        return Property(
            name=name, title=title, verdict=Verdict.UNKNOWN, sentence="the run ended before that"
        )
    where = (
        f"the log is at {convergence.head:,}, JetStream at {convergence.carried:,}, "
        f"the projector at {convergence.applied:,}"
    )
    if (feed := convergence.feed) is not None:
        where += (
            f", the documents at {feed.applied}; change {feed.recorded} is recorded, {feed.told} "
            f"on the stream, {feed.kept} in the bucket,"
        )
    if convergence.reached:
        sentence = f"position {convergence.head:,}, after {convergence.seconds:.1f} s"
        return Property(name=name, title=title, verdict=Verdict.VALID, sentence=sentence)
    said = f"{where} after {convergence.seconds:.0f} s: {convergence.reason}"
    if not convergence.stalled:
        return Property(name=name, title=title, verdict=Verdict.UNKNOWN, sentence=said)
    stalled = Anomaly(type="not-converged", operations=(), explanation=said)
    return Property(
        name=name,
        title=title,
        verdict=Verdict.INVALID,
        sentence=convergence.reason,
        anomalies=(stalled,),
        anomalies_total=1,
        anomaly_types=(stalled.type,),
    )


def judge_carried(
    log: Log, rows: Sequence[StreamRow], operations: OperationsOfEvents, *, complete: bool
) -> Property:
    """Judge whether JetStream's stream is the log: each event once, sequence equal to position.

    ``complete`` says whether it had the time to get everything; without, its own end is the end.
    """
    deliveries = [Delivery(row.position, row.id, row.sequence) for row in rows]
    consumer = "JetStream"
    until = log.head if complete else max((row.position for row in rows), default=0)
    return from_findings(
        "carried",
        "JetStream holds the log, each event once",
        f"{len(rows):,} messages, {len(log):,} events",
        (
            *check_order(log, deliveries, until=until, consumer=consumer),
            *check_places(deliveries, consumer=consumer),
        ),
        operations,
    )


def judge_applied(
    log: Log, rows: Sequence[AppliedRow], operations: OperationsOfEvents, *, until: int
) -> Property:
    """Judge whether the projector applied every event up to ``until`` exactly once, in order."""
    deliveries = [
        Delivery(row.position, row.id) for row in sorted(rows, key=lambda row: row.ordinal)
    ]
    return from_findings(
        "applied",
        "Each event was applied once, in order",
        f"{len(rows):,} applied, {until:,} due",
        check_order(log, deliveries, until=until, consumer="the projector"),
        operations,
    )


def judge_read_model(log: Sequence[LogRow], model: ReadModel, *, until: int) -> Property:
    """Judge whether the read model is the fold of the log up to position ``until``."""
    findings: list[Finding] = []
    if model.checkpoint != until:
        findings.append(
            Finding(
                type="wrong-checkpoint",
                explanation=f"the checkpoint says {model.checkpoint}, {until} was due",
            )
        )
    findings.extend(check_state(totals_of(row for row in log if row.position <= until), model.rows))
    return from_findings(
        "read-model",
        "The read model equals the fold of the log",
        f"{len(model.rows):,} rows",
        findings,
        {},
    )

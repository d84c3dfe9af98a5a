"""What the history alone shows: linearizability, kept acknowledgements, no holes, honest errors."""

from __future__ import annotations

from collections.abc import Iterator

from checker import CheckResult, History, Limits, Operation, Outcome, Verdict, check
from checker.delivery import (
    Acknowledged,
    Finding,
    Log,
    LogRead,
    check_acknowledged,
    check_log_reads,
)
from verification.judge.property import (
    ANOMALIES_MAX,
    OperationsOfEvents,
    Property,
    from_findings,
)
from verification.recording import UNTRANSLATED

__all__ = [
    "judge_acknowledged",
    "judge_errors",
    "judge_holes",
    "judge_linearizable",
]


def judge_linearizable(
    history: History, limits: Limits | None = None
) -> tuple[Property, CheckResult]:
    """Judge whether every stream and the global log are linearizable, together."""
    result = check(history, "stream", limits=limits)
    anomalies = result.anomalies
    if result.verdict is Verdict.UNKNOWN:
        sentence = result.reason
    else:
        sentence = f"{result.operations:,} operations by {result.algorithm}"
    judged = Property(
        name="linearizable",
        title="Streams and the log are linearizable",
        verdict=result.verdict,
        sentence=sentence,
        anomalies=anomalies[:ANOMALIES_MAX],
        anomalies_total=len(anomalies),
        anomaly_types=tuple(dict.fromkeys(anomaly.type for anomaly in anomalies)),
    )
    return judged, result


def judge_acknowledged(history: History, log: Log, operations: OperationsOfEvents) -> Property:
    """Judge whether every acknowledged append is in the final log."""
    appends = [
        Acknowledged(
            operation=operation.index,
            stream=operation.key,
            ids=tuple(operation.value["ids"]),
            position=operation.output["position"],
        )
        for operation in _ok(history, "append")
    ]
    return from_findings(
        "acknowledged",
        "Every acknowledged append is in the log",
        f"{len(appends):,} appends",
        check_acknowledged(log, appends),
        operations,
    )


def judge_holes(
    history: History, log: Log, findings: tuple[Finding, ...], operations: OperationsOfEvents
) -> Property:
    """Judge whether positions are dense, and no reader was led past an event.

    ``findings`` are what the final log shows by itself.
    """
    reads = [
        LogRead(
            operation=operation.index,
            after=operation.value["after"],
            positions=tuple(row[0] for row in operation.output["events"]),
        )
        for operation in _ok(history, "read-log")
    ]
    return from_findings(
        "dense",
        "No reader was led past an event",
        f"{len(log):,} events, {len(reads):,} log reads",
        (*findings, *check_log_reads(log, reads)),
        operations,
    )


def judge_errors(history: History) -> Property:
    """Judge whether every error said if it had an effect: none escaped the store's own tree."""
    findings = [
        Finding(
            type="untranslated-error",
            explanation=f"{operation.f} raised {operation.error.get('class')}, which does not "
            f"say whether it had an effect: {operation.error.get('message')}",
            operations=(operation.index,),
        )
        for operation in history
        if isinstance(operation.error, dict) and operation.error.get("type") == UNTRANSLATED
    ]
    errors = sum(operation.error is not None for operation in history)
    return from_findings(
        "errors",
        "Every error said whether it had an effect",
        f"{errors:,} errors",
        findings,
        {},
    )


def _ok(history: History, f: str) -> Iterator[Operation]:
    return (o for o in history if o.f == f and o.outcome is Outcome.OK)

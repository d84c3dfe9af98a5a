"""Pages of events: which reads number their events as they must, and what is wrong with the others.

A read after n shows the events n + 1, n + 2 ..., no more than its limit. What it shows otherwise is
an anomaly by itself; which one depends on what is known of the numbers it left out.
"""

from __future__ import annotations

from collections.abc import Sequence

from checker.monitors.streams.evidence import Evidence, Transition
from checker.monitors.streams.findings import Findings
from checker.monitors.streams.ledger import Ledger
from checker.operation import Operation

__all__ = ["is_numbered", "report_misnumbered"]


def is_numbered(numbers: Sequence[int], after: int, limit: int | None) -> bool:
    """Say whether a page's numbers are the next ones after ``after``, at most ``limit``."""
    if limit is not None and len(numbers) > limit:
        return False
    return tuple(numbers) == tuple(range(after + 1, after + 1 + len(numbers)))


def report_misnumbered(
    operation: Operation,
    numbers: Sequence[int],
    after: int,
    ledger: Ledger,
    evidence: Evidence,
    findings: Findings,
) -> None:
    """Say what is wrong with a page that is not numbered as it must be."""
    pairs = enumerate(numbers, start=after + 1)
    wrong = next(((want, got) for want, got in pairs if want != got), None)
    if wrong is None:
        findings.add(
            "no-state",
            (operation,),
        )
        return
    want, got = wrong
    if got < want:
        findings.add(
            "version-mismatch",
            (operation,),
        )
        return
    owner = ledger.owner(want)
    if owner is None:
        findings.add("missing-events", (operation,))
        return
    _report_skipped(operation, owner, ledger, evidence, findings)


def _report_skipped(
    operation: Operation,
    owner: Transition,
    ledger: Ledger,
    evidence: Evidence,
    findings: Findings,
) -> None:
    """The skipped number turned out to belong to somebody: a loss, or an event that came late."""
    told_by = ledger.placements[owner].told_by
    shown = evidence.shown(owner)
    before = [
        attempt.operation
        for attempt in owner.acknowledged
        if (attempt.operation.completed or 0) < operation.invoked
    ]
    if before and shown is None:
        findings.add(
            "lost-append",
            (before[0], operation),
        )
    elif before:
        findings.add(
            "missing-events",
            (operation, before[0]),
        )
    else:
        later = told_by if shown is None else shown[1]
        findings.add(
            "late-position" if ledger.unit == "position" else "missing-events",
            (operation, owner.first, later),
        )

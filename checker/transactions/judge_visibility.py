"""Judge by the levels that say whose writes must be seen: cycles in what they force of commits."""

from __future__ import annotations

from collections.abc import Sequence

from checker.transactions.cycles import Cycle, Order, Phenomenon
from checker.transactions.dependencies import add_order, evidence_of
from checker.transactions.graph import Kind
from checker.transactions.judgement import Evidence, Expired, Judgement, finding_of
from checker.transactions.levels import Visibility
from checker.transactions.observed import Finding, Observed, limited
from checker.transactions.paths import Step
from checker.transactions.reach import TooWide
from checker.transactions.visibility import CommitOrder

__all__ = ["judge_visibility"]


def judge_visibility(
    observed: Observed,
    visibility: Visibility,
    order: Order,
    findings: Sequence[Finding],
    expired: Expired,
) -> Judgement:
    """Judge a history by one of these levels; ``findings`` are what it forbids without a cycle."""
    algorithm = "cycles: order of commits"
    try:
        commits = CommitOrder(observed, visibility, sessions=_sessions(visibility, order))
    except TooWide:
        undecided = "causality has too many branches to be kept in memory"
        return Judgement(algorithm=algorithm, findings=findings, undecided=undecided)
    if order is Order.REALTIME:
        add_order(commits.graph, observed, order)
    findings = [*findings, *commits.findings]
    for component in commits.graph.cyclic_components():
        if findings and expired():
            break
        steps = commits.cycle(component)
        findings.append(
            finding_of(
                observed, Cycle(_name_of(visibility, steps), steps), _evidence(observed, commits)
            )
        )
    return Judgement(algorithm=algorithm, findings=limited(findings))


def _sessions(visibility: Visibility, order: Order) -> bool:
    guarantees = {
        Visibility.OWN_WRITES,
        Visibility.OWN_READS,
        Visibility.WRITERS_SESSION,
        Visibility.WRITERS_READS,
    }
    return order >= Order.PROCESS and visibility not in guarantees


def _name_of(visibility: Visibility, steps: Sequence[Step]) -> str:
    """Name a cycle by the plainest phenomenon that its edges make it."""
    kinds = {step.kind for step in steps}
    if Kind.COMMIT in kinds:
        return visibility.value
    name = Phenomenon.G1C if Kind.WR in kinds else Phenomenon.G0
    if Kind.REALTIME in kinds:
        return name.label + Order.REALTIME.suffix
    return name.label + (Order.PROCESS.suffix if Kind.PROCESS in kinds else "")


def _evidence(observed: Observed, commits: CommitOrder) -> Evidence:
    def evidence(step: Step) -> str:
        if step.kind is Kind.COMMIT:
            return commits.evidence(step.via, step.target, step.source)
        return evidence_of(observed, step)

    return evidence

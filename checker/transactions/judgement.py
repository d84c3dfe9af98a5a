"""What judging came to, and how findings are told, whatever the transactions are of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from checker.transactions.commit_search import Found
from checker.transactions.cycles import Cycle
from checker.transactions.observed import Finding, Observed
from checker.transactions.paths import Step
from checker.verdict import Dependency

__all__ = [
    "SETS_MAX",
    "Evidence",
    "Expired",
    "Judgement",
    "finding_of",
    "judgement_of_search",
    "stuck_at",
]

SETS_MAX: Final = 2_000_000
"""How many sets of transactions a search may give up."""

Expired = Callable[[], bool]
"""Says that time is up."""
Evidence = Callable[[Step], str]
"""Says what shows that one transaction comes before another."""


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What a history came to at a level.

    ``undecided`` says why there is no verdict; ``order`` is an order of nodes that explains a valid
    history, where the level promises one; ``sets`` counts what a search gave up.
    """

    algorithm: str
    findings: Sequence[Finding] = ()
    undecided: str = ""
    order: Sequence[int] | None = None
    sets: int = 0


def judgement_of_search(
    observed: Observed, found: Found, algorithm: str, *, serial: bool
) -> Judgement:
    """Return what a search for an order of commits came to; ``serial`` orders are kept."""
    if found.order is not None:
        order = found.order if serial else None
        return Judgement(algorithm=algorithm, order=order, sets=found.sets)
    if found.exhausted:
        findings = [stuck_at(observed, found)]
        return Judgement(algorithm=algorithm, findings=findings, sets=found.sets)
    return Judgement(
        algorithm=algorithm,
        undecided=f"no order of {len(observed.nodes):,} transactions was found in time, and not "
        f"all were tried ({found.sets:,} sets of transactions were given up): raise --timeout",
        sets=found.sets,
    )


def stuck_at(observed: Observed, found: Found) -> Finding:
    """Tell where the longest attempt of a search in vain ended."""
    operations = tuple(sorted(observed.operation(node) for node in found.stuck))
    names = ", ".join(map(str, operations))
    return Finding(
        type="no-commit-order",
        operations=operations,
        explanation="no order of commits lets every read see what it saw: the longest that does "
        f"ends where one of the operations {names} must follow, and none can",
    )


def finding_of(observed: Observed, cycle: Cycle, evidence: Evidence) -> Finding:
    """Tell a cycle edge by edge."""
    dependencies = tuple(
        Dependency(
            source=observed.operation(step.source),
            target=observed.operation(step.target),
            kind=step.kind.label,
            evidence=evidence(step),
        )
        for step in cycle.steps
    )
    told = "; ".join(f"{one.evidence} ({one.kind})" for one in dependencies)
    return Finding(
        type=cycle.name,
        operations=tuple(one.source for one in dependencies),
        explanation=f"a cycle: {told}",
        cycle=dependencies,
    )

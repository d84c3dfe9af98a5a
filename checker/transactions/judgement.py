"""Judge transactions by a level: what it forbids, and the order that explains what it allows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from checker.transactions.commit_search import CommitSearch, Found
from checker.transactions.cycles import (
    Cycle,
    Order,
    Phenomenon,
    find_cycles,
    unnamed_cycles,
    without_adjacent_rw,
)
from checker.transactions.dependencies import add_order, dependency_graph, evidence_of
from checker.transactions.events import Events
from checker.transactions.forced import ForcedOrder
from checker.transactions.graph import Graph, Kind
from checker.transactions.levels import Level, Visibility
from checker.transactions.observed import Finding, Observed, limited
from checker.transactions.paths import Step
from checker.transactions.reach import TooWide
from checker.transactions.visibility import CommitOrder
from checker.verdict import Dependency

__all__ = ["Judgement", "judge_lists", "judge_registers"]

_QUICK_SETS: Final = 64
"""How many sets the search gives up before what is forced is worked out."""
_SETS_MAX: Final = 2_000_000

Expired = Callable[[], bool]
Evidence = Callable[[Step], str]


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


def judge_lists(observed: Observed, level: Level, expired: Expired) -> Judgement:
    """Judge a history whose version orders are known, but for what nobody read."""
    findings = [one for one in observed.findings if one.type in level.forbids]
    if level.visibility is not None:
        return _by_visibility(observed, level.visibility, level.order, findings)
    if level.worst is None:
        raise ValueError(f"level {level.name} says nothing of cycles")
    graph = dependency_graph(observed, level.worst, level.order)
    algorithm = "cycles: dependency graph"

    def evidence(step: Step) -> str:
        return evidence_of(observed, step)

    order = graph.order()
    if order is None and not _only_allowed_cycles(graph, level.worst):
        cycles = find_cycles(graph, level.worst, level.order, expired)
        findings += [_finding(observed, cycle, evidence) for cycle in cycles]
        if not findings and expired():
            return Judgement(algorithm=algorithm, undecided="its cycles were not all looked at")
    if findings:
        return Judgement(algorithm=algorithm, findings=limited(findings))
    if level.worst is Phenomenon.G_NONADJACENT and order is None:
        return _unordered_tails(observed, graph, algorithm, expired)
    return _allowed(observed, level.worst, order, algorithm)


def _only_allowed_cycles(graph: Graph, worst: Phenomenon) -> bool:
    """Say whether the level allows whatever cycles there are."""
    return worst is Phenomenon.G_NONADJACENT and without_adjacent_rw(graph).order() is not None


def _allowed(
    observed: Observed, worst: Phenomenon, order: Sequence[int] | None, algorithm: str
) -> Judgement:
    """Return the valid verdict, with the serial order if there is one."""
    if worst < Phenomenon.G_NONADJACENT or order is None:
        return Judgement(algorithm=algorithm)
    nodes = [node for node in order if node < len(observed.nodes)]
    return Judgement(algorithm=algorithm, order=nodes)


def _unordered_tails(
    observed: Observed, graph: Graph, algorithm: str, expired: Expired
) -> Judgement:
    """Find an order of what nobody read: snapshot isolation orders all writers of a key."""
    if not any(len(set(nodes)) > 1 for nodes in observed.unordered.values()):
        return Judgement(algorithm=algorithm)
    algorithm += ", then a search for the order of unread appends"
    events = Events(graph, snapshots=True)
    found = CommitSearch(observed, events, expired, _SETS_MAX).run()
    return _of_search(observed, found, algorithm, serial=False)


def judge_registers(observed: Observed, level: Level, expired: Expired) -> Judgement:
    """Judge a history whose version orders are not known.

    Sessions count at every level, as in the literature on registers, and so does it at every level
    above read uncommitted that a transaction reads its own writes.
    """
    forbids = level.forbids | ({"internal"} if "G1a" in level.forbids else set())
    findings = [one for one in observed.findings if one.type in forbids]
    if level.visibility is not None:
        return _by_visibility(observed, level.visibility, Order.PROCESS, findings)
    if level.worst is Phenomenon.G0:
        return Judgement(algorithm="cycles: no order of versions is known", findings=findings)
    if level.worst is Phenomenon.G1C:
        statement = Visibility.STATEMENT
        return _by_visibility(observed, statement, max(level.order, Order.PROCESS), findings)
    if level.worst is None or level.worst is Phenomenon.G_SINGLE:
        raise ValueError(f"registers cannot be judged by {level.name}")
    order = max(level.order, Order.PROCESS)
    forced = ForcedOrder(observed, order)
    algorithm = "cycles: forced order of commits"
    graph_findings = _forced_cycles(observed, forced, level.worst, order, expired)
    if findings or graph_findings:
        return Judgement(algorithm=algorithm, findings=limited([*findings, *graph_findings]))
    return _search_registers(observed, forced, level.worst, expired)


def _search_registers(
    observed: Observed, forced: ForcedOrder, worst: Phenomenon, expired: Expired
) -> Judgement:
    snapshots = worst is Phenomenon.G_NONADJACENT
    events = Events(forced.graph, snapshots=snapshots)
    found = CommitSearch(observed, events, expired, _QUICK_SETS).run()
    algorithm = "search: order of commits"
    if found.order is not None or found.exhausted:
        return _of_search(observed, found, algorithm, serial=not snapshots)
    algorithm = "cycles: forced order of commits, then a search"
    try:
        while (instants := events.graph.order()) is not None and not expired():
            if not forced.saturate(events, instants):
                break
            events = Events(forced.graph, snapshots=snapshots)
    except TooWide:
        instants = events.graph.order()
    if instants is None:
        findings = [
            _finding(observed, cycle, forced.evidence)
            for cycle in unnamed_cycles(forced.graph, worst)
        ]
        return Judgement(
            algorithm=algorithm,
            findings=limited(findings) or [_stuck(observed, found)],
            sets=found.sets,
        )
    found = CommitSearch(observed, events, expired, _SETS_MAX).run()
    return _of_search(observed, found, algorithm, serial=not snapshots)


def _forced_cycles(
    observed: Observed, forced: ForcedOrder, worst: Phenomenon, order: Order, expired: Expired
) -> list[Finding]:
    graph = forced.graph
    if graph.order() is not None or _only_allowed_cycles(graph, worst):
        return []
    cycles = find_cycles(graph, worst, order, expired)
    return [_finding(observed, cycle, forced.evidence) for cycle in cycles]


def _of_search(observed: Observed, found: Found, algorithm: str, *, serial: bool) -> Judgement:
    if found.order is not None:
        order = found.order if serial else None
        return Judgement(algorithm=algorithm, order=order, sets=found.sets)
    if found.exhausted:
        findings = [_stuck(observed, found)]
        return Judgement(algorithm=algorithm, findings=findings, sets=found.sets)
    return Judgement(
        algorithm=algorithm,
        undecided=f"no order of {len(observed.nodes):,} transactions was found in time, and not "
        f"all were tried ({found.sets:,} sets of transactions were given up): raise --timeout",
        sets=found.sets,
    )


def _stuck(observed: Observed, found: Found) -> Finding:
    operations = tuple(sorted(observed.operation(node) for node in found.stuck))
    names = ", ".join(map(str, operations))
    return Finding(
        type="no-commit-order",
        operations=operations,
        explanation="no order of commits lets every read see what it saw: the longest that does "
        f"ends where one of the operations {names} must follow, and none can",
    )


def _by_visibility(
    observed: Observed, visibility: Visibility, order: Order, findings: list[Finding]
) -> Judgement:
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
        steps = commits.cycle(component)
        findings.append(
            _finding(
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
    return name.label + (Order.PROCESS.suffix if Kind.PROCESS in kinds else "")


def _evidence(observed: Observed, commits: CommitOrder) -> Evidence:
    def evidence(step: Step) -> str:
        if step.kind is Kind.COMMIT:
            return commits.evidence(step.via, step.target, step.source)
        return evidence_of(observed, step)

    return evidence


def _finding(observed: Observed, cycle: Cycle, evidence: Evidence) -> Finding:
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

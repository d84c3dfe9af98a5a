"""Judge lists: the order of versions is known, so a level is a matter of cycles."""

from __future__ import annotations

from collections.abc import Sequence

from checker.transactions.commit_search import CommitSearch
from checker.transactions.cycles import Phenomenon, find_cycles, without_adjacent_rw
from checker.transactions.dependencies import dependency_graph, evidence_of
from checker.transactions.events import Events
from checker.transactions.graph import Graph
from checker.transactions.judge_visibility import judge_visibility
from checker.transactions.judgement import (
    SETS_MAX,
    Expired,
    Judgement,
    finding_of,
    judgement_of_search,
)
from checker.transactions.levels import Level
from checker.transactions.observed import Observed, limited
from checker.transactions.paths import Step

__all__ = ["judge_lists", "only_allowed_cycles"]


def judge_lists(observed: Observed, level: Level, expired: Expired) -> Judgement:
    """Judge a history whose version orders are known, but for what nobody read."""
    findings = [one for one in observed.findings if one.type in level.forbids]
    if level.visibility is not None:
        return judge_visibility(observed, level.visibility, level.order, findings, expired)
    if level.worst is None:
        raise ValueError(f"level {level.name} says nothing of cycles")
    graph = dependency_graph(observed, level.worst, level.order)
    algorithm = "cycles: dependency graph"

    def evidence(step: Step) -> str:
        return evidence_of(observed, step)

    order = graph.order()
    if order is None and not only_allowed_cycles(graph, level.worst):
        cycles = find_cycles(graph, level.worst, level.order, expired)
        findings += [finding_of(observed, cycle, evidence) for cycle in cycles]
        if not findings and expired():
            return Judgement(algorithm=algorithm, undecided="its cycles were not all looked at")
    if findings:
        return Judgement(algorithm=algorithm, findings=limited(findings))
    if level.worst is Phenomenon.G_NONADJACENT and order is None:
        return _unordered_tails(observed, graph, algorithm, expired)
    return _allowed(observed, level.worst, order, algorithm)


def only_allowed_cycles(graph: Graph, worst: Phenomenon) -> bool:
    """Say whether a level that forbids up to ``worst`` allows all the cycles of a graph."""
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
    found = CommitSearch(observed, events, expired, SETS_MAX).run()
    return judgement_of_search(observed, found, algorithm, serial=False)

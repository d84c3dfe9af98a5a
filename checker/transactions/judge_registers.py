"""Judge registers: nothing shows the order of versions, so it is forced, or searched for."""

from __future__ import annotations

from typing import Final

from checker.transactions.commit_search import CommitSearch, Found
from checker.transactions.cycles import Order, Phenomenon, find_cycles, unnamed_cycles
from checker.transactions.events import Events
from checker.transactions.forced import ForcedOrder
from checker.transactions.judge_lists import only_allowed_cycles
from checker.transactions.judge_visibility import judge_visibility
from checker.transactions.judgement import (
    SETS_MAX,
    Expired,
    Judgement,
    finding_of,
    judgement_of_search,
    stuck_at,
)
from checker.transactions.levels import Level, Visibility
from checker.transactions.observed import Finding, Observed, limited
from checker.transactions.reach import TooWide

__all__ = ["judge_registers"]

_QUICK_SETS: Final = 64
"""How many sets the search gives up before more of what is forced is worked out."""


def judge_registers(
    observed: Observed, level: Level, expired: Expired, *, real_time: bool
) -> Judgement:
    """Judge a history whose version orders are not known.

    Sessions count at every level, as in the literature on registers, and so does it at every level
    above read uncommitted that a transaction reads its own writes.

    Args:
        observed: The history.
        level: The level.
        expired: Says that time is up.
        real_time: Whether the order of invocations and completions means anything.
    """
    forbids = level.forbids | ({"internal"} if "G1a" in level.forbids else set())
    findings = [one for one in observed.findings if one.type in forbids]
    order = max(level.order, Order.PROCESS)
    if level.visibility is not None:
        return judge_visibility(observed, level.visibility, Order.PROCESS, findings, expired)
    if level.worst is Phenomenon.G0:
        algorithm = "cycles: no order of versions is known"
        return Judgement(algorithm=algorithm, findings=limited(findings))
    if level.worst is Phenomenon.G1C:
        return judge_visibility(observed, Visibility.STATEMENT, order, findings, expired)
    if level.worst is None or level.worst is Phenomenon.G_SINGLE:
        raise ValueError(f"registers cannot be judged by {level.name}")
    forced = ForcedOrder(observed, order)
    findings += _named_cycles(observed, forced, level.worst, order, expired)
    if findings:
        algorithm = "cycles: forced order of commits"
        return Judgement(algorithm=algorithm, findings=limited(findings))
    return _Search(observed, level.worst, expired).run(forced, order, real_time=real_time)


def _named_cycles(
    observed: Observed, forced: ForcedOrder, worst: Phenomenon, order: Order, expired: Expired
) -> list[Finding]:
    graph = forced.graph
    if graph.order() is not None or only_allowed_cycles(graph, worst):
        return []
    cycles = find_cycles(graph, worst, order, expired)
    return [finding_of(observed, cycle, forced.evidence) for cycle in cycles]


class _Search:
    """The search for an order of commits, and for reasons that there is none.

    Args:
        observed: The history.
        worst: The last phenomenon that the level forbids.
        expired: Says that time is up.
    """

    def __init__(self, observed: Observed, worst: Phenomenon, expired: Expired) -> None:
        self._observed = observed
        self._worst = worst
        self._expired = expired
        self._snapshots = worst is Phenomenon.G_NONADJACENT

    def run(self, forced: ForcedOrder, order: Order, *, real_time: bool) -> Judgement:
        """Try the likely orders first, then work out what is forced, then try them all."""
        if real_time:
            likely = self._likely()
            if likely is not None:
                return likely
        if order is Order.REALTIME:
            forced.add_zones()
        found = self._search(forced, _QUICK_SETS)
        if found.order is not None:
            algorithm = "search: order of commits"
            return self._judgement(found, algorithm)
        algorithm = "cycles: forced order of commits, then a search"
        if not self._saturate(forced):
            cycles = unnamed_cycles(forced.graph, self._worst)
            findings = [finding_of(self._observed, one, forced.evidence) for one in cycles]
            return Judgement(
                algorithm=algorithm,
                findings=limited(findings) or [stuck_at(self._observed, found)],
                sets=found.sets,
            )
        return self._judgement(self._search(forced, SETS_MAX), algorithm)

    def _likely(self) -> Judgement | None:
        """Look for an order that real time agrees with, whatever the level asks for.

        Most systems keep it, serializable ones in particular, and it narrows the search most.
        """
        for snapshots in (False, True)[: 1 + self._snapshots]:
            forced = ForcedOrder(self._observed, Order.REALTIME)
            forced.add_zones()
            events = Events(forced.graph, snapshots=snapshots)
            found = CommitSearch(
                self._observed, events, self._expired, _QUICK_SETS, guessing=True
            ).run()
            if found.order is not None:
                algorithm = "search: order of commits in real time"
                return judgement_of_search(self._observed, found, algorithm, serial=not snapshots)
        return None

    def _search(self, forced: ForcedOrder, sets_max: int) -> Found:
        events = Events(forced.graph, snapshots=self._snapshots)
        return CommitSearch(self._observed, events, self._expired, sets_max).run()

    def _judgement(self, found: Found, algorithm: str) -> Judgement:
        serial = not self._snapshots
        return judgement_of_search(self._observed, found, algorithm, serial=serial)

    def _saturate(self, forced: ForcedOrder) -> bool:
        """Work out what is forced as far as time allows; False if it forms a cycle."""
        events = Events(forced.graph, snapshots=self._snapshots)
        instants = events.graph.order()
        try:
            while instants is not None and not self._expired():
                if not forced.saturate(events, instants, self._expired):
                    break
                events = Events(forced.graph, snapshots=self._snapshots)
                instants = events.graph.order()
        except TooWide:
            return True  # what was worked out so far helps the search all the same
        return instants is not None

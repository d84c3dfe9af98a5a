"""The levels that say whose writes a transaction must see: read atomic, causal, session guarantees.

A level of this kind holds exactly if there is an order of commits that agrees with who read from
whom (and with sessions, where it says so), such that whenever t3 reads a key from t1, every other
writer of the key that is visible to t3 comes before t1 (Biswas and Enea, OOPSLA 2019). Those edges
are added, and whatever forms no cycle then has such an order. Which edges suffice is Liu and
others' observation ("AWDIT: an optimal weak database isolation tester", PLDI 2025).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from checker.models.describe import shorten
from checker.transactions.cycles import NoCycle, shortest_cycle
from checker.transactions.dependencies import add_version_order
from checker.transactions.graph import Graph, Kind
from checker.transactions.levels import Visibility
from checker.transactions.observed import INITIAL, Finding, Observed
from checker.transactions.ordering import add_process_order
from checker.transactions.paths import Step
from checker.transactions.reach import Reach
from checker.transactions.session_views import SessionViews
from checker.transactions.transaction import Token, in_order, plain

__all__ = ["CommitOrder"]


_PLAINEST: Final = ({Kind.WW}, {Kind.WW, Kind.WR}, {Kind.WW, Kind.WR, Kind.PROCESS})
"""Kinds of edges whose cycles have names of their own, the worst first."""


class CommitOrder:
    """The graph of a level's forced order of commits.

    Args:
        observed: The history.
        visibility: The level.
        sessions: Whether the order of each process counts.

    Attributes:
        graph: Who must commit before whom.
        findings: What is wrong without a cycle: initial versions read where a write was visible.

    Raises:
        TooWide: Causality has too many branches to be kept in memory.
    """

    def __init__(self, observed: Observed, visibility: Visibility, *, sessions: bool) -> None:
        self.graph = Graph(len(observed.nodes))
        self.findings: list[Finding] = []
        self._observed = observed
        self._visibility = visibility
        self._sessions = sessions
        self._why: dict[tuple[int, int], tuple[int, Token]] = {}
        for node, reads in enumerate(observed.reads):
            for writer in {read.writer for read in reads if read.writer != INITIAL}:
                self.graph.add(writer, node, Kind.WR)
        if sessions:
            add_process_order(self.graph, observed.nodes)
        self._derive()
        add_version_order(self.graph, observed)

    def _derive(self) -> None:
        derivations: dict[Visibility, Callable[[], None]] = {
            Visibility.STATEMENT: self._statement,
            Visibility.ATOMIC: self._atomic,
            Visibility.CAUSAL: self._causal,
        }
        derive = derivations.get(self._visibility)
        if derive is not None:
            derive()
        else:
            SessionViews(self._observed, self._visibility, self.graph, self.force).derive()

    def force(self, before: int, writer: int, reader: int, key: Token) -> None:
        """Put a visible writer of a key, or a passing node, before the one that a reader read from.

        ``writer`` may be `INITIAL`: then nothing can be put before it.
        """
        if before == writer:
            return
        if writer == INITIAL:
            self._finding(before, reader, key)
        elif (before, writer) not in self._why:
            self._why[before, writer] = (reader, key)
            kind = Kind.COMMIT if before < self.graph.transactions else Kind.PASS
            self.graph.add(before, writer, kind)

    def cycle(self, component: Sequence[int]) -> tuple[Step, ...]:
        """Return a shortest cycle in a component of the graph, of the plainest kind that it has."""
        for kinds in _PLAINEST:
            try:
                return tuple(shortest_cycle(self.graph, component, kinds))
            except NoCycle:
                continue
        return tuple(shortest_cycle(self.graph, component, set(Kind)))

    def evidence(self, via: int, target: int, source: int) -> str:
        """Say why a writer must commit before another one; the arguments are a `Step`'s."""
        operation = self._observed.operation
        if (via, target) not in self._why:
            return (
                f"the session of operation {operation(target)} had read from operation "
                f"{operation(source)} when it wrote"
            )
        reader, key = self._why[via, target]
        return (
            f"operation {operation(reader)} read {shorten(plain(key))} from operation "
            f"{operation(target)}, though the write of operation {operation(source)} was visible "
            "to it, which must therefore come before"
        )

    def _finding(self, before: int, reader: int, key: Token) -> None:
        first = self._observed.operation(before)
        last = self._observed.operation(reader)
        self.findings.append(
            Finding(
                type=self._visibility.value,
                operations=(first, last),
                explanation=f"operation {last} read {shorten(plain(key))} as it was before any "
                f"write, though the write of operation {first} was visible to it",
            )
        )

    def _statement(self) -> None:
        """Make visible whatever an earlier read of the same transaction came from."""
        for node, reads in enumerate(self._observed.reads):
            seen: dict[int, None] = {}
            for read in reads:
                for before in self._among(seen, read.key):
                    self.force(before, read.writer, node, read.key)
                if read.writer != INITIAL:
                    seen[read.writer] = None

    def _among(self, seen: dict[int, None], key: Token) -> Iterable[int]:
        """Return the writers of a key among some nodes, going over the fewer."""
        writers = self._observed.writers.get(key, ())
        if len(writers) <= len(seen):
            return [node for node in writers if node in seen]
        return [node for node in seen if key in self._observed.writes[node]]

    def _atomic(self) -> None:
        """Make visible all writes of whom a transaction reads from, and its session's last ones."""
        for node, reads in enumerate(self._observed.reads):
            seen = {read.writer: None for read in reads if read.writer != INITIAL}
            for read in reads:
                for before in self._among(seen, read.key):
                    self.force(before, read.writer, node, read.key)
        if not self._sessions:
            return
        for session in in_order(self._observed.nodes).values():
            last: dict[Token, int] = {}
            for node in session:
                for read in self._observed.reads[node]:
                    if read.key in last:
                        self.force(last[read.key], read.writer, node, read.key)
                last.update(dict.fromkeys(self._observed.writes[node], node))

    def _causal(self) -> None:
        """Make visible all that leads to a transaction by reads and sessions."""
        order = self.graph.order()
        if order is None:
            return  # a cycle of reads and sessions alone is already worse
        reach = Reach(self.graph, order)
        writers = {key: _by_chain(reach, nodes) for key, nodes in self._observed.writers.items()}
        for node, reads in enumerate(self._observed.reads):
            clock, own = reach.clocks[node], reach.chain[node]
            for read in reads:
                for number, (places, nodes) in writers.get(read.key, {}).items():
                    if number >= len(clock):
                        continue
                    found = bisect_right(places, clock[number] - (number == own)) - 1
                    if found >= 0:
                        self.force(nodes[found], read.writer, node, read.key)


def _by_chain(reach: Reach, nodes: Iterable[int]) -> dict[int, tuple[list[int], list[int]]]:
    """Return nodes by their chain: their places in it, ascending, and the nodes."""
    chains: dict[int, tuple[list[int], list[int]]] = {}
    for node in sorted(nodes, key=lambda one: reach.place[one]):
        places, found = chains.setdefault(reach.chain[node], ([], []))
        places.append(reach.place[node])
        found.append(node)
    return chains

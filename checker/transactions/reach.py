"""Which transactions come before which, in an order that only some edges of are known.

The nodes of an acyclic graph are covered by chains, each of which is a way through the graph; for
each node it is then enough to know the last node of each chain that leads to it (a vector clock:
Fidge 1988, Mattern 1989), and the first that it leads to. Few chains do where few processes run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from checker.transactions.graph import Graph, Kind

__all__ = ["Reach", "TooWide"]

CELLS_MAX: Final = 60_000_000
"""How many clock entries are kept at most: half a gigabyte of them."""


_LOOK_EVERY: Final = 64


class TooWide(Exception):
    """The graph needs so many chains that the clocks would not fit into memory."""


class Reach:
    """What leads to each node of an acyclic graph.

    Args:
        graph: The graph.
        order: Its nodes in an order that all edges agree with.
        expired: Says that time is up.

    Attributes:
        chain: Each node's chain.
        place: Each node's place in its chain.
        clocks: For each node, the last place of each chain that leads to it or is itself; -1 where
            there is none, and clocks may end before the last chains.

    Raises:
        TooWide: It cannot be kept in memory, or not be worked out in time.
    """

    def __init__(
        self, graph: Graph, order: Sequence[int], expired: Callable[[], bool] = lambda: False
    ) -> None:
        size = len(graph)
        self.chain = [-1] * size
        self.place = [0] * size
        self.clocks: list[list[int]] = [[] for _ in range(size)]
        before: list[list[int]] = [[] for _ in range(size)]
        heirs: dict[int, int] = {}
        for node in range(size):
            for target, kind in graph.edges(node):
                before[target].append(node)
                if kind is Kind.PROCESS:
                    heirs[node] = target
        ends: list[int] = []
        cells = 0
        for node in order:
            self._add(node, before[node], heirs, ends)
            before[node] = []
            cells += len(self.clocks[node])
            if cells > CELLS_MAX or (not node % _LOOK_EVERY and expired()):
                raise TooWide

    def _add(
        self, node: int, before: Sequence[int], heirs: Mapping[int, int], ends: list[int]
    ) -> None:
        clock = self._merged(before)
        # A process's next transaction goes on with its chain; nobody else may take that away.
        number = next(
            (
                self.chain[one]
                for one in before
                if ends[self.chain[one]] == one and heirs.get(one, node) == node
            ),
            -1,
        )
        if number < 0:
            number = len(ends)
            ends.append(node)
            clock += [-1] * (number + 1 - len(clock))
        else:
            self.place[node] = self.place[ends[number]] + 1
            ends[number] = node
        clock[number] = self.place[node]
        self.chain[node] = number
        self.clocks[node] = clock

    def _merged(self, before: Sequence[int]) -> list[int]:
        if not before:
            return []
        merged = [-1] * max(len(self.clocks[one]) for one in before)
        for one in before:
            for number, place in enumerate(self.clocks[one]):
                merged[number] = max(merged[number], place)
        return merged

    def leads(self, source: int, target: int) -> bool:
        """Say whether there is a way from a node to another one, or they are the same."""
        clock, number = self.clocks[target], self.chain[source]
        return number < len(clock) and self.place[source] <= clock[number]

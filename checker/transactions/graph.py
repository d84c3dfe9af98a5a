"""A graph of transactions whose edges say why one must come before the other.

Nodes are numbered from 0: first the transactions, then nodes that only pass on what reaches them,
so that n transactions before m others need n + m edges, not n times m. An edge's kind is that of
the edge into a passing node; what leads on from there is of kind `Kind.PASS`.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Sequence

__all__ = ["Graph", "Kind"]

_BITS = 3
_MASK = 7


class Kind(enum.IntEnum):
    """Why one transaction comes before another (Adya, "Weak consistency", MIT 1999)."""

    PASS = 0
    """Leads on from a passing node."""
    WW = 1
    """The target wrote the version that follows the source's."""
    WR = 2
    """The target read what the source wrote."""
    RW = 3
    """The target wrote the version that follows what the source read."""
    PROCESS = 4
    """One process ran the source, then the target."""
    REALTIME = 5
    """The source had ended before the target began."""
    COMMIT = 6
    """The level asks for it: the target's write was read where the source's was visible."""

    @property
    def label(self) -> str:
        """The kind in lower case, as reports have it."""
        return self.name.lower()


class Graph:
    """A directed graph with labelled edges.

    Args:
        transactions: How many nodes stand for transactions.
    """

    def __init__(self, transactions: int) -> None:
        self.transactions = transactions
        self._out: list[list[int]] = [[] for _ in range(transactions)]

    def __len__(self) -> int:
        return len(self._out)

    def add(self, source: int, target: int, kind: Kind) -> None:
        """Add an edge; one from a node to itself says nothing and is left out."""
        if source != target:
            self._out[source].append((target << _BITS) | kind)

    def passing_node(self) -> int:
        """Add a node that passes on what reaches it, and return its number."""
        self._out.append([])
        return len(self._out) - 1

    def edges(self, node: int) -> Iterator[tuple[int, Kind]]:
        """Return the targets of a node's edges, with their kinds."""
        return ((edge >> _BITS, _KINDS[edge & _MASK]) for edge in self._out[node])

    def targets(self, node: int) -> list[int]:
        """Return the targets of a node's edges."""
        return [edge >> _BITS for edge in self._out[node]]

    def order(self) -> list[int] | None:
        """Return the nodes in an order that all edges agree with; None if there is a cycle."""
        order = self._sources_first()
        return order if len(order) == len(self._out) else None

    def _sources_first(self) -> list[int]:
        """Kahn's algorithm: everything that no cycle reaches, and in order."""
        out = self._out
        entering = [0] * len(out)
        for edges in out:
            for edge in edges:
                entering[edge >> _BITS] += 1
        order = [node for node, count in enumerate(entering) if not count]
        for node in order:  # grows as it is walked through
            for edge in out[node]:
                target = edge >> _BITS
                entering[target] -= 1
                if not entering[target]:
                    order.append(target)
        return order

    def cyclic_components(self) -> list[list[int]]:
        """Return the strongly connected components of more than one node.

        Tarjan's algorithm (1972) without recursion, on what no topological order can place.
        """
        placed = set(self._sources_first())
        left = [node for node in range(len(self._out)) if node not in placed]
        return [sorted(found) for found in self._components(left) if len(found) > 1]

    def _components(self, roots: Iterable[int]) -> Iterator[list[int]]:
        out = self._out
        number: dict[int, int] = {}
        low: dict[int, int] = {}
        stack: list[int] = []
        done: set[int] = set()
        for root in roots:
            if root in number:
                continue
            number[root] = low[root] = len(number)
            stack.append(root)
            path = [(root, iter(out[root]))]
            while path:
                node, edges = path[-1]
                for edge in edges:
                    target = edge >> _BITS
                    if target not in number:
                        number[target] = low[target] = len(number)
                        stack.append(target)
                        path.append((target, iter(out[target])))
                        break
                    if target not in done:
                        low[node] = min(low[node], number[target])
                else:
                    path.pop()
                    if path:
                        low[path[-1][0]] = min(low[path[-1][0]], low[node])
                    if low[node] == number[node]:
                        component = _popped(stack, node)
                        done.update(component)
                        yield component


def _popped(stack: list[int], last: int) -> list[int]:
    popped = []
    while True:
        popped.append(stack.pop())
        if popped[-1] == last:
            return popped


_KINDS: Sequence[Kind] = tuple(Kind)

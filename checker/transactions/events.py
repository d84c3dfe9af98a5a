"""When transactions begin and commit, as a level sees it.

Serializable transactions are single instants. Under snapshot isolation a transaction reads when it
begins and writes when it commits, and two that write the same key do not overlap (Berenson and
others, SIGMOD 1995): a dependency leads from a commit to a beginning, an anti-dependency from a
beginning to a commit, and an order of all of these instants exists exactly if the history is
allowed.
"""

from __future__ import annotations

from checker.transactions.graph import Graph, Kind

__all__ = ["Events"]


class Events:
    """The instants of the transactions of a graph, and what order they must have.

    Args:
        dependencies: The graph of the transactions.
        snapshots: Whether transactions have two instants, as under snapshot isolation.

    Attributes:
        graph: The instants' graph.
    """

    def __init__(self, dependencies: Graph, *, snapshots: bool) -> None:
        self.snapshots = snapshots
        self._shift = len(dependencies) if snapshots else 0
        self.transactions = dependencies.transactions
        self.graph = _split(dependencies) if snapshots else dependencies

    def begin(self, node: int) -> int:
        """Return the instant at which a transaction reads."""
        return node

    def commit(self, node: int) -> int:
        """Return the instant at which a transaction's writes appear."""
        return node + self._shift

    def transaction(self, event: int) -> int | None:
        """Return whose instant this is; None for a passing node."""
        node = event - self._shift if event >= self._shift else event
        return node if node < self.transactions else None


def _split(dependencies: Graph) -> Graph:
    """Return the graph of beginnings (numbered as the transactions) and of commits (behind them).

    A passing node for anti-dependencies keeps its number, and leads on to commits; what passes on
    anything else leads on to beginnings.
    """
    size = len(dependencies)
    split = Graph(2 * size)
    leads_to_commits = set()
    for node in range(dependencies.transactions):
        split.add(node, node + size, Kind.PASS)
        for target, kind in dependencies.edges(node):
            if kind is not Kind.RW:
                split.add(node + size, target, kind)
                continue
            passing = target >= dependencies.transactions
            split.add(node, target if passing else target + size, kind)
            if passing:
                leads_to_commits.add(target)
    for node in range(dependencies.transactions, size):
        for target, _ in dependencies.edges(node):
            to_commit = node in leads_to_commits and target < dependencies.transactions
            split.add(node, target + size if to_commit else target, Kind.PASS)
    return split

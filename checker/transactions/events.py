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

    A passing node for anti-dependencies keeps its number, and leads on to commits, over others of
    its kind, too; what passes on anything else leads on to beginnings.
    """
    size = len(dependencies)
    split = Graph(2 * size)
    leads_to_commits = _passing_anti_dependencies(dependencies)
    for node in range(dependencies.transactions):
        split.add(node, node + size, Kind.PASS)
        for target, kind in dependencies.edges(node):
            if kind is not Kind.RW:
                split.add(node + size, target, kind)
                continue
            passing = target >= dependencies.transactions
            split.add(node, target if passing else target + size, kind)
    for node in range(dependencies.transactions, size):
        for target, _ in dependencies.edges(node):
            to_commit = node in leads_to_commits and target < dependencies.transactions
            split.add(node, target + size if to_commit else target, Kind.PASS)
    return split


def _passing_anti_dependencies(dependencies: Graph) -> set[int]:
    """Return the passing nodes that an anti-dependency reaches, maybe over others."""
    transactions = dependencies.transactions
    found = {
        target
        for node in range(transactions)
        for target, kind in dependencies.edges(node)
        if kind is Kind.RW and target >= transactions
    }
    queue = list(found)
    for node in queue:  # grows as it is walked through
        for target, _ in dependencies.edges(node):
            if target >= transactions and target not in found:
                found.add(target)
                queue.append(target)
    return found

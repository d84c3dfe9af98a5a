"""Edges for the orders that clients know of: of each process, and of real time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from checker.transactions.graph import Graph, Kind
from checker.transactions.transaction import Transaction, in_order

__all__ = ["add_process_order", "add_real_time"]


def add_process_order(graph: Graph, nodes: Sequence[Transaction]) -> None:
    """Put each process's transactions in order."""
    for session in in_order(nodes).values():
        for before, after in pairwise(session):
            graph.add(before, after, Kind.PROCESS)


def add_real_time(graph: Graph, nodes: Sequence[Transaction]) -> None:
    """Put what had ended before what began then, with two edges a transaction.

    A chain of passing nodes, one for each completion after which something began, stands for time:
    a transaction leads to the node of its completion, and follows the last one before its
    invocation. What may still take effect (its outcome is not known) leads to none.
    """
    ends = [(one.completed, node) for node, one in enumerate(nodes) if one.completed is not None]
    begins = [(one.invoked, ~node) for node, one in enumerate(nodes)]
    instant: int | None = None
    ended: list[int] = []
    for _, signed in sorted(ends + begins):
        if signed >= 0:
            ended.append(signed)
            continue
        if ended:
            later = graph.passing_node()
            if instant is not None:
                graph.add(instant, later, Kind.PASS)
            for node in ended:
                graph.add(node, later, Kind.REALTIME)
            instant, ended = later, []
        if instant is not None:
            graph.add(instant, ~signed, Kind.PASS)

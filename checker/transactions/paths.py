"""Shortest ways through a graph of transactions, so that explanations are as short as can be."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from checker.transactions.graph import Graph, Kind

__all__ = ["Step", "Walk", "shortest_way"]

State = tuple[int, int]
"""A node, and how it was reached as far as the kind of cycle sought needs to know."""

Walk = Callable[[int, Kind], int | None]
"""From how a node was reached and the kind of an edge on to how its target is; None is no way."""


class Step(NamedTuple):
    """An edge between two transactions, passing nodes left out.

    ``via`` is the node right before the target: the source, or the last passing node.
    """

    source: int
    target: int
    kind: Kind
    via: int


def shortest_way(
    graph: Graph, within: Iterable[int], start: State, goals: Iterable[State], walk: Walk
) -> list[Step] | None:
    """Return the shortest way of at least one edge from a state to a goal, inside a set of nodes.

    Breadth first; edges on from passing nodes cost nothing.
    """
    inside = frozenset(within)
    wanted = frozenset(goals)
    came_from: dict[State, tuple[State, Kind]] = {}
    length: dict[State, int] = {}
    queue = deque([(0, start)])
    while queue:
        so_far, state = queue.popleft()
        if so_far > length.get(state, so_far):
            continue
        if state in wanted and state in came_from:
            return _steps(came_from, start, state)
        for kind, following in _following(graph, inside, state, walk):
            passing = kind is Kind.PASS
            longer = so_far + (not passing)
            if longer >= length.get(following, longer + 1):
                continue
            length[following] = longer
            came_from[following] = (state, kind)
            if passing:
                queue.appendleft((longer, following))
            else:
                queue.append((longer, following))
    return None


def _following(
    graph: Graph, inside: frozenset[int], state: State, walk: Walk
) -> Iterator[tuple[Kind, State]]:
    node, manner = state
    for target, kind in graph.edges(node):
        if target in inside:
            new = manner if kind is Kind.PASS else walk(manner, kind)
            if new is not None:
                yield kind, (target, new)


def _steps(came_from: dict[State, tuple[State, Kind]], start: State, end: State) -> list[Step]:
    steps: list[Step] = []
    state, target, via = end, end[0], -1
    while True:
        state, kind = came_from[state]
        via = state[0] if via < 0 else via
        if kind is not Kind.PASS:
            # The kind is that of the edge into a run of passing nodes.
            steps.append(Step(state[0], target, kind, via))
            target, via = state[0], -1
        if state == start:
            return steps[::-1]

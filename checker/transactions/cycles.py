"""Cycles of dependencies, found and named as Adya's phenomena.

Names are those of Elle (Kingsbury and Alvaro, 2020; its ``-item`` says that no predicate is
involved). ``G0``: writes alone. ``G1c``: writes and reads of them. ``G-single``: one
anti-dependency (rw). ``G-nonadjacent``: several, no two in a row, which snapshot isolation forbids
(Cerone and Gotsman, PODC 2016). ``G2``: any. A cycle that needs the order in which processes ran
their transactions ends in ``-process``, one that needs real time in ``-realtime``.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from checker.transactions.graph import Graph, Kind
from checker.transactions.paths import Step, Walk, shortest_way

__all__ = [
    "Cycle",
    "NoCycle",
    "Order",
    "Phenomenon",
    "find_cycles",
    "shortest_cycle",
    "unnamed_cycles",
    "without_adjacent_rw",
]

STARTS_MAX: Final = 64
"""How many nodes or edges are tried as the start of the shortest cycle: a bound for huge knots."""


_START: Final = 2
"""The manner of a walk that has not begun."""


class Phenomenon(enum.IntEnum):
    """What a cycle is made of, from the worst on: each level forbids all up to one of them."""

    G0 = 0
    G1C = 1
    G_SINGLE = 2
    G_NONADJACENT = 3
    G2 = 4

    @property
    def label(self) -> str:
        """Its name in reports, without the suffix of an order."""
        return _LABELS[self]


_LABELS: Final = {
    Phenomenon.G0: "G0",
    Phenomenon.G1C: "G1c",
    Phenomenon.G_SINGLE: "G-single-item",
    Phenomenon.G_NONADJACENT: "G-nonadjacent-item",
    Phenomenon.G2: "G2-item",
}


class Order(enum.IntEnum):
    """Which orders count besides the dependencies; each includes those before it."""

    NONE = 0
    PROCESS = 1
    REALTIME = 2

    @property
    def suffix(self) -> str:
        """The end of the names of cycles that need it."""
        return "" if self is Order.NONE else f"-{self.name.lower()}"


class NoCycle(Exception):
    """A component has no cycle of edges of the kinds asked for."""


class Cycle(NamedTuple):
    """A cycle of dependencies and its name; each step's target is the next one's source."""

    name: str
    steps: tuple[Step, ...]


_DEPENDENCIES: Final = {
    Phenomenon.G0: {Kind.WW},
    Phenomenon.G1C: {Kind.WW, Kind.WR},
    Phenomenon.G_SINGLE: {Kind.WW, Kind.WR, Kind.RW},
    Phenomenon.G_NONADJACENT: {Kind.WW, Kind.WR, Kind.RW},
    Phenomenon.G2: {Kind.WW, Kind.WR, Kind.RW},
}
_ORDERS: Final[dict[Order, set[Kind]]] = {
    Order.NONE: set(),
    Order.PROCESS: {Kind.PROCESS},
    Order.REALTIME: {Kind.PROCESS, Kind.REALTIME},
}
_IMPLIED: Final = {
    Phenomenon.G0: {Phenomenon.G1C},
    Phenomenon.G_SINGLE: {Phenomenon.G_NONADJACENT, Phenomenon.G2},
    Phenomenon.G_NONADJACENT: {Phenomenon.G2},
}


def find_cycles(
    graph: Graph, worst: Phenomenon, order: Order, expired: Callable[[], bool]
) -> list[Cycle]:
    """Find a shortest cycle of each forbidden phenomenon in each knot of the graph.

    A knot is a strongly connected component. What follows from a phenomenon that was found in it
    is left out, and so are cycles that need an order where some do without.

    Args:
        graph: Dependencies, and the edges of ``order``.
        worst: The last phenomenon that is forbidden.
        order: Which orders count.
        expired: Says that time is up: knots not yet looked at stay unexplained.
    """
    found: list[Cycle] = []
    for component in graph.cyclic_components():
        if expired():
            break
        found.extend(_in_component(graph, component, worst, order, expired))
    return found


def unnamed_cycles(graph: Graph, worst: Phenomenon) -> list[Cycle]:
    """Find a shortest cycle in each knot of a graph of what a level forces, whatever its edges.

    Such edges are forced by the level alone, so that Adya's names would say too much.
    """
    name, kinds = "no-commit-order", set(Kind)
    found: list[Cycle] = []
    for component in graph.cyclic_components():
        if worst is Phenomenon.G_NONADJACENT:
            steps = _in_product(graph, component, kinds, _no_adjacent, 0)
        else:
            steps = shortest_cycle(graph, component, kinds)
        if steps is not None:
            found.append(Cycle(name, tuple(steps)))
    return found


def _no_adjacent(manner: int, kind: Kind) -> int | None:
    """Walk over any edges, but not over two rw edges in a row: after one, the manner is 1."""
    if kind is Kind.RW:
        return 1 if manner == 0 else None
    return 0


def shortest_cycle(graph: Graph, component: Sequence[int], kinds: set[Kind]) -> list[Step]:
    """Return a shortest cycle with edges of some kinds, in a component that has one.

    Raises:
        NoCycle: The component has none.
    """
    steps = _any_cycle(graph, component, kinds)
    if steps is None:
        raise NoCycle
    return steps


def _in_component(
    graph: Graph,
    component: Sequence[int],
    worst: Phenomenon,
    order: Order,
    expired: Callable[[], bool],
) -> list[Cycle]:
    for tier in Order:
        if tier > order:
            break
        found: list[Cycle] = []
        implied: set[Phenomenon] = set()
        for phenomenon in Phenomenon:
            if phenomenon > worst or phenomenon in implied:
                continue
            steps = _shortest(graph, component, phenomenon, tier, expired)
            if steps is not None:
                found.append(Cycle(_named(phenomenon, steps), tuple(steps)))
                implied |= _IMPLIED.get(phenomenon, set())
        if found:
            return found
    return []


def _named(phenomenon: Phenomenon, steps: Iterable[Step]) -> str:
    kinds = {step.kind for step in steps}
    if Kind.REALTIME in kinds:
        return phenomenon.label + Order.REALTIME.suffix
    if Kind.PROCESS in kinds:
        return phenomenon.label + Order.PROCESS.suffix
    return phenomenon.label


def _shortest(
    graph: Graph,
    component: Sequence[int],
    phenomenon: Phenomenon,
    order: Order,
    expired: Callable[[], bool],
) -> list[Step] | None:
    kinds = _DEPENDENCIES[phenomenon] | _ORDERS[order]
    if phenomenon is Phenomenon.G_SINGLE:
        return _with_one_rw(graph, component, kinds - {Kind.RW}, expired)
    if phenomenon is Phenomenon.G_NONADJACENT:
        return _without_adjacent(graph, component, kinds)
    if phenomenon is Phenomenon.G2:
        return _with_rw(graph, component, kinds)
    return _any_cycle(graph, component, kinds)


def _any_cycle(graph: Graph, component: Sequence[int], kinds: set[Kind]) -> list[Step] | None:
    def walk(manner: int, kind: Kind) -> int | None:
        return manner if kind in kinds else None

    best: list[Step] | None = None
    for knot in _part(graph, component, kinds):
        for node in _first(node for node in knot if node < graph.transactions):
            steps = shortest_way(graph, knot, (node, 0), [(node, 0)], walk)
            if steps is not None and (best is None or len(steps) < len(best)):
                best = steps
    return best


def _with_rw(graph: Graph, component: Sequence[int], kinds: set[Kind]) -> list[Step] | None:
    """Find the shortest cycle with an rw edge at all, which it is turned to begin with."""

    def walk(manner: int, kind: Kind) -> int | None:
        if manner == _START:
            return 0 if kind is Kind.RW else None
        return 0 if kind in kinds else None

    best: list[Step] | None = None
    for knot in _part(graph, component, kinds):
        readers = (node for node in knot if node < graph.transactions)
        for node in _first(node for node in readers if _has_rw(graph, node)):
            steps = shortest_way(graph, knot, (node, _START), [(node, 0)], walk)
            if steps is not None and (best is None or len(steps) < len(best)):
                best = steps
    return best


def _has_rw(graph: Graph, node: int) -> bool:
    return any(kind is Kind.RW for _, kind in graph.edges(node))


def _with_one_rw(
    graph: Graph, component: Sequence[int], back: set[Kind], expired: Callable[[], bool]
) -> list[Step] | None:
    """Find the shortest cycle with exactly one rw edge.

    A way that has gone over the rw edge is in manner 1. Every node is tried until one is found;
    only for a shorter one are the trials bounded.
    """

    def walk(manner: int, kind: Kind) -> int | None:
        if kind is Kind.RW:
            return 1 if manner == 0 else None
        return manner if kind in back else None

    best: list[Step] | None = None
    readers = [node for node in component if _has_rw(graph, node)]
    for tried, node in enumerate(readers):
        if expired() or (best is not None and tried >= STARTS_MAX):
            break
        steps = shortest_way(graph, component, (node, 0), [(node, 1)], _rw_first(walk))
        if steps is not None and (best is None or len(steps) < len(best)):
            best = steps
    return best


def _rw_first(walk: Walk) -> Walk:
    """Let a walk begin with its rw edge: every cycle can be turned so that it does."""
    return lambda manner, kind: walk(manner, kind) if manner or kind is Kind.RW else None


def _without_adjacent(
    graph: Graph, component: Sequence[int], kinds: set[Kind]
) -> list[Step] | None:
    """Find the shortest cycle with rw edges of which no two follow each other.

    In manner 1 the last edge was an rw edge; manner 2 is before the first, which is one, too.
    """

    def walk(manner: int, kind: Kind) -> int | None:
        if kind is Kind.RW:
            return None if manner == 1 else 1
        return 0 if manner < _START and kind in kinds else None

    return _in_product(graph, component, kinds, walk, _START)


def _in_product(
    graph: Graph, component: Sequence[int], kinds: set[Kind], walk: Walk, manner: int
) -> list[Step] | None:
    product = without_adjacent_rw(graph, kinds, component)
    best: list[Step] | None = None
    for knot in product.cyclic_components():
        nodes = {node % len(graph) for node in knot}
        for node in _first(node for node in knot if node < graph.transactions):
            steps = shortest_way(graph, nodes, (node, manner), [(node, 0)], walk)
            if steps is not None and (best is None or len(steps) < len(best)):
                best = steps
    return best


def without_adjacent_rw(
    graph: Graph, kinds: Iterable[Kind] = frozenset(Kind), inside: Iterable[int] | None = None
) -> Graph:
    """Return the graph whose cycles are those of ``graph`` in which no two rw edges are adjacent.

    Each node v is there twice: v, and ``v + len(graph)`` for arrivals over an rw edge, which only
    another kind of edge leads on from.
    """
    size, allowed = len(graph), {*kinds, Kind.PASS}
    within = None if inside is None else frozenset(inside)
    product = Graph(2 * size)
    for node in range(size) if within is None else within:
        for target, kind in graph.edges(node):
            if kind not in allowed or (within is not None and target not in within):
                continue
            if kind is Kind.RW:
                product.add(node, target + size, kind)
            elif kind is Kind.PASS:
                product.add(node, target, kind)
                product.add(node + size, target + size, kind)
            else:
                product.add(node, target, kind)
                product.add(node + size, target, kind)
    return product


def _part(graph: Graph, component: Sequence[int], kinds: set[Kind]) -> Iterator[list[int]]:
    """Return the knots that are left of a component where only some kinds of edges count."""
    place = {node: number for number, node in enumerate(component)}
    part = Graph(len(component))
    for node, number in place.items():
        for target, kind in graph.edges(node):
            if target in place and (kind in kinds or kind is Kind.PASS):
                part.add(number, place[target], kind)
    for knot in part.cyclic_components():
        yield [component[number] for number in knot]


def _first(nodes: Iterator[int]) -> Iterator[int]:
    return (node for _, node in zip(range(STARTS_MAX), nodes, strict=False))

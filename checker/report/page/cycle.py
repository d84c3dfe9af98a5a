"""A cycle of dependencies as a drawing: transactions on a circle, and an arrow for each edge."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import msgspec

from checker.verdict import Dependency

__all__ = ["CycleDrawing", "CycleEdge", "CycleNode", "draw_cycle"]

_NODES_MAX: Final = 12
"""Longer cycles are told edge by edge, and not drawn."""
_NODE_RADIUS: Final = 21.0
_GAP: Final = 4.0
_BEND: Final = 0.24
"""How far an arrow bends outwards, as a part of its length."""
_RADIUS_MIN: Final = 50.0
_RADIUS_A_NODE: Final = 12.0
_MARGIN: Final = 30.0

Point = tuple[float, float]


class CycleNode(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction, by its index in the history."""

    index: int
    x: float
    y: float


class CycleEdge(msgspec.Struct, frozen=True, kw_only=True):
    """An arrow: its path in SVG's words, and where its kind is written."""

    source: int
    target: int
    kind: str
    evidence: str
    path: str
    x: float
    y: float


class CycleDrawing(msgspec.Struct, frozen=True, kw_only=True):
    """A drawing in SVG's coordinates, of which ``top`` to ``top + height`` is used."""

    width: float
    top: float
    height: float
    nodes: tuple[CycleNode, ...]
    edges: tuple[CycleEdge, ...]


def draw_cycle(cycle: Sequence[Dependency]) -> CycleDrawing | None:
    """Lay out a cycle; None where there is none, or it is too long to be drawn."""
    if not 1 < len(cycle) <= _NODES_MAX:
        return None
    radius = _RADIUS_MIN + _RADIUS_A_NODE * len(cycle)
    middle = radius + _MARGIN
    places = _on_circle(len(cycle), radius, middle)
    following = (*places[1:], places[0])
    edges = tuple(
        _edge(edge, begin, end) for edge, begin, end in zip(cycle, places, following, strict=True)
    )
    highest, lowest = (
        choose([*(y for _, y in places), *(edge.y for edge in edges)]) for choose in (min, max)
    )
    return CycleDrawing(
        width=_rounded(2 * middle),
        top=_rounded(highest - _MARGIN),
        height=_rounded(lowest - highest + 2 * _MARGIN),
        nodes=tuple(
            CycleNode(index=edge.source, x=_rounded(x), y=_rounded(y))
            for edge, (x, y) in zip(cycle, places, strict=True)
        ),
        edges=edges,
    )


def _on_circle(count: int, radius: float, middle: float) -> list[Point]:
    """Return places going round clockwise, from the left on."""
    angles = [math.pi * (1 + 2 * number / count) for number in range(count)]
    return [
        (middle + radius * math.cos(angle), middle + radius * math.sin(angle)) for angle in angles
    ]


def _edge(edge: Dependency, begin: Point, end: Point) -> CycleEdge:
    across = (end[0] - begin[0], end[1] - begin[1])
    # To the left of the way that it goes, which is outside of the circle.
    bend = (
        (begin[0] + end[0]) / 2 + _BEND * across[1],
        (begin[1] + end[1]) / 2 - _BEND * across[0],
    )
    first, last = _towards(begin, bend, _NODE_RADIUS), _towards(end, bend, _NODE_RADIUS + _GAP)
    path = f"M{_pair(first)} Q{_pair(bend)} {_pair(last)}"
    return CycleEdge(
        source=edge.source,
        target=edge.target,
        kind=edge.kind,
        evidence=edge.evidence,
        path=path,
        x=_rounded((first[0] + 2 * bend[0] + last[0]) / 4),
        y=_rounded((first[1] + 2 * bend[1] + last[1]) / 4),
    )


def _towards(place: Point, goal: Point, distance: float) -> Point:
    share = distance / math.dist(place, goal)
    return (
        place[0] + share * (goal[0] - place[0]),
        place[1] + share * (goal[1] - place[1]),
    )


def _pair(point: Point) -> str:
    return f"{_rounded(point[0])} {_rounded(point[1])}"


def _rounded(number: float) -> float:
    return round(number, 1)

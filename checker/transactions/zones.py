"""What real time says of the order of a register's versions.

A version is there from its commit until the next one. It was committed when the first of its writer
and its readers had completed, and was still there when the last of its readers began; so of two
versions, one comes first if one of its transactions had completed before one of the other's began.
This is the zones of Gibbons and Korach (SICOMP 26(4), 1997), with transactions for operations.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from checker.transactions.graph import Graph, Kind
from checker.transactions.observed import Observed
from checker.transactions.transaction import Token

__all__ = ["add_zones"]

_NEVER: Final = 1 << 62

Note = Callable[[int, int, Kind, Token], None]
"""Is told of an edge into a writer: from a node, to it, its kind, the key that it is about."""


class _Zone(NamedTuple):
    """A version: when the first of its transactions had completed, when the last began, by whom."""

    completed: int
    invoked: int
    writer: int
    readers: Sequence[int]


def add_zones(
    graph: Graph,
    observed: Observed,
    readers: Mapping[tuple[Token, int], Sequence[int]],
    note: Note,
) -> None:
    """Put versions, and their readers, before the writers of versions that come later.

    Args:
        graph: Gets the edges: two for each version and reader.
        observed: The history.
        readers: Who read each version, by its key and writer.
        note: Is told what the edges are about.
    """
    for key, writers in observed.writers.items():
        zones = sorted(_zone(observed, node, readers.get((key, node), ())) for node in writers)
        if len(zones) > 1:
            _order(graph, observed, key, zones, note)


def _zone(observed: Observed, writer: int, readers: Sequence[int]) -> _Zone:
    nodes = [observed.nodes[node] for node in (writer, *readers)]
    return _Zone(
        min(_NEVER if node.completed is None else node.completed for node in nodes),
        max(node.invoked for node in nodes),
        writer,
        readers,
    )


def _order(
    graph: Graph, observed: Observed, key: Token, zones: Sequence[_Zone], note: Note
) -> None:
    completions = [zone.completed for zone in zones]
    passing = [_passing_nodes(graph, observed, key, zone) for zone in zones]
    for before, after in pairwise(passing):
        for node, next_node in zip(before, after, strict=True):
            graph.add(node, next_node, Kind.PASS)
    for place, zone in enumerate(zones):
        count = bisect_left(completions, zone.invoked)
        # What completed before it began, without itself: a run of zones, and those after it.
        run = min(count, place)
        if run:
            for node, kind in zip(passing[run - 1], _KINDS, strict=True):
                note(node, zone.writer, kind, key)
                graph.add(node, zone.writer, Kind.PASS)
        for other in zones[place + 1 : count]:
            note(other.writer, zone.writer, Kind.COMMIT, key)
            graph.add(other.writer, zone.writer, Kind.COMMIT)
            for reader in other.readers:
                note(reader, zone.writer, Kind.RW, key)
                graph.add(reader, zone.writer, Kind.RW)


_KINDS: Final = (Kind.COMMIT, Kind.RW)


def _passing_nodes(graph: Graph, observed: Observed, key: Token, zone: _Zone) -> tuple[int, int]:
    """Add a node that passes on the version's writer, and one that passes on its readers."""
    commits, reads = graph.passing_node(), graph.passing_node()
    graph.add(zone.writer, commits, Kind.COMMIT)
    for reader in zone.readers:
        # Who wrote over what it read comes before others as a writer, and not before itself.
        if key not in observed.writes[reader]:
            graph.add(reader, reads, Kind.RW)
    return commits, reads

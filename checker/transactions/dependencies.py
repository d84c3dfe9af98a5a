"""The graph of dependencies of transactions whose versions have a known order.

Edges are Adya's: ww from one version's writer to the next one's, wr from a version's writer to its
readers, rw from a version's readers to the next one's writer.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from checker.models.describe import shorten
from checker.transactions.cycles import Order, Phenomenon
from checker.transactions.graph import Graph, Kind
from checker.transactions.observed import INITIAL, Observed
from checker.transactions.ordering import add_process_order, add_real_time
from checker.transactions.paths import Step
from checker.transactions.transaction import Token, plain

__all__ = ["add_order", "add_version_order", "dependency_graph", "evidence_of"]


def dependency_graph(observed: Observed, worst: Phenomenon, order: Order) -> Graph:
    """Return the graph that a level's cycles are sought in: what cannot be in one is left out."""
    graph = Graph(len(observed.nodes))
    add_version_order(graph, observed)
    if worst >= Phenomenon.G1C:
        for node, reads in enumerate(observed.reads):
            for read in reads:
                if read.writer != INITIAL:
                    graph.add(read.writer, node, Kind.WR)
    if worst >= Phenomenon.G_SINGLE:
        _add_anti_dependencies(graph, observed)
    add_order(graph, observed, order)
    return graph


def add_order(graph: Graph, observed: Observed, order: Order) -> None:
    """Add the orders that clients know of."""
    if order >= Order.PROCESS:
        add_process_order(graph, observed.nodes)
    if order >= Order.REALTIME:
        add_real_time(graph, observed.nodes)


def add_version_order(graph: Graph, observed: Observed) -> None:
    """Add the ww edges."""
    for key, chain in observed.versions.items():
        for before, after in pairwise(chain):
            graph.add(before, after, Kind.WW)
        if chain:
            for after in observed.unordered.get(key, ()):
                graph.add(chain[-1], after, Kind.WW)


def _add_anti_dependencies(graph: Graph, observed: Observed) -> None:
    last_readers: dict[Token, list[int]] = {}
    for node, reads in enumerate(observed.reads):
        for key, _, versions in reads:
            chain = observed.versions.get(key, ())
            if versions < len(chain):
                graph.add(node, chain[versions], Kind.RW)
            elif key in observed.unordered:
                last_readers.setdefault(key, []).append(node)
    for key, readers in last_readers.items():
        _connect(graph, readers, observed.unordered[key])


def _connect(graph: Graph, readers: Iterable[int], writers: Iterable[int]) -> None:
    """Put all readers before all writers, over one passing node for those that are not both."""
    both = set(readers) & set(writers)
    only_readers = [node for node in readers if node not in both]
    only_writers = [node for node in writers if node not in both]
    if only_readers and only_writers:
        passing = graph.passing_node()
        for node in only_readers:
            graph.add(node, passing, Kind.RW)
        for node in only_writers:
            graph.add(passing, node, Kind.PASS)
    for node in both:
        for reader in readers:
            graph.add(reader, node, Kind.RW)
        for writer in only_writers:
            graph.add(node, writer, Kind.RW)


def evidence_of(observed: Observed, step: Step) -> str:
    """Say what shows that one transaction comes before another."""
    source, target = observed.operation(step.source), observed.operation(step.target)
    if step.kind is Kind.PROCESS:
        process = shorten(observed.nodes[step.source].process)
        return f"process {process} ran operation {source} before operation {target}"
    if step.kind is Kind.REALTIME:
        return f"operation {source} had ended before operation {target} began"
    key = shorten(plain(_key_of(observed, step)))
    if step.kind is Kind.WW:
        return f"operation {target} wrote {key} over what operation {source} had written"
    if step.kind is Kind.WR:
        return f"operation {target} read {key} as operation {source} had written it"
    return f"operation {source} read {key} before operation {target} wrote it"


def _key_of(observed: Observed, step: Step) -> Token:
    """Return a key that an edge is about."""
    source, target, kind, _ = step
    if kind is Kind.WR:
        return next(read.key for read in observed.reads[target] if read.writer == source)
    if kind is Kind.RW:
        written = set(observed.writes[target])
        for key, _, versions in observed.reads[source]:
            if key in written and target in _next(observed, key, versions):
                return key
    for key in observed.writes[target]:
        chain = observed.versions.get(key, [])
        pairs = [*pairwise(chain)]
        if chain:
            pairs += [(chain[-1], one) for one in observed.unordered.get(key, ())]
        if (source, target) in pairs:
            return key
    raise ValueError(f"no key orders operations {source} and {target}")


def _next(observed: Observed, key: Token, versions: int) -> list[int]:
    chain = observed.versions.get(key, [])
    return chain[versions : versions + 1] or observed.unordered.get(key, [])

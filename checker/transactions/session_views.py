"""The four session guarantees: which writes a session must see, and in which order.

After Terry and others, "Session guarantees for weakly consistent replicated data" (PDIS 1994).
Each is judged alone: the order of commits need not agree with sessions beyond what it says.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator

from checker.transactions.graph import Graph, Kind
from checker.transactions.levels import Visibility
from checker.transactions.observed import INITIAL, Observed, Read
from checker.transactions.transaction import Token, in_order

__all__ = ["SessionViews"]

Force = Callable[[int, int, int, Token], None]
"""Puts a node before the writer that a reader read a key from: node, writer, reader, key."""


class _View:
    """The writers of one key that one session has come to know, in order of its transactions.

    Each is followed by a passing node that collects it and all before it.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._since: list[int] = []
        self._writers: list[int] = []
        self._collected: list[int] = []

    def add(self, since: int, writer: int) -> None:
        """Note that transactions of the session from ``since`` on know a writer."""
        if writer in self._writers[-1:]:
            return
        passing = self._graph.passing_node()
        if self._collected:
            self._graph.add(self._collected[-1], passing, Kind.PASS)
        self._graph.add(writer, passing, Kind.COMMIT)
        self._since.append(since)
        self._writers.append(writer)
        self._collected.append(passing)

    def known(self, before: int, writer: int) -> Iterator[int]:
        """Return nodes that stand for all writers known to a transaction, but for one writer."""
        count = bisect_left(self._since, before)
        if writer == INITIAL:
            yield from self._writers[: min(count, 1)]
            return
        own = [place for place in range(count) if self._writers[place] == writer]
        if not own:
            if count:
                yield self._collected[count - 1]
            return
        if own[0]:
            yield self._collected[own[0] - 1]
        for place in range(own[0] + 1, count):
            if self._writers[place] != writer:
                yield self._writers[place]


class SessionViews:
    """Derives what one session guarantee says of the order of commits.

    Args:
        observed: The history.
        visibility: The guarantee.
        graph: Gets passing nodes, and the edges that hold whatever is read.
        force: Is told what must come before whom a reader read from.
    """

    def __init__(
        self, observed: Observed, visibility: Visibility, graph: Graph, force: Force
    ) -> None:
        self._observed = observed
        self._graph = graph
        self._force = force
        self._visibility = visibility
        self._sessions = in_order(observed.nodes)
        self._views: dict[tuple[int | str, Token], _View] = {}

    def derive(self) -> None:
        """Add the edges."""
        own = self._visibility in {Visibility.OWN_WRITES, Visibility.OWN_READS}
        reads = self._visibility in {Visibility.OWN_READS, Visibility.WRITERS_READS}
        if not own:
            self._order_writers(reads=reads)
        for session, nodes in self._sessions.items():
            for place, node in enumerate(nodes):
                for writer in self._read_from(node) if reads else (node,):
                    self._note(session, place, writer)
        places = {
            node: (session, place)
            for session, nodes in self._sessions.items()
            for place, node in enumerate(nodes)
        }
        for node, found in enumerate(self._observed.reads):
            # A write follows the reads of its own transaction, too.
            later = int(self._visibility is Visibility.WRITERS_READS)
            for source in (node,) if own else self._read_from(node):
                session, place = places[source]
                self._see(node, session, place + later, found)

    def _read_from(self, node: int) -> Iterable[int]:
        return dict.fromkeys(
            read.writer for read in self._observed.reads[node] if read.writer != INITIAL
        )

    def _note(self, session: int | str, place: int, writer: int) -> None:
        for key in self._observed.writes[writer]:
            view = self._views.get((session, key))
            if view is None:
                view = self._views[session, key] = _View(self._graph)
            view.add(place, writer)

    def _see(self, node: int, session: int | str, before: int, reads: Iterable[Read]) -> None:
        for read in reads:
            view = self._views.get((session, read.key))
            if view is not None:
                for known in view.known(before, read.writer):
                    self._force(known, read.writer, node, read.key)

    def _order_writers(self, *, reads: bool) -> None:
        """Put a session's writes in order, or after what the session had read before."""
        for nodes in self._sessions.values():
            passing: int | None = None
            for node in nodes:
                if reads:
                    for writer in self._read_from(node):
                        later = self._graph.passing_node()
                        if passing is not None:
                            self._graph.add(passing, later, Kind.PASS)
                        self._graph.add(writer, later, Kind.COMMIT)
                        passing = later
                if not self._observed.writes[node]:
                    continue
                if passing is not None:
                    self._graph.add(passing, node, Kind.PASS)
                if not reads:
                    passing = self._graph.passing_node()
                    self._graph.add(node, passing, Kind.PROCESS)

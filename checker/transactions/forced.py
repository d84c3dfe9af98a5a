"""What the order of commits must be where no version order is known: registers.

Starting from reads, from writes that follow a read of the same transaction, and from the initial
versions, each round of `saturate` adds what the level forces: between a version and its readers, no
other write of the key can come. This is the polygraph of Papadimitriou (JACM 26(4), 1979) without
its open choices, as PolySI and Cobra prune it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from checker.models.describe import shorten
from checker.transactions.cycles import Order
from checker.transactions.dependencies import add_order, evidence_of
from checker.transactions.events import Events
from checker.transactions.graph import Graph, Kind
from checker.transactions.observed import INITIAL, Observed
from checker.transactions.paths import Step
from checker.transactions.reach import Reach
from checker.transactions.transaction import Token, plain
from checker.transactions.zones import add_zones

__all__ = ["ForcedOrder"]


class ForcedOrder:
    """The dependencies of registers, as far as they are forced.

    Args:
        observed: The history.
        order: Which orders of clients count.

    Attributes:
        graph: The dependencies.
    """

    def __init__(self, observed: Observed, order: Order) -> None:
        self.graph = Graph(len(observed.nodes))
        self._observed = observed
        self._keys: dict[tuple[int, int, Kind], Token] = {}
        self._readers: dict[tuple[Token, int], list[int]] = {}
        for node, reads in enumerate(observed.reads):
            for read in dict.fromkeys(reads):
                self._readers.setdefault((read.key, read.writer), []).append(node)
                if read.writer != INITIAL:
                    self._add(read.writer, node, Kind.WR, read.key)
        for (key, writer), readers in self._readers.items():
            if writer == INITIAL:
                self._before_all_writes(key, readers)
            else:
                self._before_updates(key, writer, readers)
        add_order(self.graph, observed, order)

    def _add(self, source: int, target: int, kind: Kind, key: Token) -> bool:
        if source == target or (source, target, kind) in self._keys:
            return False
        self._keys[source, target, kind] = key
        self.graph.add(source, target, kind)
        return True

    def _before_all_writes(self, key: Token, readers: list[int]) -> None:
        """Put the readers of an initial version before whoever wrote the key."""
        writers = self._observed.writers.get(key, [])
        both = set(readers) & set(writers)
        plain_readers = [node for node in readers if node not in both]
        if plain_readers and writers:
            passing = self.graph.passing_node()
            for node in plain_readers:
                self._add(node, passing, Kind.RW, key)
            for node in writers:
                self._keys[passing, node, Kind.RW] = key
                self.graph.add(passing, node, Kind.PASS)
        for reader in both:
            for writer in writers:
                self._add(reader, writer, Kind.RW, key)

    def _before_updates(self, key: Token, writer: int, readers: list[int]) -> None:
        """Put a version that was read and written over before the version that came of it."""
        for updater in readers:
            if key in self._observed.writes[updater]:
                self._add(writer, updater, Kind.WW, key)
                for reader in readers:
                    self._add(reader, updater, Kind.RW, key)

    def add_zones(self) -> None:
        """Add what real time says of the order of versions; it must be an order that counts."""
        add_zones(self.graph, self._observed, self._readers, self._note)

    def _note(self, source: int, target: int, kind: Kind, key: Token) -> None:
        self._keys[source, target, kind] = key

    def evidence(self, step: Step) -> str:
        """Say what shows that one transaction comes before another."""
        if step.kind in {Kind.PROCESS, Kind.REALTIME}:
            return evidence_of(self._observed, step)
        operation = self._observed.operation
        source, target = operation(step.source), operation(step.target)
        if step.kind is Kind.COMMIT:
            key = shorten(plain(self._keys[step.via, step.target, Kind.COMMIT]))
            return (
                f"operation {source} must commit before operation {target}: both wrote {key}, and "
                "reads of it leave no other order"
            )
        key = shorten(plain(self._keys[step.via, step.target, step.kind]))
        if step.kind is Kind.WW:
            return f"operation {target} read {key} from operation {source} and wrote over it"
        if step.kind is Kind.WR:
            return f"operation {target} read {key} as operation {source} had written it"
        return f"operation {source} read {key} before operation {target} wrote it"

    def saturate(self, events: Events, order: list[int], expired: Callable[[], bool]) -> int:
        """Add what follows from the order that is known, once over all reads.

        Args:
            events: How transactions begin and commit at the level.
            order: The nodes of the events' graph, in an order that its edges agree with.
            expired: Says that time is up: the rest is not looked at.

        Returns:
            How many edges were added.

        Raises:
            TooWide: The order has too many branches to be kept in memory.
        """
        known = _Known(events, Reach(events.graph, order, expired))
        added = 0
        for key, writers in self._observed.writers.items():
            if expired():
                break
            chains = known.by_chain(writers)
            for writer in writers:
                readers = self._readers.get((key, writer), ())
                for reader in readers:
                    for before in known.last_before(reader, writer, chains):
                        added += self._add_forced(before, writer, key)
                if not readers:
                    continue
                for after in known.first_after(writer, chains):
                    added += self._add_forced(writer, after, key)
                    for reader in readers:
                        added += self._add(reader, after, Kind.RW, key)
        return added

    def _add_forced(self, before: int, after: int, key: Token) -> int:
        if (before, after, Kind.WW) in self._keys:
            return 0
        return self._add(before, after, Kind.COMMIT, key)


class _Known:
    """Which writers of a key certainly come before or after others."""

    def __init__(self, events: Events, reach: Reach) -> None:
        self._events = events
        self._reach = reach

    def by_chain(self, writers: Iterable[int]) -> list[_Chain]:
        """Return writers as they commit on each chain."""
        chains: dict[int, _Chain] = {}
        commit, reach = self._events.commit, self._reach
        for writer in sorted(writers, key=lambda one: reach.place[commit(one)]):
            number = reach.chain[commit(writer)]
            chain = chains.setdefault(number, _Chain(number, [], []))
            chain.places.append(reach.place[commit(writer)])
            chain.writers.append(writer)
        return list(chains.values())

    def last_before(self, reader: int, source: int, chains: Iterable[_Chain]) -> Iterator[int]:
        """Return each chain's last writer that commits before a reader begins, but for two."""
        clock = self._reach.clocks[self._events.begin(reader)]
        for number, places, writers in chains:
            found = bisect_right(places, clock[number]) if number < len(clock) else 0
            while found and writers[found - 1] in (reader, source):
                found -= 1
            if found:
                yield writers[found - 1]

    def first_after(self, source: int, chains: Iterable[_Chain]) -> Iterator[int]:
        """Return each chain's first other writer that commits after a writer begins."""
        begin = self._events.begin(source)
        for _, _, writers in chains:
            found = bisect_left(
                writers,
                True,  # noqa: FBT003 - False for those before, True from the first one after on
                key=lambda one: self._reach.leads(begin, self._events.commit(one)),
            )
            if found < len(writers) and writers[found] == source:
                found += 1
            if found < len(writers):
                yield writers[found]


class _Chain(NamedTuple):
    """The writers of a key on one chain, with their places there, ascending."""

    number: int
    places: list[int]
    writers: list[int]

"""Instants of transactions placed one after another: what is there, and what can come next."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

from checker.transactions.events import Events
from checker.transactions.observed import Observed
from checker.transactions.transaction import Token

__all__ = ["Placing", "Rank"]

_NEVER: Final = 1 << 62

Rank = tuple[int, int]
"""By which instants are tried first: by when it must have come, and its number."""


class Placing:
    """The beginning of an order of instants, which grows and shrinks at its end.

    Args:
        observed: The history.
        events: What order the instants must have.
        order: All instants in an order that agrees with that.

    Attributes:
        events: What order the instants must have.
        ready: The writers' instants that only the versions that are there can keep from coming.
        placed: The instants, in order.
        place: Where each is; -1 for those that are not placed.
        entering: How many instants must still come before each that is not placed.
        before: The instants that must come right before each.
        print: Tells sets of placed instants apart.
        guesses: What waits for what by a guess, and not for certain.
    """

    def __init__(self, observed: Observed, events: Events, order: Sequence[int]) -> None:
        self.events = events
        self._observed = observed
        size = len(events.graph)
        self._out = [events.graph.targets(event) for event in range(size)]
        self.before: list[list[int]] = [[] for _ in range(size)]
        for event, targets in enumerate(self._out):
            for target in targets:
                self.before[target].append(event)
        self.entering = list(map(len, self.before))
        self.place = [-1] * size
        self.placed: list[int] = []
        self.ready: list[Rank] = []
        self.print = 0
        self.guesses: set[tuple[int, int]] = set()
        # A stack, of which only what is marked still counts: it is never searched.
        self._observers: list[int] = []
        self._observes = bytearray(size)
        self._prints: dict[int, int] = {}
        self._rank = self._deadlines(order)
        self._reads = [
            dict.fromkeys((one.key, one.writer) for one in reads) for reads in observed.reads
        ]
        self._readers: dict[tuple[Token, int], list[int]] = {}
        for node, reads in enumerate(self._reads):
            for read in reads:
                self._readers.setdefault(read, []).append(node)
        self._pending: dict[Token, int] = {}
        for (key, writer), readers in self._readers.items():
            if writer < 0:
                self._pending[key] = len(readers)
        self._active: dict[Token, list[int]] = {}
        self._versions: dict[Token, list[int]] = {}
        for event, entering in enumerate(self.entering):
            if not entering:
                self._add_ready(event)

    def __len__(self) -> int:
        return len(self._out)

    def rank(self, event: int) -> Rank:
        """Return when an instant's turn is."""
        return self._rank[event], event

    def next(self, after: Rank | None) -> int | None:
        """Return the first writer's instant that can come now, after a rank if one is given."""
        first = 0 if after is None else bisect_right(self.ready, after)
        for place in range(first, len(self.ready)):
            event = self.ready[place][1]
            if self._can_come(event):
                return event
        return None

    def place_observers(self) -> None:
        """Place whatever can come now and changes nothing for others."""
        while self._observers:
            event = self._observers.pop()
            if self._observes[event]:
                self.put(event)

    def put(self, event: int) -> None:
        """Place an instant that is ready."""
        self._remove_ready(event)
        self.place[event] = len(self.placed)
        self.placed.append(event)
        self.print ^= self._fingerprint(event)
        for target in self._out[event]:
            self.entering[target] -= 1
            if not self.entering[target]:
                self._add_ready(target)
        self._count(event, 1)

    def take_back(self, count: int) -> None:
        """Take back all but the first instants."""
        while len(self.placed) > count:
            event = self.placed.pop()
            self.place[event] = -1
            self._count(event, -1)
            for target in self._out[event]:
                if not self.entering[target]:
                    self._remove_ready(target)
                self.entering[target] += 1
            self.print ^= self._fingerprint(event)
            self._add_ready(event)

    def must_come_before(self, event: int, other: int, *, guess: bool) -> None:
        """Put an instant before another one that is ready: from now on it waits for it."""
        if guess:
            self.guesses.add((event, other))
        self._remove_ready(other)
        self._out[event].append(other)
        self.before[other].append(event)
        self.entering[other] += 1

    def need_not(self, event: int, other: int) -> None:
        """Take back the guess that an instant comes before another one; neither is placed."""
        self.guesses.remove((event, other))
        self._out[event].remove(other)
        self.before[other].remove(event)
        self.entering[other] -= 1
        if not self.entering[other]:
            self._add_ready(other)

    def current(self, key: Token) -> int:
        """Return whose version of a key is there; -1 for what was there at first."""
        versions = self._versions.get(key)
        return versions[-1] if versions else -1

    def active(self, key: Token) -> Sequence[int]:
        """Return the writers of a key that have begun and not committed."""
        return self._active.get(key, ())

    def waiting_readers(self, key: Token) -> list[int]:
        """Return who is still to read the version of a key that is there."""
        begin = self.events.begin
        readers = self._readers.get((key, self.current(key)), ())
        return [reader for reader in readers if self.place[begin(reader)] < 0]

    def commits(self) -> list[int]:
        """Return the transactions that are placed, in order of their commits."""
        nodes = ((event, self.events.transaction(event)) for event in self.placed)
        return [
            node for event, node in nodes if node is not None and event == self.events.commit(node)
        ]

    def _deadlines(self, order: Sequence[int]) -> list[int]:
        """Return by when each instant must have come: servers commit before they answer."""
        deadlines = [_NEVER] * len(order)
        for event in reversed(order):
            node = self.events.transaction(event)
            if node is not None:
                completed = self._observed.nodes[node].completed
                deadlines[event] = _NEVER if completed is None else completed
            for target in self._out[event]:
                deadlines[event] = min(deadlines[event], deadlines[target])
        return deadlines

    def _can_come(self, event: int) -> bool:
        node = self.events.transaction(event)
        if node is None:
            return True
        writes = self._observed.writes[node]
        if event != self.events.commit(node):
            # Two that write the same key must not overlap, whoever of them would come first.
            return not any(self._active.get(key) for key in writes)
        if self.events.snapshots:
            return not any(self._pending.get(key) for key in writes)
        return all(self._pending.get(key, 0) <= self._own_reads(node, key) for key in writes)

    def _own_reads(self, node: int, key: Token) -> int:
        return sum(1 for read, _ in self._reads[node] if read == key)

    def _is_observer(self, event: int) -> bool:
        node = self.events.transaction(event)
        return node is None or not self._observed.writes[node]

    def _add_ready(self, event: int) -> None:
        if self._is_observer(event):
            self._observers.append(event)
            self._observes[event] = 1
        else:
            insort(self.ready, self.rank(event))

    def _remove_ready(self, event: int) -> None:
        if self._observes[event]:
            self._observes[event] = 0
        else:
            del self.ready[bisect_right(self.ready, self.rank(event)) - 1]

    def _count(self, event: int, one: int) -> None:
        """Count who is still to read the versions that are there, and who is under way."""
        node = self.events.transaction(event)
        if node is None:
            return
        snapshots, writes = self.events.snapshots, self._observed.writes[node]
        if event == self.events.begin(node):
            for key, _ in self._reads[node]:
                self._pending[key] -= one
            for key in writes if snapshots else ():
                _stack(self._active.setdefault(key, []), node, one)
        if event == self.events.commit(node):
            for key in writes:
                readers = len(self._readers.get((key, node), ()))
                self._pending[key] = self._pending.get(key, 0) + one * readers
                _stack(self._versions.setdefault(key, []), node, one)
                if snapshots:
                    _stack(self._active[key], node, -one)

    def _fingerprint(self, event: int) -> int:
        known = self._prints.get(event)
        if known is None:
            digest = blake2b(event.to_bytes(8), digest_size=16).digest()
            known = self._prints[event] = int.from_bytes(digest)
        return known


def _stack(stack: list[int], node: int, one: int) -> None:
    if one > 0:
        stack.append(node)
    else:
        stack.remove(node)

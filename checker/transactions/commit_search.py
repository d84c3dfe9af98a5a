"""Search for an order in which transactions can have taken effect, where no order is known.

The prefix method of Biswas and Enea (OOPSLA 2019, sections 4 and 5): whether a set of transactions
can be extended depends on the set alone, since no write of a key may come before all have read
what they read of the version that is there. Sets that were extended in vain are remembered, so the
search is polynomial for a fixed number of sessions. What only reads is placed as soon as it can be,
which never hurts.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Final, NamedTuple

from checker.transactions.events import Events
from checker.transactions.observed import Observed
from checker.transactions.transaction import Token

__all__ = ["CommitSearch", "Found"]

NEVER: Final = 1 << 62
_LOOK_EVERY: Final = 256
_LOOKED_AT: Final = 16
_REACHED_MAX: Final = 2_000

_Rank = tuple[int, int]
"""By which instants are tried first: by when it must have come, and its number."""


class Found(NamedTuple):
    """What a search came to.

    ``order`` is an order of commits; if it is None, there is none (``exhausted``), or the budget
    ended. ``stuck`` are transactions that could not follow the longest attempt; ``sets`` counts the
    sets that were given up.
    """

    order: list[int] | None
    exhausted: bool
    stuck: tuple[int, ...]
    sets: int


class CommitSearch:
    """One search.

    Args:
        observed: The history.
        events: What order the instants must have.
        expired: Says that time is up.
        sets_max: How many sets of transactions may be given up.
    """

    def __init__(
        self, observed: Observed, events: Events, expired: Callable[[], bool], sets_max: int
    ) -> None:
        self._observed = observed
        self._events = events
        self._expired = expired
        self._sets_max = sets_max
        graph = events.graph
        self._out = [[target for target, _ in graph.edges(node)] for node in range(len(graph))]
        self._entering = [0] * len(graph)
        for targets in self._out:
            for target in targets:
                self._entering[target] += 1
        self._reads = [
            dict.fromkeys((one.key, one.writer) for one in reads) for reads in observed.reads
        ]
        self._readers: dict[tuple[Token, int], int] = {}
        self._pending: dict[Token, int] = {}
        for reads in self._reads:
            for key, writer in reads:
                self._readers[key, writer] = self._readers.get((key, writer), 0) + 1
                if writer < 0:
                    self._pending[key] = self._pending.get(key, 0) + 1
        self._active: dict[Token, int] = {}
        self._rank: list[int] = []
        self._ready: list[_Rank] = []
        self._observers: dict[int, None] = {}
        self._known_readers: dict[tuple[Token, int], list[int]] = {}
        self._placed: list[int] = []
        self._is_placed = bytearray(len(graph))
        self._failed: set[int] = set()
        self._print = 0
        self._longest = -1
        self._stuck: tuple[int, ...] = ()

    def run(self) -> Found:
        """Search."""
        order = self._events.graph.order()
        if order is None:
            return self._given_up(exhausted=True)
        self._rank = self._deadlines(order)
        self._begin()
        total = len(self._out)
        # Each choice: how many instants were placed before it, and the rank of the chosen one.
        choices: list[tuple[int, _Rank]] = []
        after: _Rank | None = None
        steps = 0
        while True:
            steps += 1
            if steps % _LOOK_EVERY == 0 and self._expired():
                return self._given_up(exhausted=False)
            if after is None and self._all_placed(total):
                return Found(self._commits(), exhausted=True, stuck=(), sets=len(self._failed))
            event = None if self._print in self._failed else self._next(after)
            if event is not None:
                choices.append((len(self._placed), (self._rank[event], event)))
                self._place(event)
                after = None
                continue
            if after is None and self._learn(choices):
                continue
            self._failed.add(self._print)
            if not choices or len(self._failed) > self._sets_max:
                return self._given_up(exhausted=not choices)
            count, after = choices.pop()
            while len(self._placed) > count:
                self._take_back()

    def _begin(self) -> None:
        for event, entering in enumerate(self._entering):
            if not entering:
                self._add_ready(event)

    def _given_up(self, *, exhausted: bool) -> Found:
        return Found(None, exhausted=exhausted, stuck=self._stuck, sets=len(self._failed))

    def _all_placed(self, total: int) -> bool:
        """Place what only observes; say whether nothing is left."""
        self._place_observers()
        self._note_longest()
        return len(self._placed) == total

    def _note_longest(self) -> None:
        if len(self._placed) > self._longest:
            self._longest, self._stuck = len(self._placed), self._waiting()

    def _deadlines(self, order: Sequence[int]) -> list[int]:
        """Return by when each instant must have come: servers commit before they answer."""
        deadlines = [NEVER] * len(order)
        for event in reversed(order):
            node = self._events.transaction(event)
            if node is not None:
                completed = self._observed.nodes[node].completed
                deadlines[event] = NEVER if completed is None else completed
            for target in self._out[event]:
                deadlines[event] = min(deadlines[event], deadlines[target])
        return deadlines

    def _next(self, after: _Rank | None) -> int | None:
        """Return the first instant that can come now, after a rank if one is given."""
        first = 0 if after is None else bisect_right(self._ready, after)
        for place in range(first, len(self._ready)):
            event = self._ready[place][1]
            if self._can_come(event):
                return event
        return None

    def _can_come(self, event: int) -> bool:
        node = self._events.transaction(event)
        if node is None:
            return True
        writes = self._observed.writes[node]
        if event != self._events.commit(node):
            # Two that write the same key must not overlap, whoever of them would come first.
            return not any(self._active.get(key) for key in writes)
        if self._events.snapshots:
            return not any(self._pending.get(key) for key in writes)
        return all(self._pending.get(key, 0) <= self._own_reads(node, key) for key in writes)

    def _own_reads(self, node: int, key: Token) -> int:
        return sum(1 for read, _ in self._reads[node] if read == key)

    def _place_observers(self) -> None:
        """Place whatever can come now and changes nothing for others."""
        while self._observers:
            self._place(next(iter(self._observers)))

    def _is_observer(self, event: int) -> bool:
        node = self._events.transaction(event)
        return node is None or not self._observed.writes[node]

    def _add_ready(self, event: int) -> None:
        if self._is_observer(event):
            self._observers[event] = None
        else:
            insort(self._ready, (self._rank[event], event))

    def _remove_ready(self, event: int) -> None:
        if event in self._observers:
            del self._observers[event]
        else:
            del self._ready[bisect_right(self._ready, (self._rank[event], event)) - 1]

    def _learn(self, choices: list[tuple[int, _Rank]]) -> bool:
        """Find out at a dead end what was forced, and go back to before it was done otherwise.

        A writer that waits for readers of the version that is there, of which one must wait for the
        writer, comes before that version.
        """
        for _, event in self._ready[:_LOOKED_AT]:
            node = self._events.transaction(event)
            if node is None or event != self._events.commit(node):
                continue
            for key in self._observed.writes[node]:
                writer = self._current(key)
                if writer is not None and self._leads_to_reader(event, node, key, writer):
                    self._put_before(event, self._events.begin(writer))
                    while choices and choices[-1][0] >= len(self._placed):
                        choices.pop()
                    return True
        return False

    def _current(self, key: Token) -> int | None:
        """Return whose version of a key is there; None if nobody's."""
        for event in reversed(self._placed):
            node = self._events.transaction(event)
            if (
                node is not None
                and event == self._events.commit(node)
                and key in self._observed.writes[node]
            ):
                return node
        return None

    def _leads_to_reader(self, event: int, node: int, key: Token, writer: int) -> bool:
        """Say whether some reader of a version must come after an instant that waits for it."""
        pending = {
            self._events.begin(reader)
            for reader in self._readers_of(key, writer)
            if reader != node and not self._is_placed[self._events.begin(reader)]
        }
        reached = {event}
        queue = [event]
        for one in queue:  # grows as it is walked through
            for target in self._out[one]:
                if target in pending:
                    return True
                if target not in reached and len(reached) < _REACHED_MAX:
                    reached.add(target)
                    queue.append(target)
        return False

    def _readers_of(self, key: Token, writer: int) -> Sequence[int]:
        if not self._known_readers:
            for node, reads in enumerate(self._reads):
                for read in reads:
                    self._known_readers.setdefault(read, []).append(node)
        return self._known_readers.get((key, writer), ())

    def _put_before(self, event: int, other: int) -> None:
        while self._is_placed[other]:
            self._take_back()
        self._remove_ready(other)
        self._out[event].append(other)
        self._entering[other] += 1

    def _waiting(self) -> tuple[int, ...]:
        nodes = (self._events.transaction(event) for _, event in self._ready[:4])
        return tuple(dict.fromkeys(node for node in nodes if node is not None))

    def _commits(self) -> list[int]:
        nodes = ((event, self._events.transaction(event)) for event in self._placed)
        return [
            node for event, node in nodes if node is not None and event == self._events.commit(node)
        ]

    def _place(self, event: int) -> None:
        self._remove_ready(event)
        self._placed.append(event)
        self._is_placed[event] = 1
        self._print ^= _fingerprint(event)
        for target in self._out[event]:
            self._entering[target] -= 1
            if not self._entering[target]:
                self._add_ready(target)
        self._count(event, 1)

    def _take_back(self) -> None:
        event = self._placed.pop()
        self._is_placed[event] = 0
        self._count(event, -1)
        for target in self._out[event]:
            if not self._entering[target]:
                self._remove_ready(target)
            self._entering[target] += 1
        self._print ^= _fingerprint(event)
        self._add_ready(event)

    def _count(self, event: int, one: int) -> None:
        """Count who is still to read the versions that are there, and who is under way."""
        node = self._events.transaction(event)
        if node is None:
            return
        if event == self._events.begin(node):
            for key, _ in self._reads[node]:
                self._pending[key] -= one
            if self._events.snapshots:
                for key in self._observed.writes[node]:
                    self._active[key] = self._active.get(key, 0) + one
        if event == self._events.commit(node):
            for key in self._observed.writes[node]:
                readers = self._readers.get((key, node), 0)
                self._pending[key] = self._pending.get(key, 0) + one * readers
                if self._events.snapshots:
                    self._active[key] -= one


def _fingerprint(event: int) -> int:
    return int.from_bytes(blake2b(event.to_bytes(8), digest_size=16).digest())

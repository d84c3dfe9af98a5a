"""Which unanswered append is at a length that no answered one claims.

Hashes tell. Between two reads whose hashes are known, one missing value follows from the others:
the chain can be walked forwards from one read and backwards from the other. With several missing
values all but the last are tried. Past the last read nothing tells, and any append will do.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from checker.models.log import chain, unchain
from checker.operation import Operation

__all__ = ["AMBIGUOUS", "EFFORT", "Candidates", "Segment", "Unfilled"]

EFFORT: Final = 1 << 20
"""How many links of the chain are tried, all segments together, before the search must decide."""
AMBIGUOUS: Final = "hashes do not tell which of several unanswered appends took effect"

HOLES_MAX: Final = 64
"""More than that between two reads are never tried."""

Read = tuple[int, int, Operation | None]
"""A length, its hash, and who read it; nobody reads the empty log."""


class Unfilled(NamedTuple):
    """A violation: nothing fits a hole."""

    anomaly: str
    operations: tuple[Operation, ...]


class Candidates:
    """The unanswered appends by value, each value's in the order in which they may come in."""

    def __init__(
        self,
        pending: Sequence[tuple[int, Operation]],
        admitted: Sequence[tuple[int, Operation | None]],
    ) -> None:
        """Take appends with their values, and the first hole and its keeper of each."""
        self._by_value: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
        self._pending = pending
        self._admitted = admitted
        for place, (value, _) in enumerate(pending):
            self._by_value[value].append((admitted[place][0], place))
        for appends in self._by_value.values():
            appends.sort()
        self._taken: defaultdict[int, list[int]] = defaultdict(list)

    def knows(self, value: int) -> bool:
        """Whether there is any append of a value."""
        return value in self._by_value

    def values(self, hole: int, used: Mapping[int, int]) -> list[int]:
        """The values that can be in a hole besides those used in holes before it."""
        return [value for value in self._by_value if self.has(value, hole, used.get(value, 0))]

    def has(self, value: int, hole: int, used: int) -> bool:
        """Whether more than ``used`` appends of a value may come in by a hole."""
        appends = self._by_value.get(value, ())
        return used < len(appends) and appends[used][0] <= hole

    def take(self, value: int, hole: int) -> Unfilled | None:
        """Note that a hole, later than those before it, holds a value; or say why it cannot."""
        taken = self._taken[value]
        appends = self._by_value.get(value, ())
        if len(taken) < len(appends) and appends[len(taken)][0] <= hole:
            taken.append(hole)
            return None
        if len(taken) < len(appends):
            place = appends[len(taken)][1]
            keeper = self._admitted[place][1]
            before = () if keeper is None else (keeper,)
            return Unfilled("future-read", (*before, self._pending[place][1]))
        return Unfilled("duplicate", tuple(self._pending[place][1] for _, place in appends[:2]))

    def fill(self, free: Sequence[int]) -> tuple[dict[int, Operation], int | None]:
        """Give every hole its append; ``free`` ones take any. The second is one left empty."""
        filled: dict[int, Operation] = {}
        rest: list[tuple[int, int]] = []
        for value, appends in self._by_value.items():
            taken = self._taken[value]
            for hole, (_, place) in zip(taken, appends, strict=False):
                filled[hole] = self._pending[place][1]
            rest += appends[len(taken) :]
        rest.sort()
        for count, hole in enumerate(free):
            if count == len(rest) or rest[count][0] > hole:
                return filled, hole
            filled[hole] = self._pending[rest[count][1]][1]
        return filled, None


class Segment:
    """The events between two reads: those that are known, and the holes between them."""

    def __init__(
        self,
        start: Read,
        end: Read,
        known: Callable[[int], int],
        holes: Sequence[int],
        first: int,
    ) -> None:
        """Take the reads, the values known by length, and the holes from number ``first`` on."""
        self.start = start
        self.end = end
        self._known = known
        self._holes = holes
        self._first = first

    @property
    def readers(self) -> tuple[Operation, ...]:
        """Who read the end, and who the start."""
        readers = (self.end[2], self.start[2])
        return tuple(reader for reader in readers if reader is not None)

    def solve(self, candidates: Candidates, effort: int) -> tuple[list[list[int]], int]:
        """Find which values can be in the holes: at most two ways; and the effort that is left.

        No effort is left if not all ways were tried.
        """
        search = _Values(self, candidates, effort)
        search.run()
        return search.found, search.effort

    def walk(self, mixed: int, after: int, to: int) -> int:
        """Go on from the hash at one length to that at another, without holes between them."""
        for length in range(after + 1, to + 1):
            mixed = chain(mixed, self._known(length))
        return mixed

    def hole(self, number: int) -> int:
        """The length at a hole of this segment."""
        return self._holes[self._first + number]

    def before(self, hole: int) -> int:
        """The length before the hole of a number, or before the end if there are no more."""
        length, _, _ = self.end
        return length if hole == len(self) else self.hole(hole) - 1

    def index(self, number: int) -> int:
        """The number of one of its holes among all holes."""
        return self._first + number

    def __len__(self) -> int:
        return bisect_right(self._holes, self.end[0]) - self._first

    def back(self) -> int:
        """The hash right after the last hole, as the end's hash tells."""
        length, mixed, _ = self.end
        for known in range(length, self.hole(len(self) - 1), -1):
            mixed = unchain(mixed, self._known(known))
        return mixed


class _Values:
    """Try values for the holes of one segment, from left to right."""

    def __init__(self, segment: Segment, candidates: Candidates, effort: int) -> None:
        self.found: list[list[int]] = []
        self.effort = effort
        self._segment = segment
        self._candidates = candidates
        self._used: defaultdict[int, int] = defaultdict(int)
        self._chosen: list[int] = []
        self._target = 0

    def run(self) -> None:
        start, mixed, _ = self._segment.start
        if not len(self._segment):
            if self._segment.walk(mixed, start, self._segment.end[0]) == self._segment.end[1]:
                self.found.append([])
            return
        if len(self._segment) > HOLES_MAX:
            self.effort = 0
            return
        self._target = self._segment.back()
        self._extend(self._segment.walk(mixed, start, self._segment.before(0)))

    def _extend(self, mixed: int) -> None:
        number = len(self._chosen)
        hole = self._segment.index(number)
        if number + 1 == len(self._segment):
            value = unchain(self._target, mixed)
            lone = number == 0
            if lone or self._candidates.has(value, hole, self._used[value]):
                self.found.append([*self._chosen, value])
            return
        here, until = self._segment.hole(number), self._segment.before(number + 1)
        values = self._candidates.values(hole, self._used)
        self.effort -= len(values)
        for value in values:
            self.effort -= 1 + until - here
            if self.effort <= 0 or len(self.found) > 1:
                return
            self._chosen.append(value)
            self._used[value] += 1
            self._extend(self._segment.walk(chain(mixed, value), here, until))
            self._used[value] -= 1
            self._chosen.pop()

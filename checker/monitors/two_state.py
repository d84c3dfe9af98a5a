"""Objects of two states that are switched on and off: exact in O(n log n), values may repeat.

An element of a set is there or not, a lock without an owner is held or free. Every operation either
*switches* (it found the object in one state and left it in the other) or *sees* one of the states.
The sweep goes through the ends of all operations in order of time and is lazy: it switches only
when an operation completes that needs it, then takes those switches that complete first, and lets
everything be seen as soon as it is so. What it is forced to do any order must do, and a switch that
completes later is never the worse one to keep (earliest deadline first).

All objects of a history are swept together, so the order found is one of the whole history. What
the states mean, and what a violation is called, is for the caller to say.
"""

from __future__ import annotations

import heapq
from collections.abc import Hashable, Sequence
from typing import Final, NamedTuple

from checker.operation import Operation

__all__ = ["Act", "Stuck", "sweep_two_states"]

_NEVER: Final = 1 << 62
"""The completion of what has none."""


class Act(NamedTuple):
    """What an operation does to which object."""

    operation: Operation
    subject: Hashable
    switches: bool
    to: bool
    """The state that it leads to, or sees."""


class Stuck(NamedTuple):
    """An act that no order can reach, and how the object came into the state that excludes it."""

    act: Act
    switch: Act | None
    """What led to the state; None if it is the first one."""
    reason: Act | None
    """What completed and needed that switch; None if there was none."""


class _Subject:
    """One object: its state, and what waits for either state."""

    __slots__ = ("reason", "state", "switch", "switches", "watchers")

    def __init__(self) -> None:
        self.state = False
        self.switch: Act | None = None
        self.reason: Act | None = None
        self.switches: dict[bool, list[tuple[int, int]]] = {False: [], True: []}
        self.watchers: dict[bool, list[int]] = {False: [], True: []}


def sweep_two_states(acts: Sequence[Act]) -> list[Operation] | Stuck:
    """Order acts legally; those whose outcome is unknown only as far as others need them.

    Acts of unknown outcome are switches. Objects are off at first.
    """
    sweep = _Sweep(acts)
    ends = [(act.operation.invoked, False, place) for place, act in enumerate(acts)]
    ends += [
        (act.operation.completed, True, place)
        for place, act in enumerate(acts)
        if act.operation.completed is not None
    ]
    for _, completes, place in sorted(ends):
        if not completes:
            sweep.begin(place)
        elif not sweep.finish(place):
            subject = sweep.subjects[acts[place].subject]
            return Stuck(acts[place], subject.switch, subject.reason)
    return [acts[place].operation for place in sweep.order]


class _Sweep:
    def __init__(self, acts: Sequence[Act]) -> None:
        self.subjects: dict[Hashable, _Subject] = {}
        self.order: list[int] = []
        self._acts = acts
        self._done = [False] * len(acts)

    def begin(self, place: int) -> None:
        act = self._acts[place]
        subject = self.subjects.setdefault(act.subject, _Subject())
        if act.switches:
            completed = act.operation.completed
            deadline = _NEVER if completed is None else completed
            heapq.heappush(subject.switches[act.to], (deadline, place))
        elif subject.state is act.to:
            self._take(place)
        else:
            subject.watchers[act.to].append(place)

    def finish(self, place: int) -> bool:
        """Do what an act needs that completes now; False if that is not possible."""
        act = self._acts[place]
        subject = self.subjects[act.subject]
        while not self._done[place]:
            to = not subject.state
            if not subject.switches[to]:
                return False
            _, earliest = heapq.heappop(subject.switches[to])
            self._take(earliest)
            subject.state, subject.switch, subject.reason = to, self._acts[earliest], act
            for watcher in subject.watchers[to]:
                self._take(watcher)
            subject.watchers[to].clear()
        return True

    def _take(self, place: int) -> None:
        self._done[place] = True
        self.order.append(place)

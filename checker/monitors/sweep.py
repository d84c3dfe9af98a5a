"""The sweep: when the order of all mutations is known, one pass over time decides.

Number the states S0, S1 ... SK between the known mutations T1 ... TK: state Sk is slot 2k, mutation
Tk is slot 2k - 1. Each operation may take a slot of its domain; a history is linearizable exactly
if every operation finds a slot such that what precedes it in real time has no higher one. These
constraints are closed under minimum, so taking the least possible slot, in order of time, finds an
assignment if there is one. O(n log n) for sorting.

It is sequentially consistent exactly if every operation finds a slot such that what its process did
before has no higher one: one such pass over each process, and none knows of the others.

One state lies beyond the known ones: mutations of unknown outcome that nobody observed may have
happened after everything else. An operation is put there only if it fits nowhere else.

The sweep knows slots and scopes, not what the operations are.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Iterable, Sequence
from operator import itemgetter
from typing import Final, Literal, NamedTuple, Protocol

from checker.operation import Operation

__all__ = ["Beyond", "Item", "ProcessSweep", "Sweep", "Violation"]

VIOLATIONS_MAX: Final = 8

Beyond = Literal["legal", "illegal", "unclear"]


class Item:
    """An operation, where it may go, and where it went.

    The domain is the slots from ``low`` to ``high``, but not those from the first to the last of
    each of its ``holes``, which ascend and do not touch. A mutation has one odd slot, an
    observation even ones. ``beyond`` says whether an observation is legal once something of its
    ``scope`` happened after the last known state.
    """

    __slots__ = (
        "behind",
        "beyond",
        "forced",
        "high",
        "holes",
        "low",
        "operation",
        "own",
        "scope",
        "slot",
        "why",
    )

    def __init__(
        self,
        operation: Operation,
        low: int,
        high: int,
        scope: Hashable,
        *,
        beyond: Beyond = "illegal",
        holes: Sequence[tuple[int, int]] = (),
    ) -> None:
        self.operation = operation
        self.low = low
        self.high = high
        self.scope = scope
        self.beyond: Beyond = beyond
        self.holes = holes
        self.slot: int | None = None
        self.forced = False
        """Whether it fits only beyond the last known state."""
        self.behind = False
        """Whether it comes after what its process can only have done there."""
        self.own = False
        """Whether its slot says more than what had to precede it."""
        self.why: Item | None = None
        """What had raised the least slot to where it was when this one was invoked."""

    @property
    def is_mutation(self) -> bool:
        """Whether this is one of the known mutations."""
        return self.low % 2 == 1


class Violation:
    """An operation that fits nowhere, and what precedes it and excludes its domain."""

    __slots__ = ("item", "raised_by")

    def __init__(self, item: Item, raised_by: list[Item]) -> None:
        self.item = item
        self.raised_by = raised_by


class Late(Protocol):
    """Gives the unobserved mutations that can be the first beyond the last known state."""

    def __call__(self, scope: Hashable, /) -> Sequence[Operation]:
        """Return those of one scope, by invocation."""
        ...


class _Landing(NamedTuple):
    """A mutation that must have happened after all that was observed, and what forces it to."""

    moment: float
    late: Operation
    forced_by: Item


class Sweep:
    """One pass over the items of a history; read the results afterwards."""

    def __init__(
        self,
        items: Sequence[Item],
        top: int,
        late: Late,
        whole: Hashable,
    ) -> None:
        """Prepare to sweep.

        ``top`` is the slot of the last known state. ``late`` gives, for a scope, the unobserved
        mutations that can have happened there after it, by invocation. ``whole`` is the scope that
        any of them would change.
        """
        self.violations: list[Violation] = []
        self.undecided = ""
        self._items = items
        self._top = top
        self._late = late
        self._whole = whole
        self._least = 0
        self._raised_by: Item | None = None
        self._landed: dict[Hashable, _Landing] = {}

    def run(self) -> None:
        """Take the endpoints in order of time."""
        self._pass(self._items)

    def _pass(self, items: Iterable[Item]) -> None:
        events: list[tuple[int, bool, Item]] = []
        for item in items:
            events.append((item.operation.invoked, True, item))
            if item.operation.completed is not None:
                events.append((item.operation.completed, False, item))
        events.sort(key=lambda event: event[0])
        for _, invoked, item in events:
            if not invoked:
                self._complete(item)
            elif item.is_mutation:
                self._invoke_mutation(item)
            else:
                self._invoke_observation(item)
            if len(self.violations) == VIOLATIONS_MAX:
                return

    def order(self) -> tuple[int, ...]:
        """The witness: operation indices by slot, observations of one state by invocation."""
        top = self._top
        keyed: list[tuple[int, float, int]] = []
        for item in self._items:
            if item.slot is None:
                raise ValueError("there is no order: an operation fits nowhere")
            moment = float(item.operation.invoked)
            if item.forced:
                moment = max(moment, self._landed[item.scope].moment + 0.25)
            keyed.append((min(item.slot, top), moment, item.operation.index))
        keyed += [(top, landing.moment, landing.late.index) for landing in self._landed.values()]
        return tuple(index for _, _, index in sorted(keyed))

    def _invoke_mutation(self, item: Item) -> None:
        if item.low < self._least:
            self._violate(item, self._raised_by)
        else:
            item.slot = item.low
            item.own = True

    def _invoke_observation(self, item: Item) -> None:
        slot = max(item.low, self._least + self._least % 2)
        own = item.low > self._least
        place = bisect_left(item.holes, slot, key=itemgetter(1))
        if place < len(item.holes) and item.holes[place][0] <= slot:
            slot = item.holes[place][1] + 2
            own = True
        landing = self._landing(item.scope)
        if landing is not None:
            if item.beyond == "unclear":
                self.undecided = (
                    "an append of unknown outcome must have happened after everything that was "
                    f"observed, and operation {item.operation.index} can only be judged with its "
                    "size"
                )
            if item.beyond == "illegal":
                self._violate(item, landing.forced_by)
                return
        elif slot > item.high and (item.high < self._top or item.beyond == "illegal"):
            self._violate(item, self._raised_by)
            return
        item.forced = slot > item.high
        item.behind = item.forced or bool(self._landed)
        item.slot = slot
        item.own = own
        item.why = self._raised_by

    def _complete(self, item: Item) -> None:
        if item.slot is None:
            return
        if item.forced and item.scope not in self._landed and not self._land(item):
            item.slot = None
            return
        if item.slot > self._least:
            self._least = min(item.slot, self._top)
            self._raised_by = item

    def _land(self, item: Item) -> bool:
        """Something must have happened beyond the last known state before this completion."""
        completed = item.operation.completed
        late = next(iter(self._late(item.scope)), None)
        if late is None or completed is None or late.invoked > completed:
            self._violate(item, item.why)
            return False
        # The latest moment that will do is the best for all that must come before it.
        self._landed[item.scope] = _Landing(completed - 0.5, late, item)
        return True

    def _landing(self, scope: Hashable) -> _Landing | None:
        if scope == self._whole:
            return next(iter(self._landed.values()), None)
        return self._landed.get(scope)

    def _violate(self, item: Item, raised_by: Item | None) -> None:
        self.violations.append(Violation(item, _reasons(raised_by)))


class ProcessSweep(Sweep):
    """The same for sequential consistency: one pass over what each process did."""

    def run(self) -> None:
        """Take each process by itself, in the order of their first operations."""
        processes: dict[int | str, list[Item]] = {}
        for item in sorted(self._items, key=lambda item: item.operation.invoked):
            processes.setdefault(item.operation.process, []).append(item)
        forced: list[Item] = []
        for items in processes.values():
            self._least, self._raised_by = 0, None
            self._landed.clear()
            self._pass(items)
            forced += [landing.forced_by for landing in self._landed.values()]
            if len(self.violations) >= VIOLATIONS_MAX:
                return
        self._landed.clear()
        self._settle(forced)

    def order(self) -> tuple[int, ...]:
        """The witness: operation indices by slot, observations of one state by invocation."""
        keyed: list[tuple[int, int, int, int]] = []
        for item in self._items:
            if item.slot is None:
                raise ValueError("there is no order: an operation fits nowhere")
            slot, operation = min(item.slot, self._top), item.operation
            keyed.append((slot, 2 * item.behind, operation.invoked, operation.index))
        landed = [landing.late for landing in self._landed.values()]
        keyed += [(self._top, 1, late.invoked, late.index) for late in landed]
        return tuple(index for *_, index in sorted(keyed))

    def _land(self, item: Item) -> bool:
        """Suppose that something happened there; what it was is settled at the end."""
        self._landed[item.scope] = _Landing(0.0, item.operation, item)
        return True

    def _settle(self, forced: Sequence[Item]) -> None:
        """Find what happened beyond the last known state, not after what needs it."""
        scopes = {item.scope for item in forced}
        if len(scopes) > 1:
            self.undecided = (
                "appends of unknown outcome must have happened to several streams after everything "
                "that was observed"
            )
            return
        needing = {item.operation.process for item in forced}
        for scope in scopes:
            fitting = (late for late in self._late(scope) if late.process not in needing)
            late = next(fitting, None)
            if late is None:
                for item in forced:
                    self._violate(item, item.why)
            else:
                self._landed[scope] = _Landing(0.0, late, forced[0])


def _reasons(item: Item | None) -> list[Item]:
    """Follow the operations that only passed on what had preceded them, back to who knew."""
    reasons: list[Item] = []
    while item is not None:
        if item.own:
            reasons.append(item)
            if not item.holes:
                break
        item = item.why
    return reasons

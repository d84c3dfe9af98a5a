"""Sets that only grow and are read as a whole: the reads say in which order elements came.

Distinct answers, sorted by size, must form a chain R0 < R1 < ..., each within the next one. Slot
2j + 1 is that of the reads of Rj, slot 2j the gap before it; an element first seen in Rj was first
added in slot 2j, one that no read shows after all reads. An add of an element that is there already
may stand anywhere. Then the least slots in order of time decide, as in the sweep of known writes:
the constraints are closed under minimum. Exact; O(total size of the reads + n log n).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from checker.monitors.violation import Found, Violation
from checker.operation import Operation

__all__ = ["judge_chain"]

Answers = Sequence[tuple[Operation, Sequence[str]]]


def judge_chain(
    adds: Mapping[str, Sequence[Operation]], reads: Answers, failed: Mapping[str, Operation]
) -> Found:
    """Find an order of adds and full reads, or the operations that exclude every order.

    ``adds`` are those of each element that may have happened, in order of invocation; ``failed``
    those that certainly did not.
    """
    wrong = _wrong_by_itself(adds, reads, failed)
    if wrong is not None:
        return wrong
    shown: dict[frozenset[str], Operation] = {}
    for read, elements in reads:
        shown.setdefault(frozenset(elements), read)
    chain = sorted(shown, key=len)
    for smaller, larger in itertools.pairwise(chain):
        if not smaller < larger:
            return Violation("incomparable-reads", (shown[smaller], shown[larger]))
    return _Chain(adds, reads, chain, [shown[answer] for answer in chain]).order()


def _wrong_by_itself(
    adds: Mapping[str, Sequence[Operation]], reads: Answers, failed: Mapping[str, Operation]
) -> Violation | None:
    for read, elements in reads:
        seen: set[str] = set()
        for element in elements:
            if element not in adds:
                if element in failed:
                    return Violation("aborted-read", (failed[element], read))
                return Violation("thin-air", (read,))
            if element in seen:
                return Violation("duplicate-element", (adds[element][0], read))
            seen.add(element)
    return None


class _Chain:
    """The slots of a history whose reads form a chain."""

    def __init__(
        self,
        adds: Mapping[str, Sequence[Operation]],
        reads: Answers,
        chain: Sequence[frozenset[str]],
        shown_by: Sequence[Operation],
    ) -> None:
        self._shown_by = shown_by
        self._unseen = 2 * len(chain)
        """The slot of elements that no read shows."""
        self._first_slot: dict[str, int] = {}
        for place, answer in enumerate(chain):
            before = chain[place - 1] if place else frozenset()
            self._first_slot.update(dict.fromkeys(answer - before, 2 * place))
        slots = {answer: 2 * place + 1 for place, answer in enumerate(chain)}
        self._reads = {read.index: slots[frozenset(elements)] for read, elements in reads}
        self._elements = {add.index: element for element in adds for add in adds[element]}
        self._operations = [
            *(read for read, _ in reads),
            *(add for element in adds for add in adds[element] if self._matters(add, element)),
        ]
        self._slots: dict[int, int] = {}
        self._current = 0
        self._raised_by: Operation | None = None
        self._reached: dict[str, Operation] = {}
        """For each element, an add in its first slot: a completed one if there is one."""

    def _matters(self, add: Operation, element: str) -> bool:
        return add.completed is not None or element in self._first_slot

    def order(self) -> Found:
        """Give each operation its least slot, in order of time."""
        ends = [(operation.invoked, False, operation.index) for operation in self._operations]
        ends += [
            (operation.completed, True, operation.index)
            for operation in self._operations
            if operation.completed is not None
        ]
        known = {operation.index: operation for operation in self._operations}
        for _, completes, index in sorted(ends):
            operation = known[index]
            if completes:
                if self._slots[index] > self._current:
                    self._current, self._raised_by = self._slots[index], operation
                continue
            violation = self._place(operation)
            if violation is not None:
                return violation
        happened = [
            operation
            for operation in self._operations
            if operation.completed is not None
            or self._reached.get(self._elements[operation.index]) is operation
        ]
        return sorted(happened, key=lambda each: (self._slots[each.index], each.invoked))

    def _place(self, operation: Operation) -> Violation | None:
        slot = self._reads.get(operation.index)
        if slot is not None:
            self._slots[operation.index] = slot
            return None if slot >= self._current else self._missing((operation,))
        element = self._elements[operation.index]
        first = self._first_slot.get(element, self._unseen)
        self._slots[operation.index] = max(first, self._current)
        reached = self._reached.get(element)
        if self._current > first:
            if reached is None:
                return self._too_late(operation, self._shown_by[first // 2])
        elif reached is None or reached.completed is None:
            self._reached[element] = operation
        return None

    def _too_late(self, add: Operation, shown_by: Operation) -> Violation:
        """No add of an element began before its slot was over."""
        cause = self._raised_by
        if cause is not None and cause.index in self._reads:
            return Violation("future-read", (cause, add))
        return self._missing((add, shown_by), "reordered-adds")

    def _missing(self, then: tuple[Operation, ...], name: str = "stale-read") -> Violation:
        """A read lacks what was there before."""
        cause = self._raised_by
        if cause is None:
            raise AssertionError("some operation ended before")
        element = self._elements.get(cause.index)
        is_lost = element is not None and element not in self._first_slot
        return Violation("lost-element" if is_lost else name, (cause, *then))

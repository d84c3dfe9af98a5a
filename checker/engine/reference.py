"""The reference search: is there an order of the operations that the model allows?

The algorithm of Wing and Gong, "Testing and verifying concurrent objects" (JPDC 17, 1993): depth
first, at each step try every operation that no other one must precede; with the memoisation of
Lowe, "Testing for linearizability" (CCPE 29(4), 2017): never visit the same set of linearized
operations with the same state twice. It is written to be obviously right, not fast: it is the
oracle for the native engine and for the monitors, and the engine of last resort for models written
in Python. It decides; it does not explain.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from checker.engine.budget import SearchBudget
from checker.engine.outcome import SearchOutcome
from checker.engine.stepping import Steps, initial
from checker.engine.undecided import Limit, Reach, undecided
from checker.limits import Limits
from checker.models.model import Model, required_and_optional
from checker.operation import Operation
from checker.verdict import Verdict

__all__ = ["search"]

_CLOCK_PERIOD: Final = 256
"""Configurations between two looks at the clock."""
_ENTRY_BYTES: Final = 320
"""A cached configuration without its state and its window: a tuple and its place in the set."""


def search(
    model: Model[Any],
    operations: Sequence[Operation],
    limits: Limits | None = None,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> SearchOutcome:
    """Look for a legal order of one partition's operations.

    Within ``limits`` the answer is exact. ``peak_bytes`` is an estimate of what the cache held.

    Raises:
        ModelError: the model raised, or broke its contract.
    """
    return _Search(model, operations, limits or Limits(), clock).run()


class _Configuration:
    """What has been linearized, and the state it led to.

    Required operations are sorted by invocation. All before ``low`` are linearized; bit i of
    ``window`` stands for the one at ``low + i``, bit i of ``pending`` for the i-th optional one.
    """

    __slots__ = ("candidates", "low", "pending", "state", "taken", "window")

    def __init__(
        self, low: int, window: int, pending: int, state: Any, taken: Operation | None
    ) -> None:
        self.low = low
        self.window = window
        self.pending = pending
        self.state = state
        self.taken = taken
        self.candidates: Iterator[tuple[bool, int]] = iter(())

    @property
    def key(self) -> tuple[int, int, int, Any]:
        return self.low, self.window, self.pending, self.state


class _Search:
    def __init__(
        self,
        model: Model[Any],
        operations: Sequence[Operation],
        limits: Limits,
        clock: Callable[[], float],
    ) -> None:
        self._model = model
        self._steps = Steps(model)
        required, optional = required_and_optional(model, operations)
        self._required = sorted(required, key=lambda operation: operation.invoked)
        self._optional = sorted(optional, key=lambda operation: operation.invoked)
        self._budget = SearchBudget(limits, clock, period=_CLOCK_PERIOD)
        self._seen: set[tuple[int, int, int, Any]] = set()
        self._bytes = 0
        self._longest: tuple[int, ...] = ()
        self._blocked: Operation | None = None

    def run(self) -> SearchOutcome:
        path = [self._visit(_Configuration(0, 0, 0, initial(self._model), None))]
        while path:
            here = path[-1]
            if here.low == len(self._required):
                self._remember(path)
                return self._decided(Verdict.VALID, witness=_order(path))
            limit = self._budget.exhausted(len(self._seen), self._bytes + self._steps.bytes)
            if limit is not None:
                self._remember(path)
                return self._outcome(Verdict.UNKNOWN, reason=self._undecided(limit))
            following = self._following(here)
            if following is None:
                self._remember(path)
                path.pop()
            else:
                path.append(self._visit(following))
        return self._decided(Verdict.INVALID)

    def _visit(self, configuration: _Configuration) -> _Configuration:
        self._seen.add(configuration.key)
        self._bytes += (
            _ENTRY_BYTES
            + sys.getsizeof(configuration.window)
            + sys.getsizeof(configuration.pending)
            + sys.getsizeof(configuration.state)
        )
        configuration.candidates = iter(self._candidates(configuration))
        return configuration

    def _candidates(self, here: _Configuration) -> list[tuple[bool, int]]:
        """List what may come next: (is it optional, its index), required ones first.

        An operation may come next if no other one that is not yet linearized was completed before
        it was invoked.
        """
        required: list[int] = []
        first: Operation | None = None
        for index in range(here.low, len(self._required)):
            operation = self._required[index]
            if first is not None and operation.invoked > _completed(first):
                break
            if here.window >> (index - here.low) & 1:
                continue
            required.append(index)
            if first is None or _completed(operation) < _completed(first):
                first = operation
        if first is None:
            return []
        if self._blocked is None or _completed(first) > _completed(self._blocked):
            self._blocked = first
        optional = [
            index
            for index, operation in enumerate(self._optional)
            if operation.invoked < _completed(first) and not here.pending >> index & 1
        ]
        return [(False, index) for index in required] + [(True, index) for index in optional]

    def _following(self, here: _Configuration) -> _Configuration | None:
        """Take the next candidate that is legal and leads to a new configuration."""
        for is_optional, index in here.candidates:
            operation = self._optional[index] if is_optional else self._required[index]
            state = self._steps.take(here.state, operation)
            if state is None:
                continue
            low, window, pending = here.low, here.window, here.pending
            if is_optional:
                pending |= 1 << index
            else:
                window |= 1 << (index - low)
                while window & 1:
                    window >>= 1
                    low += 1
            following = _Configuration(low, window, pending, state, operation)
            if following.key not in self._seen:
                return following
        return None

    def _remember(self, path: list[_Configuration]) -> None:
        """Keep the longest order so far; asked only where the search turns back."""
        if len(path) - 1 > len(self._longest):
            self._longest = _order(path)

    def _undecided(self, limit: Limit) -> str:
        operations = len(self._required) + len(self._optional)
        reach = Reach(len(self._seen), len(self._longest), operations, self._blocked)
        return undecided(limit, reach, self._budget.limits)

    def _decided(
        self, verdict: Verdict, *, witness: tuple[int, ...] | None = None
    ) -> SearchOutcome:
        """Answer, once the model has confirmed what the answer rests on."""
        if not self._steps.confirm(self._budget.is_late):
            return self._outcome(Verdict.UNKNOWN, reason=self._undecided("timeout"))
        return self._outcome(verdict, witness=witness)

    def _outcome(
        self, verdict: Verdict, *, witness: tuple[int, ...] | None = None, reason: str = ""
    ) -> SearchOutcome:
        valid = verdict is Verdict.VALID
        blocked = None if valid or self._blocked is None else self._blocked.index
        return SearchOutcome(
            verdict=verdict,
            witness=witness,
            longest_prefix=() if valid else self._longest,
            blocked=blocked,
            configurations=len(self._seen),
            peak_bytes=self._bytes,
            reason=reason,
        )


def _completed(operation: Operation) -> int:
    """The rank of a required operation's completion."""
    if operation.completed is None:
        raise ValueError(f"operation {operation.index} is {operation.outcome} without completion")
    return operation.completed


def _order(path: list[_Configuration]) -> tuple[int, ...]:
    return tuple(here.taken.index for here in path if here.taken is not None)

"""Is a part of a history at fault by itself, or only because the rest was taken away?

Take away the second of two writes of 2, and an innocent read of 2 turns stale. So a part is said to
be at fault only if it cannot be explained even with the help of what was taken away: every change
of the whole history may happen, once and when it did, or may not. Where nothing of the part is
under way, changes may happen any number of times: that makes more possible than was, so that an
innocent part is never blamed, and only what ran beside the part has to be searched.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import cache
from itertools import accumulate, pairwise
from typing import Any, Final

from msgspec.structs import replace

from checker.engine import native
from checker.engine.stepping import apply
from checker.limits import Limits
from checker.minimize.lenient import ANYTHING, Lenient, TooManyStates, may_happen
from checker.minimize.reachable import identity, reachable
from checker.models.canonical import canonical_json
from checker.models.kv import Strings
from checker.models.model import Model, Partition, required_and_optional
from checker.operation import Operation, Outcome
from checker.verdict import Verdict

__all__ = ["Blame"]

_EXACT_MAX: Final = 16
_EVERYTHING_STEPS: Final = 1_000_000
_NO_TEXT: Final = "\0"
"""Stands for every text that no later answer can begin with."""

Interval = tuple[int, int]


class Blame:
    """Says of parts of one history whether they are at fault.

    Args:
        model: What judges the history.
        operations: All of its operations.
    """

    def __init__(self, model: Model[Any], operations: Sequence[Operation]) -> None:
        self._model = model
        self._parts = {
            canonical_json(part.key): _Changes(part) for part in model.partition(operations)
        }

    def at_fault(self, kept: Sequence[Operation], limits: Limits) -> bool | None:
        """Say whether these operations exclude every order, whatever became of the others.

        Args:
            kept: Some of the history's operations, as they are there.
            limits: What deciding each independent part of them may cost.

        Returns:
            None if that could not be decided.

        Raises:
            ModelError: The model raised.
        """
        unknown = False
        for part in self._model.partition(kept):
            fault = self._parts[canonical_json(part.key)].at_fault(part.operations, limits)
            if fault:
                return True
            unknown = unknown or fault is None
        return None if unknown else False

    def allowed(self, operation: Operation) -> bool:
        """Say whether some state that the history's changes reach allows an operation.

        Where there are too many states to tell, none is said to.
        """
        (part,) = self._model.partition([operation])
        return self._parts[canonical_json(part.key)].allowed(operation)


class _Changes:
    """The changes of one independent part, in order of invocation."""

    def __init__(self, part: Partition) -> None:
        self._model = part.model
        changes = [
            operation
            for operation in part.operations
            if operation.outcome is not Outcome.FAIL and part.model.changes(operation)
        ]
        self._pending = [operation for operation in changes if operation.completed is None]
        self._ended = [operation for operation in changes if operation.completed is not None]
        first: dict[bytes, Operation] = {}
        self._same = [
            first.setdefault(identity(self._model, operation), operation)
            for operation in self._ended
        ]
        self._invoked = [operation.invoked for operation in self._ended]
        self._furthest = list(accumulate(map(_end, self._ended), max))
        self._everything = cache(self._all_states)

    def at_fault(self, kept: Sequence[Operation], limits: Limits) -> bool | None:
        required, _ = required_and_optional(self._model, kept)
        if not required:
            return False
        busy = _merged((operation.invoked, _end(operation)) for operation in required)
        gaps, changes = self._gaps(busy)
        beside = self._beside(busy, required)
        fault = self._unexplained(required, [*beside, *gaps], changes, limits)
        if fault or not gaps:
            return fault
        # Each change once, when it was, explains less than any number of times: if they are few.
        helpers = self._beside([(-1, busy[-1][1])], required)
        if len(helpers) > _EXACT_MAX:
            return fault
        return self._unexplained(required, helpers, {}, limits)

    def allowed(self, operation: Operation) -> bool:
        states = self._everything() or ()
        return any(apply(self._model, state, operation) is not None for state in states)

    def _all_states(self) -> frozenset[Hashable] | None:
        changes = [*self._ended, *self._pending]
        return reachable(self._model, (self._model.init(),), changes, _EVERYTHING_STEPS)

    def _unexplained(
        self,
        required: Sequence[Operation],
        helpers: Sequence[Operation],
        changes: Mapping[int, Sequence[Operation]],
        limits: Limits,
    ) -> bool | None:
        fold = _texts(required) if isinstance(self._model, Strings) else None
        lenient = Lenient(self._model, changes, self._everything, fold)
        try:
            verdict = native.search(lenient, [*required, *helpers], limits).verdict
        except TooManyStates:
            return None
        return None if verdict is Verdict.UNKNOWN else verdict is Verdict.INVALID

    def _beside(self, busy: Sequence[Interval], required: Sequence[Operation]) -> list[Operation]:
        """Return what may have happened, too, while something of the part was under way."""
        seen = {operation.index for operation in required}
        beside: list[Operation] = []
        for begin, end in busy:
            for place in self._places(begin, end):
                operation = self._ended[place]
                if _end(operation) > begin and operation.index not in seen:
                    seen.add(operation.index)
                    beside.append(may_happen(operation))
        last = busy[-1][1]
        beside += (operation for operation in self._pending if operation.invoked < last)
        return beside

    def _gaps(
        self, busy: Sequence[Interval]
    ) -> tuple[list[Operation], dict[int, Sequence[Operation]]]:
        """Return an operation for each time in which changes happened and nothing of the part."""
        gaps: list[Operation] = []
        changes: dict[int, Sequence[Operation]] = {}
        for (_, begin), (end, _) in pairwise([(-1, -1), *busy]):
            within = self._within(begin, end)
            if within is not None:
                changes[len(gaps)] = self._changes_between(begin, end)
                gaps.append(_anything(within, len(gaps)))
        return gaps, changes

    def _within(self, begin: int, end: int) -> Operation | None:
        """Return a change that began and ended between two moments, if there is one."""
        for place in self._places(begin, end):
            operation = self._ended[place]
            if operation.invoked > begin and _end(operation) < end:
                return operation
        return None

    def _changes_between(self, begin: int, end: int) -> Sequence[Operation]:
        """Return what may have changed the state between two moments, once for all the same."""
        places = self._places(begin, end)
        changes = {
            same.index: same
            for same, operation in zip(
                self._same[places.start : places.stop],
                self._ended[places.start : places.stop],
                strict=True,
            )
            if _end(operation) > begin
        }
        pending = (operation for operation in self._pending if operation.invoked < end)
        return [*changes.values(), *pending]

    def _places(self, begin: int, end: int) -> range:
        """Return a range of places that has all changes under way between two moments."""
        return range(bisect_right(self._furthest, begin), bisect_left(self._invoked, end))


def _end(operation: Operation) -> int:
    return -1 if operation.completed is None else operation.completed


def _merged(intervals: Iterable[Interval]) -> list[Interval]:
    merged: list[Interval] = []
    for begin, end in sorted(intervals):
        if merged and begin < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged


def _anything(within: Operation, number: int) -> Operation:
    return replace(
        within, index=-1 - number, process=ANYTHING, f=ANYTHING, value=number, output=None
    )


def _texts(required: Sequence[Operation]) -> Callable[[Hashable], Hashable]:
    """Fold all texts into one that no answer begins with: only a put makes one of them matter."""
    answers = sorted({op.output for op in required if isinstance(op.output, str)})

    def fold(state: Hashable) -> Hashable:
        text = str(state)
        place = bisect_left(answers, text)
        matters = place < len(answers) and answers[place].startswith(text)
        return text if matters else _NO_TEXT

    return fold

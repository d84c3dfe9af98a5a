"""Locks, with and without an owner, and with fencing tokens.

A lock without an owner is an object of two states. Of an owned lock each acquire belongs together
with the next release of its process: it is surely held from the end of the acquire to the beginning
of the release. No two such spans may overlap; then their order is that of the grants, and tokens
must grow along it. A lock that is never released is held from then on; an acquire of unknown
outcome that is never released need not have happened. O(n log n).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from checker.models.describe import name_operation
from checker.models.locks import FencedLock, Lock, Mutex, is_acquire
from checker.monitors.outcome import MonitorOutcome
from checker.monitors.two_state import Act, Stuck, sweep_two_states
from checker.monitors.violation import Found, Violation, outcome, sentence
from checker.operation import Operation, Outcome

__all__ = ["explain", "judge_fenced_lock", "judge_lock", "judge_mutex"]

ALGORITHM: Final = "lock order"
OVERLAPS: Final = "a process overlaps itself, or goes on after an operation of unknown outcome"
_NEVER: Final = 1 << 62


def judge_mutex(model: Mutex, operations: Sequence[Operation]) -> MonitorOutcome:
    """Judge a lock without an owner.

    Raises:
        MalformedHistory: an operation is none of a lock's.
    """
    acts = [
        Act(operation, "", switches=True, to=is_acquire(model.name, operation))
        for operation in operations
        if operation.outcome is not Outcome.FAIL
    ]
    found = sweep_two_states(acts)
    return outcome(ALGORITHM, _stuck(found) if isinstance(found, Stuck) else found, explain)


def _stuck(stuck: Stuck) -> Violation:
    causes = [act.operation for act in (stuck.switch, stuck.reason) if act is not None]
    operations = {each.index: each for each in (*causes, stuck.act.operation)}
    name = "double-grant" if stuck.act.to else "unheld-release"
    return Violation(name, tuple(operations.values()))


def judge_lock(model: Lock, operations: Sequence[Operation]) -> MonitorOutcome:
    """Judge a lock that its process owns.

    Raises:
        MalformedHistory: an operation is none of a lock's.
    """
    return outcome(ALGORITHM, _judge_spans(model.name, operations, _no_token), explain)


def judge_fenced_lock(model: FencedLock, operations: Sequence[Operation]) -> MonitorOutcome:
    """Judge a lock that its process owns and whose acquires are answered with growing tokens.

    Raises:
        MalformedHistory: an operation is none of a lock's, or a token is not a whole number.
    """
    return outcome(ALGORITHM, _judge_spans(model.name, operations, model.token), explain)


Token = Callable[[Operation], int | None]


def _no_token(_: Operation) -> None:
    return None


class _Span(NamedTuple):
    """The lock, held by one process."""

    acquire: Operation
    release: Operation | None

    @property
    def begin(self) -> int:
        """When it is surely held."""
        return _end(self.acquire)

    @property
    def end(self) -> int:
        """Until when."""
        return _NEVER if self.release is None else self.release.invoked

    @property
    def operations(self) -> tuple[Operation, ...]:
        return (self.acquire,) if self.release is None else (self.acquire, self.release)


def _judge_spans(model: str, operations: Sequence[Operation], token: Token) -> Found:
    by_process: dict[int | str, list[Operation]] = {}
    for operation in sorted(operations, key=lambda each: each.invoked):
        if operation.outcome is not Outcome.FAIL:
            if is_acquire(model, operation):
                token(operation)
            by_process.setdefault(operation.process, []).append(operation)
    spans: list[_Span] = []
    wrong: list[Violation] = []
    for own in by_process.values():
        if any(_end(one) >= other.invoked for one, other in itertools.pairwise(own)):
            return OVERLAPS
        found = _spans(model, own, spans)
        wrong += [] if found is None else [found]
    if wrong:
        return min(wrong, key=lambda violation: violation.operations[-1].invoked)
    spans.sort(key=lambda span: span.begin)
    return _overlap(spans) or _falling_token(spans, token) or _order(spans)


def _spans(model: str, own: Sequence[Operation], spans: list[_Span]) -> Violation | None:
    """Pair what one process did, one after the other; say what is wrong even alone."""
    held: Operation | None = None
    released: Operation | None = None
    for operation in own:
        known = operation.completed is not None
        if is_acquire(model, operation):
            if held is not None and known:
                return Violation("double-grant", (held, operation))
            held = operation if known else held
        elif held is not None:
            spans.append(_Span(held, operation))
            held, released = None, operation
        elif known:
            before = () if released is None else (released,)
            return Violation("unheld-release", (*before, operation))
    if held is not None:
        spans.append(_Span(held, None))
    return None


def _overlap(spans: Sequence[_Span]) -> Violation | None:
    for one, other in itertools.pairwise(spans):
        if other.begin < one.end:
            return Violation("double-grant", (*one.operations, *other.operations))
    return None


def _falling_token(spans: Sequence[_Span], token: Token) -> Violation | None:
    last: tuple[int, _Span] | None = None
    for span in spans:
        number = token(span.acquire)
        if number is None:
            continue
        if last is not None and number <= last[0]:
            return Violation("stale-token", (*last[1].operations, *span.operations))
        last = number, span
    return None


def _order(spans: Sequence[_Span]) -> list[Operation]:
    """Grant by grant; a last release of unknown outcome need not have happened."""
    order = [operation for span in spans for operation in span.operations]
    if order and order[-1].completed is None:
        order.pop()
    return order


def _end(operation: Operation) -> int:
    return _NEVER if operation.completed is None else operation.completed


def explain(anomaly: str, operations: Sequence[Operation]) -> str:
    """Say what is wrong in one sentence, from an anomaly's operations."""
    acquires = [operation for operation in operations if operation.f == "acquire"]
    last = operations[-1]
    if anomaly == "stale-token":
        one, other = acquires
        words = (
            f"{name_operation(other)} was granted the lock after {name_operation(one)}, but its "
            f"token {other.output} is not greater than {one.output}"
        )
    elif anomaly == "double-grant":
        one, other = acquires[0], acquires[-1]
        words = (
            f"{name_operation(other)} was granted the lock while {name_operation(one)} held it: "
            "no release can have come in between"
        )
    elif len(operations) == 1:
        words = f"{name_operation(last)} released a lock that had not been acquired"
    else:
        words = (
            f"{name_operation(last)} released a lock that {name_operation(operations[0])} had "
            "released: no acquire can have come in between"
        )
    return sentence(words)

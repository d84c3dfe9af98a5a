"""What is odd about a history that can be judged: it may prove less than its author thinks.

A history that cannot be judged at all is `MalformedHistory`, and is told by reading it. What is
found here changes no verdict.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from checker.history.history import History
from checker.history.statistics import has_times, statistics_of
from checker.operation import Outcome

__all__ = ["LintFinding", "lint_history"]

_MANY_UNKNOWN: Final = 0.2


class LintFinding(msgspec.Struct, frozen=True, kw_only=True):
    """One oddity: its stable name, the line where it first shows (None: nowhere), and advice."""

    rule: str
    message: str
    line: int | None = None


def lint_history(history: History) -> list[LintFinding]:
    """Return what is odd, in a fixed order of rules."""
    return [*_emptiness(history), *_unknowns(history), *_times(history), *_concurrency(history)]


def _emptiness(history: History) -> Iterator[LintFinding]:
    if not len(history):
        yield LintFinding(rule="empty", message="there are no operations: nothing is proven")
    elif not any(operation.outcome is Outcome.OK for operation in history):
        yield LintFinding(
            rule="no-answers",
            message="no operation was answered ok: any object could have behaved so",
        )


def _unknowns(history: History) -> Iterator[LintFinding]:
    unknown = [operation for operation in history if operation.outcome is Outcome.INFO]
    if len(unknown) > _MANY_UNKNOWN * len(history):
        yield LintFinding(
            rule="many-unknown-outcomes",
            message=f"{len(unknown)} of {len(history)} operations have an unknown outcome: each "
            "proves less and makes the search harder; is a definite error recorded as info?",
            line=unknown[0].line,
        )


def _times(history: History) -> Iterator[LintFinding]:
    if not len(history):
        return
    if not has_times(history):
        yield LintFinding(
            rule="no-times",
            message="events have no times: their order is judged, but latencies are not known",
        )
        return
    endpoints = [(op.invoked, op.time_invoked, op.line) for op in history]
    endpoints += [
        (op.completed, op.time_completed, op.line)
        for op in history
        if op.completed is not None and op.time_completed is not None
    ]
    endpoints.sort(key=lambda endpoint: endpoint[0])
    latest = endpoints[0][1]
    backward = []
    for _, time, line in endpoints:
        if time < latest:
            backward.append(line)
        latest = max(latest, time)
    if backward:
        yield LintFinding(
            rule="time-goes-back",
            message=f"{len(backward)} events have earlier times than events before them: the order "
            "of the lines counts, so sort them by time if that is the true order",
            line=backward[0],
        )


def _concurrency(history: History) -> Iterator[LintFinding]:
    if len(history) > 1 and statistics_of(history).concurrency_max <= 1:
        yield LintFinding(
            rule="never-concurrent",
            message="no two operations overlap: this proves little about concurrent clients",
        )

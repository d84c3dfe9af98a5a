"""Clocks that are known only so well: widen operations by what they may be wrong.

The counterpart of ``native/core/src/history/uncertainty.rs``, which says what it means.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import msgspec

from checker.errors import MalformedHistory
from checker.history.history import History
from checker.operation import Operation

__all__ = ["widen"]


class _End(NamedTuple):
    """One end of an operation's interval, in the order in which ends are ranked."""

    time: float
    completes: bool
    rank: int
    place: int


def widen(history: History, uncertainty: int) -> History:
    """Return the history with each operation widened by ``uncertainty`` nanoseconds at both ends.

    Afterwards a precedes b only if it did before and, by their times, more than twice the
    uncertainty lies between them: what was linearizable stays so.

    Raises:
        MalformedHistory: The history has no times.
    """
    if uncertainty == 0 or not history.operations:
        return history
    if all(operation.time_invoked == operation.invoked for operation in history):
        raise MalformedHistory(
            "it has no times, so that a clock's uncertainty says nothing about it",
            source=history.source,
        )
    ends = [end for operation in history for end in _ends(operation)]
    ends.sort(key=lambda end: end.rank)
    earliest = math.inf
    widened: list[_End] = []
    for end in reversed(ends):
        earliest = min(earliest, end.time)
        time = end.time + uncertainty if end.completes else earliest - uncertainty
        widened.append(end._replace(time=time))
    ranks = {(end.place, end.completes): rank for rank, end in enumerate(sorted(widened))}
    operations = tuple(
        msgspec.structs.replace(
            operation,
            invoked=ranks[place, False],
            completed=ranks.get((place, True)),
        )
        for place, operation in enumerate(history)
    )
    return msgspec.structs.replace(history, operations=operations)


def _ends(operation: Operation) -> list[_End]:
    ends = [_End(operation.time_invoked, False, operation.invoked, operation.index)]  # noqa: FBT003 - a field
    if operation.completed is not None:
        time = math.inf if operation.time_completed is None else operation.time_completed
        ends.append(_End(time, True, operation.completed, operation.index))  # noqa: FBT003 - a field
    return ends

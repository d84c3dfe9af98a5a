"""A history of some operations of another one: the same order and clients, fewer operations."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from checker.history.history import History
from checker.history.recorded import RecordedHistory
from checker.history.statistics import has_times
from checker.operation import Operation

__all__ = ["Subhistories", "subhistory"]


def subhistory(history: History | RecordedHistory, kept: Iterable[int]) -> History:
    """Return the history of the operations with these indices, numbered and ranked anew.

    Times and lines stay those of the whole history; where it has no times, ranks stand in for them
    again. What the nemesis did is left out: nobody judges it.
    """
    return Subhistories(history).of(kept)


class Subhistories:
    """Makes histories of some operations of one history."""

    def __init__(self, history: History | RecordedHistory) -> None:
        self._history = history
        self._timed = has_times(history)

    def of(self, kept: Iterable[int]) -> History:
        """Return the history of the operations with these indices, as `subhistory` does."""
        operations = [self._history.operations[index] for index in sorted(set(kept))]
        endpoints = [operation.invoked for operation in operations]
        endpoints += [op.completed for op in operations if op.completed is not None]
        ranks = {endpoint: rank for rank, endpoint in enumerate(sorted(endpoints))}
        return History(
            operations=tuple(
                _renumbered(operation, index, ranks, timed=self._timed)
                for index, operation in enumerate(operations)
            ),
            header=self._history.header,
            source=self._history.source,
        )


def _renumbered(
    operation: Operation, index: int, ranks: dict[int, int], *, timed: bool
) -> Operation:
    invoked = ranks[operation.invoked]
    completed = None if operation.completed is None else ranks[operation.completed]
    renumbered = replace(operation, index=index, invoked=invoked, completed=completed)
    if timed:
        return renumbered
    # A completion of unknown outcome has no rank, and so no time either.
    return replace(renumbered, time_invoked=invoked, time_completed=completed)

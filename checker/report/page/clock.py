"""One time axis for a history: nanoseconds where it has times, else the order of its events.

Positions on the axis start at 0, the first thing that happened. They serve the eye alone; no
verdict rests on them.
"""

from __future__ import annotations

import msgspec

from checker.history.history import History
from checker.operation import Operation

__all__ = ["Clock"]


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """Where operations and faults lie on the axis; ``length`` is at least 1."""

    timed: bool
    """Positions are nanoseconds; otherwise they count events."""
    start: int
    length: int

    @classmethod
    def of(cls, history: History) -> Clock:
        """Choose the axis that fits a history."""
        timed = _has_times(history)
        starts = [op.time_invoked if timed else op.invoked for op in history.operations]
        if timed:
            starts += [event.time for event in history.nemesis]
        clock = cls(timed=timed, start=min(starts, default=0), length=1)
        ends = [clock.end(op) or clock.begin(op) for op in history.operations]
        if timed:
            ends += [clock.at(event.time) for event in history.nemesis]
        else:
            ends = [end + 1 for end in ends]  # so that the last event has a width
        return msgspec.structs.replace(clock, length=max(ends, default=1) or 1)

    @property
    def origin(self) -> str:
        """Where the axis begins on the recorder's clock; empty where both begin alike."""
        return f"{self.start / 10**9:,.3f} s" if self.timed and self.start >= 10**6 else ""

    def at(self, time: int) -> int:
        """A time of the history on the axis, never before its start."""
        return max(time - self.start, 0)

    def begin(self, operation: Operation) -> int:
        """Where the invocation lies."""
        return self.at(operation.time_invoked if self.timed else operation.invoked)

    def end(self, operation: Operation) -> int | None:
        """Where its client stopped waiting for the answer; None if it never did.

        An operation with an unknown outcome ends here for its client alone: it may still take
        effect later.
        """
        if self.timed:
            time = operation.time_completed
            return None if time is None else max(self.at(time), self.begin(operation))
        if operation.completed is not None:
            return self.at(operation.completed)
        # Where a history gives no times its builder writes ranks instead, and so tells when a
        # client gave up.
        if operation.time_completed is None or operation.time_invoked != operation.invoked:
            return None
        return self.at(operation.time_completed)


def _has_times(history: History) -> bool:
    operations = history.operations
    if not operations:
        return bool(history.nemesis)
    are_ranks = all(op.time_invoked == op.invoked for op in operations)
    first = operations[0].time_invoked
    stand_still = all(op.time_invoked == first == (op.time_completed or first) for op in operations)
    return not (are_ranks or stand_still)

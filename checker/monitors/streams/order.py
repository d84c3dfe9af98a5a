"""The known order of all appends, and which version and position each state had."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from checker.models.stream import met
from checker.monitors.streams.evidence import Attempt, Transition
from checker.monitors.sweep import Item
from checker.operation import Operation

__all__ = ["Line", "Order"]


class Line:
    """How one number, a stream's version or the log's head, went up from state to state.

    States are slots as the sweep counts them: state k is slot 2k.
    """

    def __init__(self) -> None:
        self.ends = [0]
        """The values it ever had; nothing in between was ever seen by a right read."""
        self._since = [0]
        """The state since which it had each of them."""

    @property
    def last(self) -> int:
        """The value in the last state."""
        return self.ends[-1]

    def grow(self, size: int, state: int) -> None:
        """Go up by ``size`` when state ``state`` begins."""
        self.ends.append(self.ends[-1] + size)
        self._since.append(state)

    def slots(self, low: int, high: int | None, top: int) -> tuple[int, int] | None:
        """The slots of the states in which the number was between two values (None: no limit).

        None if it never was.
        """
        first = bisect_left(self.ends, low)
        last = len(self.ends) if high is None else bisect_right(self.ends, high)
        if first >= last:
            return None
        end = top if last == len(self.ends) else 2 * self._since[last] - 2
        return 2 * self._since[first], end


class Order:
    """All appends that took effect, in the one order that the observations allow."""

    def __init__(self) -> None:
        self.transitions: list[Transition] = []
        self.effective: list[Attempt] = []
        """The attempt at each transition that took effect."""
        self.spans: list[tuple[int, int]] = []
        """The first and the last version of each transition in its stream."""
        self.lines: dict[str, Line] = {}
        self.log = Line()
        self.unseen: dict[str, list[Transition]] = {}
        """Of each stream, the transitions that nobody observed: they may have happened or not."""

    @property
    def top(self) -> int:
        """The slot of the last state."""
        return 2 * len(self.transitions)

    def line(self, stream: str) -> Line:
        """The versions of a stream; a stream that nobody appended to is at 0."""
        line = self.lines.get(stream)
        if line is None:
            line = self.lines[stream] = Line()
        return line

    def add(self, transition: Transition, effective: Attempt) -> None:
        """Add the next transition."""
        self.transitions.append(transition)
        self.effective.append(effective)
        line = self.line(transition.stream)
        size = len(transition.ids)
        self.spans.append((line.last + 1, line.last + size))
        line.grow(size, len(self.transitions))
        self.log.grow(size, len(self.transitions))

    def has_other_attempts(self, item: Item) -> bool:
        """Whether an item is a transition that other attempts at it can have made as well."""
        if not item.is_mutation:
            return False
        place = (item.low - 1) // 2
        version = self.spans[place][0] - 1
        attempts = self.transitions[place].attempts
        return sum(met(attempt.append.expected, version) for attempt in attempts) > 1

    def late(self, stream: object) -> list[Operation]:
        """The appends that nobody observed and that fit the end of a stream, by invocation."""
        if not isinstance(stream, str):
            return []
        version = self.line(stream).last
        attempts = [
            attempt.operation
            for transition in self.unseen.get(stream, ())
            if (attempt := transition.effective(version)) is not None
        ]
        return sorted(attempts, key=lambda operation: operation.invoked)

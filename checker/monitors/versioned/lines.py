"""The known changes in order, and what was at each key from one to the next."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from checker.monitors.versioned.ledger import Ledger, Mutation
from checker.monitors.violation import Violation

__all__ = ["Line", "Lines"]

UNKNOWN_BEFORE = "what was there before a change can be an unanswered one that nothing tells of"
_ABSENT = 0
"""The revision of a key that is absent."""


class Line:
    """What was at one key, from state to state; states are slots as the sweep counts them."""

    def __init__(self) -> None:
        self.revisions: list[int] = []
        self.slots: list[int] = []
        """The slot of each change."""
        self.mutations: list[Mutation] = []
        self.present: Sequence[tuple[int, int]] = ()
        """The first and the last slot of each time in which something was there."""
        self.absent: Sequence[tuple[int, int]] = ()
        """And of each in which nothing was."""

    def close(self, top: int) -> None:
        """Work out when the key was there, once all its changes are known."""
        present: list[tuple[int, int]] = []
        absent: list[tuple[int, int]] = []
        since, is_there = 0, False
        for slot, mutation in zip(self.slots, self.mutations, strict=True):
            if (mutation.value is not None) is not is_there:
                (present if is_there else absent).append((since, slot - 1))
                since, is_there = slot + 1, not is_there
        (present if is_there else absent).append((since, top))
        self.present, self.absent = present, absent

    def knows(self, revision: int) -> bool:
        """Whether a revision is one of the key's values."""
        place = bisect_left(self.revisions, revision)
        found = self.revisions[place : place + 1] == [revision]
        return found and self.mutations[place].value is not None

    def span(self, revision: int, top: int) -> tuple[int, int]:
        """The first and the last slot of the states in which a value was there."""
        place = bisect_left(self.revisions, revision)
        end = self.slots[place + 1] - 1 if place + 1 < len(self.slots) else top
        return self.slots[place] + 1, end


class Lines:
    """The lines of all keys."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._lines: dict[str, Line] = {}
        self.slots: list[tuple[int, Mutation]] = []
        for number, revision in enumerate(sorted(ledger.mutations)):
            mutation = ledger.mutations[revision]
            slot = 2 * number + 1
            self.slots.append((slot, mutation))
            line = self._lines.setdefault(mutation.key, Line())
            line.revisions.append(revision)
            line.slots.append(slot)
            line.mutations.append(mutation)
        self.top = 2 * len(self.slots)
        """The slot of the last state."""
        for line in self._lines.values():
            line.close(self.top)

    def line(self, key: str) -> Line:
        """The line of a key; one that nothing is known to have changed was always absent."""
        line = self._lines.get(key)
        if line is None:
            line = self._lines[key] = Line()
            line.close(self.top)
        return line

    def precondition(self) -> Violation | str | None:
        """Find a change that cannot have followed what was there; or why a search must decide."""
        undecided = None
        for key, line in self._lines.items():
            revision, before = _ABSENT, None
            for place, mutation in enumerate(line.mutations):
                wrong = self._follows(key, revision, before, mutation)
                if isinstance(wrong, Violation):
                    return wrong
                undecided = undecided or wrong
                is_there = mutation.value is not None
                revision = line.revisions[place] if is_there else _ABSENT
                before = mutation
        return undecided

    def _follows(
        self, key: str, revision: int, before: Mutation | None, mutation: Mutation
    ) -> Violation | str | None:
        operation, request = mutation.act
        hidden = self._ledger.hidden.get(key, ())
        cause = () if before is None else (before.act.operation,)
        if request.value is None:
            if revision != _ABSENT:
                return None
            puts = any(act.request.value is not None for act in hidden)
            return UNKNOWN_BEFORE if puts else Violation("no-state", (operation, *cause))
        expected = request.expected
        if expected is None or expected == revision:
            return None
        if expected == _ABSENT:
            explains = any(act.operation.f == "delete" for act in hidden)
        else:
            is_told = expected in self._ledger.mutations
            explains = not is_told and any(act.request.value is not None for act in hidden)
        return UNKNOWN_BEFORE if explains else Violation("expected-violated", (operation, *cause))

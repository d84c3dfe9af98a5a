"""The monitor of versioned key-value stores: exact, in O(n log n).

Revisions tell the order of the writes, and a known order of the writes leaves one pass over time
(`checker.monitors.sweep`). What is read at a revision was there from its write to the next one of
its key; a key was absent before its first write, and from each delete to the write after it.

Unanswered changes that nothing tells of are left out, which is always allowed. Where one of them
could explain what nothing else does, the question is left to the search.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from checker.models.versioned_kv import VersionedKv
from checker.monitors.outcome import MonitorOutcome
from checker.monitors.sweep import Item, ProcessSweep, Sweep
from checker.monitors.versioned.ledger import Act, Ledger
from checker.monitors.versioned.lines import Line, Lines
from checker.monitors.versioned.words import explain
from checker.monitors.violation import Found, Violation, outcome
from checker.operation import Operation

__all__ = ["judge_versioned", "judge_versioned_by_process"]

ALGORITHM: Final = "revision order"
HIDDEN: Final = "an unanswered change that nothing tells of can explain what was observed"
_OPERATIONS_MAX: Final = 4


def judge_versioned(model: VersionedKv, operations: Sequence[Operation]) -> MonitorOutcome:
    """Judge whether one key, or a store with revisions of its own, is linearizable.

    Raises:
        MalformedHistory: an operation is none of the model's.
    """
    return outcome(ALGORITHM, _decide(model, operations, Sweep), explain)


def judge_versioned_by_process(
    model: VersionedKv, operations: Sequence[Operation]
) -> MonitorOutcome:
    """Judge whether one key, or a store with revisions of its own, is sequentially consistent.

    Raises:
        MalformedHistory: an operation is none of the model's.
    """
    return outcome(ALGORITHM, _decide(model, operations, ProcessSweep), explain)


def _decide(model: VersionedKv, operations: Sequence[Operation], kind: type[Sweep]) -> Found:
    ledger = Ledger()
    wrong = ledger.enter(model, operations)
    if wrong is not None:
        return wrong
    lines = Lines(ledger)
    wrong = lines.precondition()
    if wrong is not None:
        return wrong
    domains = _Domains(ledger, lines)
    sweep = kind(domains.items, lines.top, _nothing, None)
    sweep.run()
    if sweep.violations:
        item, raised_by = sweep.violations[0].item, sweep.violations[0].raised_by
        if any(domains.may_be_explained(reason) for reason in (item, *raised_by)):
            return HIDDEN
        return _name(item, raised_by)
    by_index = {operation.index: operation for operation in operations}
    return [by_index[index] for index in sweep.order()]


def _nothing(scope: object) -> Sequence[Operation]:
    del scope
    return ()


def _name(item: Item, raised_by: Sequence[Item]) -> Violation:
    known = tuple(reason.operation for reason in raised_by)[: _OPERATIONS_MAX - 1]
    if not item.is_mutation:
        refused = item.operation.output is False
        name = "unjustified-conflict" if refused else "stale-read"
        return Violation(name, (item.operation, *known))
    if raised_by and not raised_by[0].is_mutation:
        return Violation("future-read", (*known, item.operation))
    return Violation("stale-write", (item.operation, *known))


class _Domains:
    """Gives every operation that says something the states in which it is legal."""

    def __init__(self, ledger: Ledger, lines: Lines) -> None:
        self._lines = lines
        self._hidden = ledger.hidden
        self._elastic: dict[int, Act] = {}
        self.items: list[Item] = []
        for slot, mutation in lines.slots:
            operation = mutation.act.operation
            self.items.append(Item(operation, slot, slot, mutation.key))
        for act in ledger.observations:
            self._observation(act)

    def may_be_explained(self, item: Item) -> bool:
        """Whether a change that nothing tells of could let an operation go elsewhere."""
        act = self._elastic.get(item.operation.index)
        if act is None:
            return False
        hidden = self._hidden.get(act.request.key, ())
        needs_delete = act.request.expected is None
        return any(not needs_delete or other.operation.f == "delete" for other in hidden)

    def _observation(self, act: Act) -> None:
        operation, request = act
        line = self._lines.line(request.key)
        if request.observed is not None:
            low, high = line.span(request.observed.revision, self._lines.top)
            self.items.append(Item(operation, low, high, request.key))
            return
        self._elastic[operation.index] = act
        holes = self._refusals(line, request.expected)
        self.items.append(Item(operation, 0, self._lines.top, request.key, holes=holes))

    def _refusals(self, line: Line, expected: int | None) -> Sequence[tuple[int, int]]:
        """The states that an operation which found no value cannot have found."""
        if expected is None:
            return line.present
        if expected == 0:
            return line.absent
        if not line.knows(expected):
            return ()
        return (line.span(expected, self._lines.top),)

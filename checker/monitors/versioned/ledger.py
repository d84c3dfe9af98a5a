"""Which write has which revision: what was answered, and what reads tell of unanswered writes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from checker.models.versioned_kv import VersionedKv
from checker.models.versioned_operations import VersionedOperation, decode
from checker.monitors.violation import Violation
from checker.operation import Operation, Outcome

__all__ = ["AMBIGUOUS", "Act", "Ledger", "Mutation"]

AMBIGUOUS = "several unanswered writes of one value can be the one that a read shows"


class Act(NamedTuple):
    """An operation, decoded."""

    operation: Operation
    request: VersionedOperation


class Mutation(NamedTuple):
    """A change whose revision is known, and the operation that told it."""

    act: Act
    told_by: Operation

    @property
    def key(self) -> str:
        """The key that it changed."""
        return self.act.request.key

    @property
    def value(self) -> str | None:
        """What it put there; None if it deleted the key."""
        return self.act.request.value


class Ledger:
    """The operations of a history, sorted, and the changes by revision."""

    def __init__(self) -> None:
        self.mutations: dict[int, Mutation] = {}
        self.observations: list[Act] = []
        """Answered, and not answered a revision of their own."""
        self.hidden: dict[str, list[Act]] = defaultdict(list)
        """Of each key, the unanswered changes that nothing tells of: they may have happened."""
        self._writes: dict[tuple[str, str], list[tuple[int, Act]]] = defaultdict(list)
        self._pending: dict[tuple[str, str], list[Act]] = defaultdict(list)
        self._failed: dict[tuple[str, str], Operation] = {}
        self._told: dict[int, Mutation] = {}
        """The unanswered changes that reads tell of, by operation."""

    def enter(self, model: VersionedKv, operations: Sequence[Operation]) -> Violation | str | None:
        """Enter all operations; return what contradicts itself, or why a search must decide.

        Raises:
            MalformedHistory: an operation is none of the model's.
        """
        for operation in operations:
            act = Act(operation, decode(operation, model.name))
            wrong = self._sort(act)
            if wrong is not None:
                return wrong
        for act in self.observations:
            found = self._observe(act)
            if found is not None:
                return found
        for acts in self._pending.values():
            for act in acts:
                if act.operation.index not in self._told:
                    self.hidden[act.request.key].append(act)
        return None

    def _sort(self, act: Act) -> Violation | None:
        operation, request = act
        place = request.key, request.value or ""
        if operation.outcome is Outcome.FAIL:
            if request.value is not None:
                self._failed[place] = operation
        elif operation.outcome is Outcome.INFO:
            if request.value is not None:
                self._pending[place].append(act)
            elif operation.f == "delete":
                self.hidden[request.key].append(act)
        elif request.revision is None:
            self.observations.append(act)
        elif request.revision < 1:
            return Violation("no-state", (operation,))
        elif request.revision in self.mutations:
            other = self.mutations[request.revision].act.operation
            return Violation("overlap", (other, operation))
        else:
            self.mutations[request.revision] = Mutation(act, operation)
            if request.value is not None:
                self._writes[place].append((request.revision, act))
        return None

    def _observe(self, act: Act) -> Violation | str | None:
        """Learn from what was observed, or say why it cannot be."""
        operation, request = act
        observed = request.observed
        if observed is None:
            return None
        if request.expected == observed.revision:
            return Violation("unjustified-conflict", (operation,))
        known = self.mutations.get(observed.revision)
        place = request.key, observed.value
        if known is not None:
            is_right = (known.key, known.value) == place
            return None if is_right else Violation("divergent", (known.told_by, operation))
        return self._identify(act, place)

    def _identify(self, act: Act, place: tuple[str, str]) -> Violation | str | None:
        """Find whose value is told of at a revision that no answer has."""
        operation, observed = act.operation, act.request.observed
        pending = self._pending.get(place, [])
        if observed is None or observed.revision < 1:
            return Violation("no-state", (operation,))
        if len(pending) == 1 and pending[0].operation.index not in self._told:
            mutation = Mutation(pending[0], operation)
            self.mutations[observed.revision] = self._told[pending[0].operation.index] = mutation
            return None
        if len(pending) > 1:
            return AMBIGUOUS
        return self._unwritten(operation, place, pending)

    def _unwritten(
        self, operation: Operation, place: tuple[str, str], pending: Sequence[Act]
    ) -> Violation:
        """Say what is wrong with a value at a revision at which no write can have put it."""
        told = self._told.get(pending[0].operation.index) if pending else None
        if told is not None:
            return Violation("duplicate", (told.told_by, operation))
        if place in self._writes:
            _, act = self._writes[place][0]
            return Violation("version-mismatch", (operation, act.operation))
        if place in self._failed:
            return Violation("aborted-read", (operation, self._failed[place]))
        return Violation("thin-air", (operation,))

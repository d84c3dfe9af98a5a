"""Versioned key-value stores, as etcd is one: every write has a revision, and reads tell whose.

A revision is a label that grows with each write, and nothing is said of how much: writes by others,
or to other keys, may lie between any two. A write of unknown outcome has a revision too, which is
known once a read tells of it; until then the model keeps between which others it must be.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from checker.models.model import Model, Partition
from checker.models.versioned_operations import FUNCTIONS, VersionedOperation, decode
from checker.operation import Operation, Outcome

__all__ = ["VersionedKv", "VersionedState", "VersionedStore"]


class Cell(NamedTuple):
    """What is at one key: a value, and what is known of its revision."""

    key: str
    value: str
    revision: int | None
    """None if its write was not answered, and nothing has told of it since."""
    above: int
    """An unknown revision is larger than this one,"""
    below: int | None
    """smaller than this one, if there is one,"""
    excluded: frozenset[int]
    """and none of these."""

    def resolved(self, revision: int) -> Cell | None:
        """The cell once its revision is told; None if it cannot be that one."""
        if self.revision is not None:
            return self if self.revision == revision else None
        fits = self.above < revision and (self.below is None or revision < self.below)
        if not fits or revision in self.excluded:
            return None
        return Cell(self.key, self.value, revision, 0, None, frozenset())

    def after(self, revision: int) -> Cell:
        """The cell once something before it turns out to have this revision."""
        return self if self.revision is not None else self._replace(above=max(self.above, revision))

    def before(self, revision: int) -> Cell:
        """The cell once something after it turns out to have this revision."""
        if self.revision is not None:
            return self
        below = revision if self.below is None else min(self.below, revision)
        return self._replace(below=below)


class VersionedState(NamedTuple):
    """The keys that are there, in the order in which they were written last."""

    cells: tuple[Cell, ...]
    last: int
    """The largest revision that is known."""

    def place(self, key: str) -> int | None:
        """Where the cell of a key is; None if the key is absent."""
        return next((at for at, cell in enumerate(self.cells) if cell.key == key), None)

    def without(self, place: int | None) -> VersionedState:
        """The state without one cell."""
        if place is None:
            return self
        return VersionedState((*self.cells[:place], *self.cells[place + 1 :]), self.last)

    def resolved(self, place: int, revision: int) -> VersionedState | None:
        """The state once the revision of one cell is told; None if it cannot be that one."""
        cell = self.cells[place].resolved(revision)
        if cell is None or cell == self.cells[place]:
            return None if cell is None else self
        earlier = [other.before(revision) for other in self.cells[:place]]
        later = [other.after(revision) for other in self.cells[place + 1 :]]
        return VersionedState((*earlier, cell, *later), max(self.last, revision))

    def advanced(self, revision: int) -> VersionedState | None:
        """The state once a write with this revision follows; None if it cannot."""
        if revision <= self.last:
            return None
        return VersionedState(tuple(cell.before(revision) for cell in self.cells), revision)

    def __str__(self) -> str:
        cells = [
            f"{cell.key} = {cell.value} at revision {cell.revision or '?'}" for cell in self.cells
        ]
        return ", ".join(cells) or "no key"


class VersionedKv(Model[VersionedState]):
    """Keys with revisions: ``read``, ``write``, ``delete``, ``cas``; each key is judged alone.

    The order of its revisions is the order of a key's writes. A read is answered what is there,
    ``{"value": ..., "revision": ...}`` or null. A write, a delete and a cas (value:
    ``[expected revision, new value]``, 0 for an absent key) are answered their revision; a delete
    of nothing null; a cas that was refused false, or what is there.
    """

    name = "versioned-kv"
    functions = FUNCTIONS

    def init(self) -> VersionedState:
        """Return the store without any key."""
        return VersionedState((), 0)

    def step(self, state: VersionedState, operation: Operation) -> VersionedState | None:
        """Write, delete, or compare what was observed with what is there."""
        request = decode(operation, self.name)
        place = state.place(request.key)
        if operation.f == "read":
            return _observe(state, place, request)
        if operation.f == "delete":
            return _delete(state, place, request, is_answered=operation.completed is not None)
        if operation.f == "cas":
            return _compare(state, place, request, is_answered=operation.completed is not None)
        return _write(state, place, request)

    def changes(self, operation: Operation) -> bool:
        """Everything but a read that nobody answered: an answer settles what is known."""
        return operation.f != "read" or operation.outcome is Outcome.OK


class VersionedStore(VersionedKv):
    """A `versioned-kv` whose revisions count the writes to all keys: the store is one object.

    Its order of revisions is the order of all writes: a later write to any key has a larger one.
    """

    name = "versioned-store"

    def partition(self, operations: Sequence[Operation]) -> list[Partition]:
        """All keys together."""
        return [Partition(key=None, operations=tuple(operations), model=self)] * bool(operations)


def _observe(
    state: VersionedState, place: int | None, request: VersionedOperation
) -> VersionedState | None:
    observed = request.observed
    if observed is None:
        return state if place is None else None
    if place is None or state.cells[place].value != observed.value:
        return None
    return state.resolved(place, observed.revision)


def _delete(
    state: VersionedState, place: int | None, request: VersionedOperation, *, is_answered: bool
) -> VersionedState | None:
    if not is_answered:
        return state.without(place)
    if request.revision is None or place is None:
        return state if request.revision is None and place is None else None
    return state.without(place).advanced(request.revision)


def _compare(
    state: VersionedState, place: int | None, request: VersionedOperation, *, is_answered: bool
) -> VersionedState | None:
    expected = request.expected or 0
    if is_answered and request.revision is None:
        return _refuse(state, place, request, expected)
    if place is None:
        return _write(state, place, request) if expected == 0 else None
    compared = state.resolved(place, expected)
    return None if compared is None else _write(compared, place, request)


def _refuse(
    state: VersionedState, place: int | None, request: VersionedOperation, expected: int
) -> VersionedState | None:
    if request.observed is not None:
        differs = request.observed.revision != expected
        return _observe(state, place, request) if differs else None
    if place is None:
        return state if expected != 0 else None
    cell = state.cells[place]
    if cell.revision is not None:
        return state if cell.revision != expected else None
    apart = cell._replace(excluded=cell.excluded | {expected})
    return VersionedState((*state.cells[:place], apart, *state.cells[place + 1 :]), state.last)


def _write(
    state: VersionedState, place: int | None, request: VersionedOperation
) -> VersionedState | None:
    value = request.value or ""
    rest = state.without(place)
    if request.revision is None:
        cell = Cell(request.key, value, None, rest.last, None, frozenset())
        return VersionedState((*rest.cells, cell), rest.last)
    after = rest.advanced(request.revision)
    if after is None:
        return None
    cell = Cell(request.key, value, request.revision, 0, None, frozenset())
    return VersionedState((*after.cells, cell), after.last)

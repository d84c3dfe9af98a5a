"""Anomalies of containers in plain words, from the operations alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from checker.models.canonical import canonical_json
from checker.models.describe import name_operation, shorten
from checker.monitors.violation import sentence
from checker.operation import Operation

__all__ = ["Fate", "Words", "fates"]

_NAMED_MAX: Final = 4
"""The most values that one sentence names."""
_TWICE: Final = 3
"""The operations of a value that was put in once and taken out twice."""


class Fate(NamedTuple):
    """A value's insertion and its removal, as far as a certificate has them."""

    value: str
    insertion: Operation
    removal: Operation | None


class Words(NamedTuple):
    """What a family calls its operations."""

    insertion: str
    """The verb of the insertion's name: enqueue."""
    inserted: str
    removed: str
    container: str

    def explain(self, anomaly: str, operations: Sequence[Operation]) -> str:
        """Say what is wrong, for the anomalies that all containers have."""
        first = operations[0]
        if anomaly == "thin-air":
            return sentence(
                f"{name_operation(first)} {self.removed} {shorten(first.output)}, "
                f"which nobody {self.inserted}"
            )
        if anomaly == "aborted-removal":
            return sentence(
                f"{name_operation(operations[1])} {self.removed} {shorten(first.value)}, but its "
                f"{self.insertion}, {name_operation(first)}, failed and certainly had no effect"
            )
        if anomaly == "duplicate-removal":
            return self._too_often(operations)
        if anomaly == "future-removal":
            return sentence(
                f"{name_operation(first)} {self.removed} {shorten(first.output)} before its "
                f"{self.insertion}, {name_operation(operations[1])}, began"
            )
        if anomaly == "non-linearizable":
            values = ", ".join(fate.value for fate in fates(operations)[:_NAMED_MAX])
            return sentence(
                f"no order explains what was {self.inserted} and {self.removed} of {values}, "
                f"whichever operations on equal values belong together"
            )
        inside = fates(operations[1:])
        alone = len(inside) == 1
        return sentence(
            f"{name_operation(first)} found the {self.container} empty, but "
            f"{'this value was' if alone else 'at least one of these values was always'} in it: "
            f"{self.list_fates(inside)}"
        )

    def _too_often(self, operations: Sequence[Operation]) -> str:
        insertion, *others = operations
        if len(operations) == _TWICE:
            one, other = others
            return sentence(
                f"{shorten(insertion.value)} was {self.inserted} once, by "
                f"{name_operation(insertion)}, and {self.removed} twice, by "
                f"{name_operation(one)} and by {name_operation(other)}"
            )
        times = len(operations) // 2
        return sentence(
            f"{shorten(insertion.value)} was {self.removed} {times + 1} times by the time that "
            f"{name_operation(others[-1])} ended, and {self.inserted} at most {times} times"
        )

    def fate(self, fate: Fate) -> str:
        """Say what became of a value."""
        return (
            f"{fate.value} ({self.inserted} by {name_operation(fate.insertion)}, "
            f"{self.fate_of_removal(fate)})"
        )

    def fate_of_removal(self, fate: Fate) -> str:
        """Say who took it out."""
        if fate.removal is None:
            return f"never {self.removed}"
        return f"{self.removed} by {name_operation(fate.removal)}"

    def list_fates(self, found: Sequence[Fate]) -> str:
        """Name some values, and how many there are beyond."""
        words = [self.fate(fate) for fate in found[:_NAMED_MAX]]
        more = len(found) - len(words)
        return ", ".join([*words, f"and {more} more"] if more else words)


def fates(operations: Sequence[Operation]) -> list[Fate]:
    """Pair the operations of a certificate: an insertion stands before its removal."""
    found: dict[str, Fate] = {}
    for operation in operations:
        inserted = canonical_json(operation.value)
        if operation.value is not None and inserted not in found:
            found[inserted] = Fate(shorten(operation.value), operation, None)
        else:
            removed = canonical_json(operation.output)
            if removed in found:
                found[removed] = found[removed]._replace(removal=operation)
    return list(found.values())

"""The anomalies found so far: bounded, and the most telling first."""

from __future__ import annotations

from collections import Counter
from typing import Final

from checker.monitors.streams.words import explain
from checker.operation import Operation
from checker.verdict import Anomaly

__all__ = ["ANOMALIES_MAX", "TELLING", "Findings"]

TELLING: Final = (
    "lost-append",
    "phantom",
    "aborted-visible",
    "late-position",
    "torn-read",
    "divergent",
    "duplicate",
    "overlap",
    "missing-events",
    "expected-violated",
    "version-mismatch",
    "unjustified-conflict",
    "future-read",
    "stale-read",
    "stale-append",
    "no-state",
)
"""Every anomaly of streams; what explains the others stands before them."""

ANOMALIES_MAX: Final = 8
"""The most anomalies one partition reports: one bug can break thousands of operations."""

_OF_A_TYPE_MAX: Final = 4
_RANK: Final = {name: rank for rank, name in enumerate(TELLING)}


class Findings:
    """What is wrong, and what could not be decided."""

    def __init__(self) -> None:
        self.undecided = ""
        self._anomalies: list[Anomaly] = []
        self._of_type: Counter[str] = Counter()
        self._known: set[tuple[str, tuple[int, ...]]] = set()

    def __bool__(self) -> bool:
        return bool(self._anomalies or self.undecided)

    def add(self, name: str, operations: tuple[Operation, ...]) -> None:
        """Add an anomaly, unless enough of its type were found or this one was already."""
        distinct = {operation.index: operation for operation in operations}
        indices = tuple(distinct)
        if self._of_type[name] == _OF_A_TYPE_MAX or (name, indices) in self._known:
            return
        self._of_type[name] += 1
        self._known.add((name, indices))
        explanation = explain(name, tuple(distinct.values()))
        self._anomalies.append(Anomaly(type=name, operations=indices, explanation=explanation))

    def leave(self, reason: str) -> None:
        """Leave the question to the search, unless an anomaly answers it."""
        self.undecided = self.undecided or reason

    def anomalies(self) -> tuple[Anomaly, ...]:
        """Return the anomalies, the most telling type first, each type in the order found."""
        ordered = sorted(self._anomalies, key=lambda anomaly: _RANK[anomaly.type])
        return tuple(ordered[:ANOMALIES_MAX])

"""Which operations to draw when not all fit: those that explain the verdict come first."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from checker.history.history import History
from checker.operation import Operation
from checker.verdict import Anomaly

__all__ = ["NEIGHBOURS", "choose_operations"]

NEIGHBOURS: Final = 200
"""Operations kept on either side of each operation of an anomaly."""


def choose_operations(
    history: History, anomalies: Iterable[Anomaly], quota: int
) -> tuple[Operation, ...]:
    """At most ``quota`` operations in order of invocation.

    Kept in this order of precedence: the operations of anomalies; their neighbours in time; what
    happened between them on the same keys; then, spread evenly, operations of unknown outcome and
    all the rest.
    """
    operations = history.operations
    if len(operations) <= quota:
        return operations
    failing = list(anomalies)
    chosen: set[int] = set()
    layers = (
        sorted({i for a in failing for i in a.operations}),
        _neighbours(failing, len(operations)),
        _same_keys(history, failing),
        [op.index for op in operations if op.completed is None],
        range(len(operations)),
    )
    for layer in layers:
        fresh = [index for index in layer if index not in chosen]
        chosen.update(_spread(fresh, quota - len(chosen)))
        if len(chosen) >= quota:
            break
    return tuple(operations[index] for index in sorted(chosen))


def _neighbours(anomalies: Iterable[Anomaly], count: int) -> list[int]:
    near: set[int] = set()
    for anomaly in anomalies:
        for index in anomaly.operations:
            near.update(range(max(index - NEIGHBOURS, 0), min(index + NEIGHBOURS + 1, count)))
    return sorted(near)


def _same_keys(history: History, anomalies: Iterable[Anomaly]) -> list[int]:
    operations = history.operations
    between: set[int] = set()
    for anomaly in anomalies:
        if anomaly.operations:
            keys = [operations[index].key for index in anomaly.operations]
            first, last = min(anomaly.operations), max(anomaly.operations)
            between.update(i for i in range(first, last + 1) if operations[i].key in keys)
    return sorted(between)


def _spread(indices: list[int], room: int) -> list[int]:
    """All of ``indices``, or ``room`` of them at even distances."""
    if len(indices) <= room:
        return indices
    return [indices[place * len(indices) // room] for place in range(room)]

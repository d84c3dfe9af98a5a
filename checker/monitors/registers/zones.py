"""Zones: registers whose values are all written once, after Gibbons and Korach.

"Testing shared memories" (SICOMP 26(4), 1997): all operations on one value must stand together in
any order. One value must precede another exactly if some operation on it ended before some
operation on the other began. As that compares only the first end and the last beginning of each, a
history is linearizable exactly if no two values must each precede the other. Chains of
compare-and-sets count as one. O(n log n).

Values that are written twice, and refused compare-and-sets, are left to the search.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

from checker.models.canonical import canonical_json
from checker.models.describe import name_operation, shorten
from checker.models.register import Register
from checker.monitors.outcome import MonitorOutcome
from checker.monitors.registers.clusters import Cluster, Clusters
from checker.operation import Operation
from checker.verdict import Anomaly

__all__ = ["judge_registers"]

ALGORITHM = "zones"
ANOMALIES_MAX = 8


def judge_registers(model: Register, operations: Sequence[Operation]) -> MonitorOutcome:
    """Judge one register.

    Raises:
        MalformedHistory: an operation does not have the shape that the model defines.
    """
    clusters = Clusters(model, operations)
    anomalies = clusters.anomalies
    if clusters.undecided:
        return MonitorOutcome(algorithm=ALGORITHM, undecided=clusters.undecided)
    zones: list[_Zone] = []
    if not anomalies:
        for chain in clusters.chains:
            anomalies += _in_chain(chain)
        zones = [
            _Zone(chain) for chain in clusters.chains if chain[0].operations or chain[0].following
        ]
    if not anomalies:
        anomalies += _between(zones)
    if anomalies:
        return MonitorOutcome(algorithm=ALGORITHM, anomalies=tuple(anomalies[:ANOMALIES_MAX]))
    return MonitorOutcome(algorithm=ALGORITHM, witness=_witness(zones))


class _Zone:
    """From when to when a chain's values are held in place by its operations.

    ``first`` is the end of the operation that ended first, ``last`` the beginning of the one that
    began last. If ``first`` comes before ``last`` the values are pinned to all that is between
    (a forward zone); otherwise one moment between ``last`` and ``first`` is enough for all of them.
    """

    __slots__ = ("chain", "first", "first_ended", "last", "last_begun")

    def __init__(self, chain: list[Cluster]) -> None:
        operations = [operation for cluster in chain for operation in cluster.operations]
        self.chain = chain
        self.last_begun = max(operations, key=lambda operation: operation.invoked)
        self.last = self.last_begun.invoked
        self.first_ended: Operation | None = min(operations, key=_end)
        self.first = _end(self.first_ended)
        if chain[0].write is None:
            # The initial value was there before everything.
            self.first_ended, self.first = None, -1.0

    @property
    def is_forward(self) -> bool:
        """Whether the values are pinned to a time, instead of to one moment of it."""
        return self.first < self.last


def _end(operation: Operation) -> float:
    return float("inf") if operation.completed is None else operation.completed


def _in_chain(chain: list[Cluster]) -> list[Anomaly]:
    """Find a later value that was done with before something on an earlier one began."""
    latest: Operation | None = None
    for cluster in chain:
        write = cluster.write
        for read in cluster.reads:
            if write is not None and _end(read) < write.invoked:
                return [
                    _anomaly(
                        "future-read",
                        (read, write),
                        f"{name_operation(read)} saw {shorten(cluster.value)} before its write, "
                        f"{name_operation(write)}, had begun.",
                    )
                ]
        for operation in cluster.operations:
            if latest is not None and _end(operation) < latest.invoked:
                return [_backwards(latest, operation)]
        for operation in cluster.operations:
            if latest is None or operation.invoked > latest.invoked:
                latest = operation
    return []


def _backwards(latest: Operation, operation: Operation) -> Anomaly:
    """Explain what ended too early in a chain: before something on an earlier value began."""
    words = f"before {name_operation(latest)}, which {_deed(latest)}, had begun"
    if latest.f == "read":
        return _anomaly(
            "stale-read",
            (latest, operation),
            f"{name_operation(operation)} {_deed(operation)} {words}: the value it read was gone.",
        )
    return _anomaly(
        "future-read",
        (operation, latest),
        f"{name_operation(operation)} {_deed(operation)} {words}, though one came from the other.",
    )


def _between(zones: Sequence[_Zone]) -> list[Anomaly]:
    """Find pairs of chains that must each precede the other."""
    forward = sorted((zone for zone in zones if zone.is_forward), key=lambda zone: zone.first)
    found = [_crossing(one, other) for one, other in pairwise(forward) if other.first < one.last]
    starts = [zone.first for zone in forward]
    for zone in zones:
        if not zone.is_forward:
            place = bisect_left(starts, zone.last) - 1
            if place >= 0 and zone.first < forward[place].last:
                found.append(_crossing(forward[place], zone))
        if len(found) >= ANOMALIES_MAX:
            break
    return found


def _crossing(one: _Zone, other: _Zone) -> Anomaly:
    """Explain two chains that must each precede the other."""
    early, late = (one, other) if one.last > other.last else (other, one)
    stale, proof = early.last_begun, early.first_ended
    newer = late.first_ended or late.last_begun
    words = f"{name_operation(stale)} {_deed(stale)}, but {name_operation(newer)} {_deed(newer)}"
    if proof is None:
        return _anomaly(
            f"stale-{stale.f}",
            (stale, newer),
            f"{words} before it began: the first value was gone.",
        )
    other_side = f"{name_operation(late.last_begun)}, which {_deed(late.last_begun)},"
    return _anomaly(
        f"stale-{stale.f}",
        (stale, newer, proof, late.last_begun),
        f"{words} before it began, and {name_operation(proof)} {_deed(proof)} before {other_side} "
        "began: neither value can come after the other.",
    )


def _deed(operation: Operation) -> str:
    if operation.f == "read":
        return f"read {_words(operation.output)}"
    if operation.f == "cas":
        return f"replaced {_words(operation.value[0])} by {_words(operation.value[1])}"
    return f"wrote {_words(operation.value)}"


def _words(value: object) -> str:
    """A value as JSON, so that 1 and "1" look different."""
    return shorten(canonical_json(value))


def _witness(zones: Sequence[_Zone]) -> tuple[int, ...]:
    """Order the chains by where they may begin, each write before its reads."""
    ordered = sorted(zones, key=lambda zone: (min(zone.first, zone.last), zone.is_forward))
    witness: list[int] = []
    for zone in ordered:
        for cluster in zone.chain:
            if cluster.write is not None:
                witness.append(cluster.write.index)
            reads = sorted(cluster.reads, key=lambda read: read.invoked)
            witness += [read.index for read in reads]
    return tuple(witness)


def _anomaly(name: str, operations: tuple[Operation, ...], explanation: str) -> Anomaly:
    indices = dict.fromkeys(operation.index for operation in operations)
    sentence = explanation[:1].upper() + explanation[1:]
    return Anomaly(type=name, operations=tuple(indices), explanation=sentence)

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

from checker.models.register import Register
from checker.monitors.outcome import MonitorOutcome
from checker.monitors.registers.clusters import Cluster, Clusters, anomaly_of
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
                return [anomaly_of("future-read", read, write)]
        for operation in cluster.operations:
            if latest is not None and _end(operation) < latest.invoked:
                return [_backwards(latest, operation)]
        for operation in cluster.operations:
            if latest is None or operation.invoked > latest.invoked:
                latest = operation
    return []


def _backwards(latest: Operation, operation: Operation) -> Anomaly:
    """Name what ended too early in a chain: before something on an earlier value began."""
    if latest.f == "read":
        return anomaly_of("stale-read", latest, operation)
    return anomaly_of("future-read", operation, latest)


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
    """Name two chains that must each precede the other."""
    one_is_early = one.last > other.last
    if one.first_ended is None or other.first_ended is None:
        # The initial value was there before everything.
        one_is_early = one.first_ended is None
    early, late = (one, other) if one_is_early else (other, one)
    stale, newer = early.last_begun, late.first_ended or late.last_begun
    others = () if early.first_ended is None else (early.first_ended, late.last_begun)
    return anomaly_of(f"stale-{stale.f}", stale, newer, *others)


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

"""Clusters: a value that was written once, its write, and everything that saw it.

A compare-and-set sees one value and writes the next, so that the cluster it saw must come right
before its own: such clusters are linked into chains.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from checker.models.canonical import canonical_json
from checker.models.register import Register, cas_values
from checker.monitors.registers.words import explain
from checker.operation import Operation, Outcome
from checker.verdict import Anomaly

__all__ = ["Cluster", "Clusters", "anomaly_of"]

_CIRCLE_MAX: Final = 4


class Cluster:
    """The operations around one value; the initial value has no write."""

    __slots__ = ("following", "reads", "value", "write")

    def __init__(self, value: str, write: Operation | None) -> None:
        self.value = value
        self.write = write
        self.reads: list[Operation] = []
        self.following: Cluster | None = None
        """The cluster whose write is a compare-and-set that saw this value."""

    @property
    def operations(self) -> list[Operation]:
        """The write, if there is one, and the reads."""
        return self.reads if self.write is None else [self.write, *self.reads]


class Clusters:
    """Sort a register's operations by value; read the results afterwards.

    ``undecided`` says why values do not tell the order, ``anomalies`` what is wrong whatever the
    order is.
    """

    def __init__(self, model: Register, operations: Sequence[Operation]) -> None:
        self.anomalies: list[Anomaly] = []
        self.undecided = ""
        self.chains: list[list[Cluster]] = []
        """Clusters that must follow one another directly; most chains have just one."""
        self._initial = model.init()
        self._writers: dict[str, Operation] = {}
        self._failed: dict[str, Operation] = {}
        self._clusters: dict[str, Cluster] = {}
        reads: list[tuple[Operation, str]] = []
        for operation in operations:
            if operation.f == "read":
                if operation.outcome is Outcome.OK:
                    reads.append((operation, canonical_json(operation.output)))
            elif operation.f in model.functions:
                self._enter_write(operation)
            else:
                raise model.unknown(operation)
        if not self.undecided:
            self._gather(reads)
            self._link()
            self.chains = self._chain()

    def _enter_write(self, operation: Operation) -> None:
        is_cas = operation.f == "cas"
        value = cas_values(operation)[1] if is_cas else canonical_json(operation.value)
        if operation.outcome is Outcome.FAIL:
            self._failed.setdefault(value, operation)
        elif is_cas and operation.output is False:
            self.undecided = "a refused cas can be right beside many values"
        elif value == self._initial or value in self._writers:
            self.undecided = "values are written more than once"
        else:
            self._writers[value] = operation

    def _gather(self, reads: Sequence[tuple[Operation, str]]) -> None:
        """Make the clusters of all values that certainly were there, and put the reads in them."""
        self._clusters[self._initial] = Cluster(self._initial, None)
        seen = [(value, read) for read, value in reads]
        seen += [(v, write) for v, write in self._writers.items() if write.outcome is Outcome.OK]
        for value, operation in seen:
            self._see(value, operation)
        for read, value in reads:
            if value in self._clusters:
                self._clusters[value].reads.append(read)

    def _see(self, value: str, operation: Operation) -> None:
        """Make the cluster of a value, and of the values that compare-and-sets saw on the way."""
        seen_by = operation
        while value not in self._clusters:
            write = self._writers.get(value)
            if write is None:
                self._report_unwritten(value, seen_by, operation)
                return
            self._clusters[value] = Cluster(value, write)
            if write.f != "cas":
                return
            value, seen_by = cas_values(write)[0], write

    def _link(self) -> None:
        """Put each compare-and-set after the value that it saw."""
        for cluster in self._clusters.values():
            write = cluster.write
            if write is None or write.f != "cas":
                continue
            before = self._clusters.get(cas_values(write)[0])
            if before is None:
                continue
            if before.following is None or before.following.write is None:
                before.following = cluster
                continue
            first = before.following.write
            self.anomalies.append(anomaly_of("lost-update", first, write))

    def _chain(self) -> list[list[Cluster]]:
        """Follow the links from each cluster that follows no other; what is left is in circles."""
        follows = {id(cluster.following) for cluster in self._clusters.values()}
        left = dict(self._clusters)
        chains = []
        for cluster in self._clusters.values():
            if id(cluster) not in follows:
                chain = [cluster]
                while chain[-1].following is not None:
                    chain.append(chain[-1].following)
                chains.append(chain)
                for link in chain:
                    del left[link.value]
        if left:
            self._report_circle(next(iter(left.values())))
        return chains

    def _report_circle(self, cluster: Cluster) -> None:
        circle = [cluster.write] if cluster.write else []
        following = cluster.following
        while following is not None and following is not cluster:
            circle += [following.write] if following.write else []
            following = following.following
        self.anomalies.append(anomaly_of("future-read", *circle[:_CIRCLE_MAX]))

    def _report_unwritten(self, value: str, seen_by: Operation, proof: Operation) -> None:
        """Report what ``seen_by`` saw, of which ``proof`` shows that it happened."""
        failed = self._failed.get(value)
        if failed is None:
            self.anomalies.append(anomaly_of("thin-air", seen_by, proof))
        else:
            self.anomalies.append(anomaly_of("aborted-read", seen_by, failed, proof))


def anomaly_of(name: str, *operations: Operation) -> Anomaly:
    """Name what is wrong and explain it; an operation that stands twice is named once."""
    named = {operation.index: operation for operation in operations}
    return Anomaly(
        type=name, operations=tuple(named), explanation=explain(name, list(named.values()))
    )

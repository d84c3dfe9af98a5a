"""Verdicts and their evidence. The worst verdict wins, and unknown is never a pass."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

__all__ = ["Anomaly", "CheckResult", "Dependency", "PartitionResult", "Verdict", "worst"]


class Verdict(enum.StrEnum):
    """The answer to "could this object have behaved so?"."""

    VALID = "valid"
    UNKNOWN = "unknown"
    INVALID = "invalid"

    @property
    def severity(self) -> int:
        """0 for valid, 1 for unknown, 2 for invalid."""
        return _SEVERITY[self]


_SEVERITY = {Verdict.VALID: 0, Verdict.UNKNOWN: 1, Verdict.INVALID: 2}


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Merge verdicts: invalid over unknown over valid; valid when there are none."""
    return max(verdicts, key=lambda verdict: verdict.severity, default=Verdict.VALID)


class Dependency(msgspec.Struct, frozen=True, kw_only=True):
    """An edge of a cycle: why the transaction ``source`` comes before ``target``.

    Both are indices into the history. The kind is ``ww``, ``wr``, ``rw``, ``process``,
    ``realtime``, or ``commit`` for what the level itself forces; ``evidence`` is a sentence.
    """

    source: int
    target: int
    kind: str
    evidence: str


class Anomaly(msgspec.Struct, frozen=True, kw_only=True):
    """One violation: its name, the operations that cannot be explained together, and why.

    ``operations`` are indices into the history. Names are stable; ``docs/reference/anomalies.md``
    lists them. Of transactions, ``cycle`` has the dependencies where they form one, and
    ``rules_out`` the weakest levels of consistency that are disproved.
    """

    type: str
    operations: tuple[int, ...]
    explanation: str
    cycle: tuple[Dependency, ...] = ()
    rules_out: tuple[str, ...] = ()


class PartitionResult(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict on one independent part of a history: one key, or the whole.

    ``witness`` is an order of operation indices that explains a valid partition (INFO operations
    that are left out never happened). ``seconds`` is the deciding alone.
    """

    key: Any
    verdict: Verdict
    algorithm: str
    operations: int
    seconds: float
    reason: str = ""
    """Why the verdict is unknown, and which limit to raise; empty otherwise."""
    anomalies: tuple[Anomaly, ...] = ()
    witness: Sequence[int] | None = None
    configurations: int = 0
    """Distinct configurations that a search saw: how hard the part was."""


def _hardness(part: PartitionResult) -> tuple[int, int]:
    return part.configurations, part.operations


class CheckResult(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict on a history, with the evidence of each partition.

    ``seconds`` is the deciding alone, without reading and without putting findings into words.
    ``clock_uncertainty`` is by how many nanoseconds each operation was widened at both ends.
    """

    model: str
    consistency: str
    verdict: Verdict
    algorithm: str
    operations: int
    seconds: float
    peak_bytes: int | None = None
    partitions: tuple[PartitionResult, ...] = ()
    clock_uncertainty: int = 0

    @property
    def anomalies(self) -> tuple[Anomaly, ...]:
        """Every anomaly found, partition by partition."""
        return tuple(anomaly for part in self.partitions for anomaly in part.anomalies)

    @property
    def witness(self) -> tuple[tuple[Any, Sequence[int]], ...] | None:
        """The order that explains each partition, with its key; None unless all are valid."""
        if self.verdict is not Verdict.VALID:
            return None
        return tuple((part.key, part.witness or ()) for part in self.partitions)

    @property
    def undecided(self) -> tuple[PartitionResult, ...]:
        """The undecided partitions, the hardest first.

        That is the one of which a search saw most configurations, else the one with most
        operations.
        """
        undecided = (part for part in self.partitions if part.reason)
        return tuple(sorted(undecided, key=_hardness, reverse=True))

    @property
    def reason(self) -> str:
        """Why the verdict is unknown: how much is decided, and what the hardest part says."""
        if not self.undecided:
            return ""
        hardest, *others = self.undecided
        if len(self.partitions) == 1:
            return hardest.reason
        among = f", the hardest of {len(others) + 1:,} undecided parts" if others else ""
        name = "the part without a key" if hardest.key is None else f"key {hardest.key!r}"
        return f"{self.decided}; {name}{among}: {hardest.reason}"

    @property
    def decided(self) -> str:
        """How much is decided, in words."""
        parts = len(self.partitions) - len(self.undecided)
        operations = self.operations - sum(part.operations for part in self.undecided)
        return (
            f"{parts:,} of {len(self.partitions):,} parts are decided, with {operations:,} of "
            f"{self.operations:,} operations"
        )

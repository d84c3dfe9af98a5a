"""Verdicts and their evidence. The worst verdict wins, and unknown is never a pass."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

__all__ = ["Anomaly", "Dependency", "PartitionResult", "Verdict", "worst"]


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

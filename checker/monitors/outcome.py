"""What a monitor found out."""

from __future__ import annotations

import msgspec

from checker.verdict import Anomaly

__all__ = ["MonitorOutcome"]


class MonitorOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of a monitor: anomalies (invalid), a witness (valid), or why it cannot decide."""

    algorithm: str
    anomalies: tuple[Anomaly, ...] = ()
    witness: tuple[int, ...] | None = None
    undecided: str = ""
    """The corner of the question that only a search decides; empty otherwise."""

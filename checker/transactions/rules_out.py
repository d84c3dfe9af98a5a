"""What an anomaly rules out: the weakest levels that a system which shows it cannot have."""

from __future__ import annotations

from typing import Final

from checker.transactions.levels import stronger_than, weakest

__all__ = ["ruled_out", "sentence"]

_WEAKEST: Final = {
    "thin-air": ("read-uncommitted",),
    "duplicate-elements": ("read-uncommitted",),
    "G0": ("read-uncommitted",),
    "G0-process": ("strong-session-read-uncommitted",),
    "G0-realtime": ("strong-read-uncommitted",),
    "G1a": ("read-committed",),
    "G1b": ("read-committed",),
    "G1c": ("read-committed",),
    "G1c-process": ("strong-session-read-committed",),
    "G1c-realtime": ("strong-read-committed",),
    "dirty-update": ("read-committed",),
    "incompatible-order": ("read-committed",),
    "future-read": ("read-committed",),
    "non-monotonic-read": ("read-committed",),
    "internal": ("read-atomic",),
    "non-repeatable-read": ("read-atomic", "repeatable-read"),
    "fractured-read": ("read-atomic", "consistent-view", "repeatable-read"),
    "lost-update": ("cursor-stability", "update-atomic"),
    "causality-violation": ("causal",),
    "own-write-unseen": ("read-your-writes",),
    "non-monotonic-session": ("monotonic-reads",),
    "writes-out-of-order": ("monotonic-writes",),
    "write-before-its-read": ("writes-follow-reads",),
    "G-single-item": ("consistent-view", "repeatable-read"),
    "G-single-item-process": ("strong-session-snapshot-isolation",),
    "G-single-item-realtime": ("strong-snapshot-isolation",),
    "G-nonadjacent-item": ("snapshot-isolation", "repeatable-read"),
    "G-nonadjacent-item-process": ("strong-session-snapshot-isolation",),
    "G-nonadjacent-item-realtime": ("strong-snapshot-isolation",),
    "G2-item": ("repeatable-read",),
    "G2-item-process": ("strong-session-serializable",),
    "G2-item-realtime": ("strict-serializable",),
    "wrong-total": ("snapshot-isolation",),
    "negative-balance": ("snapshot-isolation",),
    "unexpected-account": ("snapshot-isolation",),
    "missing-account": ("snapshot-isolation",),
    "long-fork": ("snapshot-isolation",),
}
"""Elle's table, with the names that Elle does not have."""


def ruled_out(anomaly: str, level: str) -> tuple[str, ...]:
    """Return the weakest levels that an anomaly rules out.

    Args:
        anomaly: Its name.
        level: By which level it was found: it is ruled out, whatever the table says.
    """
    return weakest((*_WEAKEST.get(anomaly, ()), level))


def sentence(levels: tuple[str, ...]) -> str:
    """Say which levels are ruled out."""
    stronger = " and everything stronger" if stronger_than(levels) else ""
    return f"This rules out {', '.join(levels)}{stronger}."

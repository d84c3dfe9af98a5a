"""What a violation of streams is called in words, from its operations alone.

The reference monitor knows more and says more; the native one names the operations, and this says
what they show together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from checker.models.describe import describe
from checker.monitors.violation import sentence
from checker.operation import Operation

__all__ = ["explain"]

_SHOWN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "lost-append": "an append that was acknowledged is not where it was acknowledged, and no "
        "read ever shows it",
        "phantom": "a read shows an event that nobody appended to that stream",
        "aborted-visible": "a read shows an event of an append that certainly had no effect",
        "late-position": "a read of the log left out a position, and an event appeared there "
        "afterwards: a reader that goes on from there never sees it",
        "divergent": "two answers put different events at one place, or one append at two",
        "duplicate": "one event is at two places, or belongs to two appends",
        "overlap": "two appends were acknowledged with the same place: one was overwritten",
        "missing-events": "there are events above a place that nothing can have filled",
        "expected-violated": "an append took effect though the stream was not where it expected it",
        "torn-read": "the events of one append were seen apart from each other",
        "version-mismatch": "the numbers of one event disagree",
        "unjustified-conflict": "an append was refused though what it expected was so, or because "
        "of a version that the stream cannot have had then",
        "future-read": "an append began only after its effect had been observed",
        "stale-read": "a read shows less than was known to be there before it began",
        "stale-append": "an append has its place before what had ended before it began",
        "no-state": "an answer fits no state that ever was",
    }
)


def explain(anomaly: str, operations: Sequence[Operation]) -> str:
    """Say in one sentence what the operations of a violation show together."""
    shown = "; ".join(f"[{describe(operation)}]" for operation in operations)
    return sentence(f"{_SHOWN[anomaly]}: {shown}")

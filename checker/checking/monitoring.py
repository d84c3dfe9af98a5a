"""Ask a monitor in Python about one part, within the budget of the check."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from checker.models import Partition
from checker.monitors import Monitor
from checker.monitors.bounded import bounded
from checker.verdict import PartitionResult, Verdict

__all__ = ["ask"]

_UNWATCHED_MAX: Final = 1000
"""So few operations take a monitor some hundredths of a second: they need not be watched."""
_OVER: Final = "the monitor reached the time limit, or was cancelled: raise --timeout"


def ask(
    monitor: Monitor,
    part: Partition,
    clock: Callable[[], float],
    is_over: Callable[[], bool],
    *,
    manner: str = "",
) -> PartitionResult | str:
    """Return what a monitor decides, or why a search must; unknown once the check is over.

    ``manner`` is added to the name of the algorithm.

    Raises:
        MalformedHistory: the model cannot make sense of an operation.
    """
    began = clock()
    finding = None
    if len(part.operations) <= _UNWATCHED_MAX:
        finding = None if is_over() else monitor(part.model, part.operations)
    else:
        finding = bounded(lambda: monitor(part.model, part.operations), is_over)
    if finding is None:
        return PartitionResult(
            key=part.key,
            verdict=Verdict.UNKNOWN,
            algorithm=f"monitor{manner}",
            operations=len(part.operations),
            seconds=clock() - began,
            reason=_OVER,
        )
    if finding.undecided:
        return finding.undecided
    return PartitionResult(
        key=part.key,
        verdict=Verdict.INVALID if finding.anomalies else Verdict.VALID,
        algorithm=f"{finding.algorithm}{manner}",
        operations=len(part.operations),
        seconds=clock() - began,
        anomalies=finding.anomalies,
        witness=finding.witness,
    )

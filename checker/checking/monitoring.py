"""Split a history, and ask a monitor in Python about one part, within the budget of the check."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from checker.errors import CheckerError, MalformedHistory, ModelError
from checker.history.history import History
from checker.history.recorded import RecordedHistory
from checker.models import Model, Partition
from checker.monitors import Monitor
from checker.monitors.bounded import bounded
from checker.operation import Operation
from checker.verdict import PartitionResult, Verdict

__all__ = ["ask", "not_split", "over", "split"]

T = TypeVar("T")

_UNWATCHED_MAX: Final = 1000
"""So few operations take some hundredths of a second: they need not be watched."""


def split(
    model: Model[Any],
    history: History | RecordedHistory,
    parts_of: Callable[[Sequence[Operation]], Sequence[Partition]],
    is_over: Callable[[], bool],
) -> Sequence[Partition] | None:
    """Make all operations of a history, and split it; None once the check is over.

    Raises:
        MalformedHistory: the model cannot make sense of an operation.
        ModelError: the model raised.
    """

    def work() -> Sequence[Partition]:
        loaded = history if isinstance(history, History) else history.load()
        return parts_of(loaded.operations)

    try:
        return _watched(work, len(history), is_over)
    except MalformedHistory as error:
        raise MalformedHistory(
            error.reason, source=history.source, line=error.line, operation=error.operation
        ) from error
    except CheckerError:
        raise
    except (Exception, SystemExit) as error:
        raise ModelError.raised(model.name, "partition", error) from error


def over(doing: str, seconds: float) -> str:
    """Say what was going on, and for how long, when a check was over."""
    return (
        f"{doing} took {seconds:.3g} s, which reached the time limit, or was cancelled: "
        "raise --timeout"
    )


def not_split(operations: int, seconds: float) -> PartitionResult:
    """Return the result of a check that was over before there were parts."""
    return PartitionResult(
        key=None,
        verdict=Verdict.UNKNOWN,
        algorithm="none",
        operations=operations,
        seconds=seconds,
        reason=over(f"splitting {operations:,} operations into parts", seconds),
    )


def _watched(work: Callable[[], T], operations: int, is_over: Callable[[], bool]) -> T | None:
    return work() if operations <= _UNWATCHED_MAX else bounded(work, is_over)


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
    if len(part.operations) > _UNWATCHED_MAX or not is_over():
        finding = _watched(
            lambda: monitor(part.model, part.operations), len(part.operations), is_over
        )
    if finding is None:
        seconds = clock() - began
        doing = f"looking through {len(part.operations):,} operations with the monitor"
        return PartitionResult(
            key=part.key,
            verdict=Verdict.UNKNOWN,
            algorithm=f"monitor{manner}",
            operations=len(part.operations),
            seconds=seconds,
            reason=over(doing, seconds),
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

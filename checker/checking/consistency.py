"""Which level of consistency a history is judged by, and the judging by levels of transactions."""

from __future__ import annotations

from collections.abc import Callable
from pkgutil import resolve_name
from typing import Any, Final

from checker.checking.collection import collection_paused
from checker.checking.monitoring import over
from checker.engine.native_judge import CancelToken
from checker.errors import MalformedHistory, UnknownConsistency
from checker.history.history import History
from checker.history.recorded import RecordedHistory
from checker.limits import Limits
from checker.models import Model, TransactionModel
from checker.monitors.bounded import bounded
from checker.verdict import PartitionResult, Verdict

__all__ = ["LINEARIZABLE", "SEQUENTIAL", "consistency_of", "judge_level", "refuse_without_time"]

LINEARIZABLE: Final = "linearizable"
"""The level that objects are judged by, unless another is named."""
SEQUENTIAL: Final = "sequential"
"""The other one: an order that every process agrees with, and real time need not."""


_GRACE_SECONDS: Final = 0.03
"""For the judge of transactions to say by itself how far it came, once the time is up."""
_LEVELS: Final = "checker.transactions:levels_of"
_JUDGE: Final = "checker.transactions:judge_transactions"
"""Imported where there are transactions: it is a third of all that judging an object imports."""


def consistency_of(model: Model[Any], named: str | None = None) -> str:
    """Return the level that a model's histories are judged by.

    Args:
        model: The model.
        named: The level that is asked for; None is the model's own.

    Raises:
        UnknownConsistency: The model is not judged by this level.
    """
    if isinstance(model, TransactionModel):
        level, known = named or model.default_consistency, _levels_of(model)
    else:
        level, known = named or LINEARIZABLE, (LINEARIZABLE, SEQUENTIAL)
    if level not in known:
        raise UnknownConsistency(
            f"model {model.name!r} is not judged by {level!r}: it has {', '.join(known)}"
        )
    return level


def _levels_of(model: TransactionModel[Any]) -> tuple[str, ...]:
    levels: tuple[str, ...] = resolve_name(_LEVELS)(model)
    return levels


def refuse_without_time(model: Model[Any], history: History | RecordedHistory) -> None:
    """Refuse to judge an object by real time that the history does not tell of.

    Raises:
        MalformedHistory: The order of its events means nothing, and the model needs it.
    """
    if not isinstance(model, TransactionModel) and not _has_real_time(history):
        raise MalformedHistory(
            f"it does not tell when operations began, and model {model.name!r} is judged by real "
            "time: only transactions can be judged without it",
            source=history.source,
        )


def _has_real_time(history: History | RecordedHistory) -> bool:
    return history.header.get("real_time") is not False


def judge_level(
    model: TransactionModel[Any],
    history: History | RecordedHistory,
    level: str,
    limits: Limits,
    clock: Callable[[], float],
    cancel: CancelToken | None,
) -> PartitionResult:
    """Judge all transactions of a history; arguments and errors are `checker.checking.check`'s."""
    judge: Callable[..., PartitionResult] = resolve_name(_JUDGE)
    began = clock()

    def cancelled() -> bool:
        return cancel is not None and cancel.is_cancelled

    def judged() -> PartitionResult:
        return judge(
            model,
            history,
            level,
            real_time=_has_real_time(history),
            limits=limits,
            clock=clock,
            cancelled=cancelled,
            source=history.source,
        )

    def is_over() -> bool:
        return cancelled() or clock() - began > limits.timeout_seconds + _GRACE_SECONDS

    with collection_paused():
        result = bounded(judged, is_over)
    return _given_up(history, clock() - began) if result is None else result


def _given_up(history: History | RecordedHistory, seconds: float) -> PartitionResult:
    return PartitionResult(
        key=None,
        verdict=Verdict.UNKNOWN,
        algorithm="transactions",
        operations=len(history),
        seconds=seconds,
        reason=over(f"working out how {len(history):,} transactions depend on each other", seconds),
    )

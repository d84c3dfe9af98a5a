"""One check under way: which engine decides, by which level of consistency."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from checker.checking import partwise
from checker.checking.consistency import LINEARIZABLE, SEQUENTIAL, judge_level
from checker.checking.sequentially import SequentialRun
from checker.engine import native_judge
from checker.engine.native_judge import CancelToken, Judged, JudgeProgress
from checker.errors import MalformedHistory
from checker.history.history import History
from checker.history.recorded import RecordedHistory, record
from checker.limits import Limits
from checker.models import Model, TransactionModel
from checker.monitors import EXPLANATIONS, Explanation
from checker.operation import Operation
from checker.verdict import PartitionResult

__all__ = ["Judging"]


class Judging(NamedTuple):
    """What a check may cost, who may stop it, and who is told of it."""

    limits: Limits
    engine: str
    cancel: CancelToken | None
    on_partition: Callable[[PartitionResult], object] | None
    on_progress: Callable[[JudgeProgress], object] | None
    clock: Callable[[], float]

    def judge(self, model: Model[Any], history: History | RecordedHistory, level: str) -> Judged:
        """Judge all parts of a history by a level of consistency.

        Raises:
            MalformedHistory: the model cannot make sense of an operation.
            ModelError: a model of yours raised, or is not pure.
        """
        if isinstance(model, TransactionModel):
            limits, clock, cancel = self.limits, self.clock, self.cancel
            result = judge_level(model, history, level, limits, clock, cancel)
            return self._told(Judged([result], None, clock()))
        if level == SEQUENTIAL:
            return self._told(self._judge_sequentially(model, history))
        return self._judge_linearizably(model, history)

    def _judge_linearizably(self, model: Model[Any], history: History | RecordedHistory) -> Judged:
        recorded = None if self.engine == "reference" else _native_history(history, model)
        if recorded is None:
            run = partwise.Run(self.limits, self.engine, self._tell, self.clock, self.cancel)
            parts = run.judge(model, history)
            return Judged(parts, run.peak_bytes, self.clock())
        judged = native_judge.judge(
            model,
            recorded,
            self.limits,
            explain=_explanation_of(type(model)),
            cancel=self.cancel,
            on_progress=self.on_progress,
            stopped=self._tell,
            clock=self.clock,
        )
        return self._told(judged)

    def _judge_sequentially(self, model: Model[Any], history: History | RecordedHistory) -> Judged:
        silent = self._replace(on_partition=None)

        def linearizably(limits: Limits) -> list[PartitionResult]:
            return silent._replace(limits=limits).judge(model, history, LINEARIZABLE).parts

        searched = self.engine == "reference"
        recorded = None if searched else _native_history(history, model)
        stricter = None if searched else linearizably
        run = SequentialRun(self.limits, self.clock, self.cancel, stricter)
        parts = run.judge(model, history, recorded)
        return Judged(parts, run.peak_bytes, self.clock())

    def _told(self, judged: Judged) -> Judged:
        for part in judged.parts:
            self._tell(part)
        return judged

    def _tell(self, result: PartitionResult) -> None:
        if self.on_partition is not None:
            self.on_partition(result)


def _explanation_of(model: type[Model[Any]]) -> Explanation | None:
    """Return what has the words for a violation; it is imported when there is one."""
    if model not in EXPLANATIONS:
        return None

    def explain(anomaly: str, operations: Sequence[Operation]) -> str:
        return EXPLANATIONS[model](anomaly, operations)

    return explain


def _native_history(
    history: History | RecordedHistory, model: Model[Any]
) -> RecordedHistory | None:
    """Return the history as the native judge takes it; None if it cannot judge it."""
    if not native_judge.supports(model):
        return None
    if isinstance(history, RecordedHistory):
        return history
    try:
        return record(history)
    except (TypeError, MalformedHistory):
        # Values that JSON does not hold, or a history made by hand that no file could hold.
        return None

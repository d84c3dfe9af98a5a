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
from checker.result import Partitions

__all__ = ["Judging"]


class Judging(NamedTuple):
    """What a check may cost, who may stop it, and who is told of it."""

    limits: Limits
    engine: str
    cancel: CancelToken | None
    on_progress: Callable[[JudgeProgress], object] | None
    on_stopped: Callable[[Partitions], object] | None
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
            return Judged(Partitions.of((result,)), None, clock())
        if level == SEQUENTIAL:
            return self._judge_sequentially(model, history)
        return self._judge_linearizably(model, history)

    def _judge_linearizably(self, model: Model[Any], history: History | RecordedHistory) -> Judged:
        recorded = None if self.engine == "reference" else _native_history(history, model)
        if recorded is None:
            return self._judge_partwise(model, history)
        return native_judge.judge(
            model,
            recorded,
            self.limits,
            explain=_explanation_of(type(model)),
            cancel=self.cancel,
            on_progress=self.on_progress,
            on_stopped=self.on_stopped,
            clock=self.clock,
        )

    def _judge_partwise(self, model: Model[Any], history: History | RecordedHistory) -> Judged:
        run = partwise.Run(self.limits, self.engine, self.on_progress, self.clock, self.cancel)
        try:
            parts = run.judge(model, history)
        except BaseException:
            if self.on_stopped is not None:
                self.on_stopped(run.decided)
            raise
        return Judged(parts, run.peak_bytes, self.clock())

    def _judge_sequentially(self, model: Model[Any], history: History | RecordedHistory) -> Judged:
        silent = self._replace(on_progress=None, on_stopped=None)

        def linearizably(limits: Limits) -> Partitions:
            return silent._replace(limits=limits).judge(model, history, LINEARIZABLE).parts

        searched = self.engine == "reference"
        recorded = None if searched else _native_history(history, model)
        stricter = None if searched else linearizably
        run = SequentialRun(self.limits, self.clock, self.cancel, stricter)
        parts = run.judge(model, history, recorded)
        return Judged(parts, run.peak_bytes, self.clock())


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

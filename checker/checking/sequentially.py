"""Judge whether a history is sequentially consistent: one order that every process agrees with.

Unlike linearizability this is not local: that each object is sequentially consistent alone proves
nothing of all together, only that one is not proves that all are not. What is decided, in turn:

1. An object whose answers tell the order of its writes has a monitor that is exact. A store whose
   answers tell positions in one log is one object.
2. A linearizable history is sequentially consistent, and linearizability is local.
3. What is left is searched, all objects together, within the limits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

import msgspec

from checker.checking.monitoring import ask, not_split, split
from checker.engine import native_judge
from checker.engine.native import CancelToken
from checker.engine.outcome import SearchOutcome
from checker.engine.sequential import search_by_process
from checker.history.history import History
from checker.history.recorded import RecordedHistory
from checker.limits import Limits
from checker.models import Model, Partition, Stream
from checker.models.describe import describe
from checker.monitors import EXPLANATIONS, MONITORS_BY_PROCESS
from checker.operation import Operation
from checker.result import Partitions
from checker.verdict import Anomaly, PartitionResult, Verdict

__all__ = ["NON_SEQUENTIAL", "SequentialRun", "explain_by_process", "objects_of"]

NON_SEQUENTIAL: Final = "non-sequential"
"""What the search calls every violation."""

_LINEARIZABLE_SHARE: Final = 0.5
"""How much of the time that is left goes into the question whether it is even linearizable."""
_NEIGHBOURS_MAX: Final = 3

Linearizably = Callable[[Limits], Partitions]
"""Judges the same history for linearizability, within limits."""


class _NotSplit(Exception):
    """The check was over before the history was split into objects."""


class SequentialRun:
    """One check under way."""

    def __init__(
        self,
        limits: Limits,
        clock: Callable[[], float],
        cancel: CancelToken | None,
        linearizably: Linearizably | None,
    ) -> None:
        """Prepare to judge; without ``linearizably`` nothing but the search decides."""
        self.peak_bytes: int | None = None
        self._limits = limits
        self._clock = clock
        self._cancel = cancel
        self._deadline = clock() + limits.timeout_seconds
        self._linearizably = linearizably

    def judge(
        self,
        model: Model[Any],
        history: History | RecordedHistory,
        recorded: RecordedHistory | None,
    ) -> Partitions:
        """Judge all objects of a history together; ``recorded`` is the same, to be judged natively.

        Raises:
            MalformedHistory: the model cannot make sense of an operation.
            ModelError: the model raised, or is not pure.
        """
        began = self._clock()
        try:
            return self._judged(model, history, recorded)
        except _NotSplit:
            return Partitions.of((not_split(len(history), self._clock() - began),))

    def _judged(
        self,
        model: Model[Any],
        history: History | RecordedHistory,
        recorded: RecordedHistory | None,
    ) -> Partitions:
        objects = partial(self._objects, model, history)
        if self._linearizably is None:
            return Partitions.of((self._search(objects(), ""),))
        if recorded is not None and native_judge.supports_processes(model):
            words, cancel = EXPLANATIONS.get(type(model)), self._cancel
            alone = native_judge.judge_by_process(
                model, recorded, self._limits, explain=words, cancel=cancel
            )
        else:
            alone = [self._monitored(part) for part in objects()]
        results = [result for result in alone if isinstance(result, PartitionResult)]
        certain = len(alone) == len(results) == 1
        if certain or any(result.verdict is Verdict.INVALID for result in results):
            return Partitions.of(results)
        left = max(self._deadline - self._clock(), 0.0) * _LINEARIZABLE_SHARE
        stricter = self._linearizably(msgspec.structs.replace(self._limits, timeout_seconds=left))
        if stricter.worst is Verdict.VALID:
            return stricter
        why = next((reason for reason in alone if isinstance(reason, str)), "")
        return Partitions.of((self._search(objects(), why),))

    def _objects(
        self, model: Model[Any], history: History | RecordedHistory
    ) -> Sequence[Partition]:
        objects = split(model, history, partial(objects_of, model), self._is_over)
        if objects is None:
            raise _NotSplit
        return objects

    def _monitored(self, part: Partition) -> PartitionResult | str:
        """Ask the object's monitor; the answer is a result, or why the search must decide."""
        monitor = MONITORS_BY_PROCESS.get(type(part.model))
        if monitor is None:
            return ""
        return ask(monitor, part, self._clock, self._is_over, manner=" by process")

    def _is_over(self) -> bool:
        return self._until_cancelled() >= self._deadline

    def _until_cancelled(self) -> float:
        """The time; cancelled, it is over."""
        cancelled = self._cancel is not None and self._cancel.is_cancelled
        return math.inf if cancelled else self._clock()

    def _search(self, objects: Sequence[Partition], why: str) -> PartitionResult:
        began = self._clock()
        left = max(self._deadline - began, 0.0)
        limits = msgspec.structs.replace(self._limits, timeout_seconds=left)
        outcome = search_by_process(objects, limits, clock=self._until_cancelled)
        self.peak_bytes = outcome.peak_bytes
        reason = outcome.reason
        if reason and len(objects) > 1:
            reason = (
                f"sequential consistency is not local: that each of {len(objects)} objects may "
                f"have it proves nothing of all together, and {reason}"
            )
        algorithm = "search by process"
        return PartitionResult(
            key=objects[0].key if len(objects) == 1 else None,
            verdict=outcome.verdict,
            algorithm=f"{algorithm} ({why})" if why else algorithm,
            operations=sum(len(part.operations) for part in objects),
            seconds=self._clock() - began,
            reason=reason,
            anomalies=explain_by_process(objects, outcome),
            witness=outcome.witness,
            configurations=outcome.configurations,
        )


def objects_of(model: Model[Any], operations: Sequence[Operation]) -> Sequence[Partition]:
    """Return the objects that a history is about: a whole store stands for its streams.

    Raises:
        MalformedHistory: the model cannot make sense of an operation.
    """
    parts = model.partition(operations)
    whole = [part for part in parts if isinstance(part.model, Stream) and part.model.whole]
    return whole or parts


def explain_by_process(objects: Sequence[Partition], outcome: SearchOutcome) -> tuple[Anomaly, ...]:
    """Name the operation that no order could reach, and what came last before it."""
    if outcome.verdict is not Verdict.INVALID or outcome.blocked is None:
        return ()
    known = {operation.index: operation for part in objects for operation in part.operations}
    blocked = known[outcome.blocked]
    prefix = [known[index] for index in outcome.longest_prefix]
    last = prefix[: -_NEIGHBOURS_MAX - 1 : -1]
    after = f", the last of them [{describe(last[0])}]" if last else ""
    explanation = (
        f"No order that keeps the order of each process explains [{describe(blocked)}]: the "
        f"longest legal one has {len(prefix)} operation{'' if len(prefix) == 1 else 's'}{after}."
    )
    named = (blocked.index, *(operation.index for operation in last))
    return (Anomaly(type=NON_SEQUENTIAL, operations=named, explanation=explanation),)

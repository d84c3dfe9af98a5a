"""Judge a history part by part in Python: where a model is not native, and for the reference.

A part is decided by its model's monitor in Python, or by a search: the native one, which asks a
model in Python step by step, or the reference.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from checker.checking.collection import collection_paused
from checker.checking.monitoring import ask, not_split, split
from checker.engine import explanation, native, reference
from checker.engine.native import CancelToken
from checker.engine.native_judge import JudgeProgress
from checker.engine.outcome import SearchOutcome
from checker.errors import MalformedHistory
from checker.history.history import History
from checker.history.recorded import RecordedHistory
from checker.limits import Limits
from checker.models import Model, Partition
from checker.monitors import MONITORS
from checker.verdict import PartitionResult, Verdict

__all__ = ["Run"]

_NATIVE: Final = "search: native"
_NATIVE_OVER_PYTHON: Final = "search: native; model in Python"
"""The search is native; what an operation does, it asks the model, and remembers the answer."""


class Run:
    """One check under way: the budget that is left, and what the searches kept."""

    def __init__(
        self,
        limits: Limits,
        engine: str,
        on_progress: Callable[[JudgeProgress], object] | None,
        clock: Callable[[], float],
        cancel: CancelToken | None,
    ) -> None:
        self.peak_bytes: int | None = None
        self._limits = limits
        self._engine = engine
        self._on_progress = on_progress
        self._clock = clock
        self._cancel = cancel
        self._began = clock()
        self._results: dict[int, PartitionResult] = {}
        self._operations = 0
        self._operations_decided = 0
        self._configurations = 0

    @property
    def decided(self) -> list[PartitionResult]:
        """The results so far, in the order of the parts."""
        return [self._results[place] for place in sorted(self._results)]

    def judge(self, model: Model[Any], history: History | RecordedHistory) -> list[PartitionResult]:
        """Judge all parts; the results are in their order.

        Raises:
            MalformedHistory: the model cannot make sense of an operation.
            ModelError: the model raised, or is not pure.
        """
        try:
            with collection_paused():
                partitions = split(model, history, model.partition, self._is_over)
                if partitions is None:
                    return [not_split(len(history), self._elapsed())]
                self._operations = sum(len(part.operations) for part in partitions)
                undecided = self._monitor(partitions)
            self._search_all(partitions, undecided)
        except MalformedHistory as error:
            raise MalformedHistory(
                error.reason, source=history.source, line=error.line, operation=error.operation
            ) from error
        return self.decided

    def _elapsed(self) -> float:
        return self._clock() - self._began

    def _monitor(self, partitions: Sequence[Partition]) -> list[tuple[int, str]]:
        """Decide what monitors can; return the places of the other parts, and why not."""
        undecided: list[tuple[int, str]] = []
        for place, partition in enumerate(partitions):
            result = self._monitored(partition)
            if isinstance(result, PartitionResult):
                self._decide(partitions, place, result)
            else:
                undecided.append((place, result))
        return undecided

    def _search_all(
        self, partitions: Sequence[Partition], undecided: Sequence[tuple[int, str]]
    ) -> None:
        """Search the parts left, from the smallest to the largest."""
        ascending = sorted(undecided, key=lambda item: len(partitions[item[0]].operations))
        for left, (place, why) in zip(range(len(ascending), 0, -1), ascending, strict=True):
            seconds = max(self._limits.timeout_seconds - self._elapsed(), 0.0) / left
            self._decide(partitions, place, self._searched(partitions[place], why, seconds))

    def _decide(self, partitions: Sequence[Partition], place: int, result: PartitionResult) -> None:
        self._results[place] = result
        self._operations_decided += result.operations
        self._configurations += result.configurations
        if self._on_progress is not None:
            progress = JudgeProgress(
                parts=len(partitions),
                parts_decided=len(self._results),
                operations=self._operations,
                operations_decided=self._operations_decided,
                configurations=self._configurations,
            )
            self._on_progress(progress)

    def _monitored(self, partition: Partition) -> PartitionResult | str:
        """Ask the model's monitor; the answer is a result, or why the search must decide."""
        monitor = MONITORS.get(type(partition.model)) if self._engine == "auto" else None
        if monitor is None:
            return ""
        return ask(monitor, partition, self._clock, self._is_over)

    def _is_over(self) -> bool:
        cancelled = self._cancel is not None and self._cancel.is_cancelled
        return cancelled or self._elapsed() >= self._limits.timeout_seconds

    def _searched(self, partition: Partition, why: str, seconds: float) -> PartitionResult:
        began = self._clock()
        limits = msgspec.structs.replace(self._limits, timeout_seconds=seconds)
        algorithm, outcome = self._search(partition, limits)
        self.peak_bytes = max(self.peak_bytes or 0, outcome.peak_bytes)
        anomaly = None
        if outcome.verdict is Verdict.INVALID:
            anomaly = explanation.explain(partition.model, partition.operations, outcome)
        if why:
            algorithm = f"{algorithm} ({why})"
        return PartitionResult(
            key=partition.key,
            verdict=outcome.verdict,
            algorithm=algorithm,
            operations=len(partition.operations),
            seconds=self._clock() - began,
            reason=outcome.reason,
            anomalies=() if anomaly is None else (anomaly,),
            witness=outcome.witness,
            configurations=outcome.configurations,
        )

    def _search(self, partition: Partition, limits: Limits) -> tuple[str, SearchOutcome]:
        model, operations = partition.model, partition.operations
        if self._engine != "reference":
            outcome = native.search(model, operations, limits, cancel=self._cancel)
            return _NATIVE if native.supports(model) else _NATIVE_OVER_PYTHON, outcome
        clock = self._until_cancelled()
        return "search: reference", reference.search(model, operations, limits, clock=clock)

    def _until_cancelled(self) -> Callable[[], float]:
        """Return a clock for one search: cancelled, it stands at the end of time."""
        beginning = iter((self._clock(),))

        def now() -> float:
            # The first look sets the deadline, which must be a time that can pass.
            start = next(beginning, None)
            if start is not None:
                return start
            cancelled = self._cancel is not None and self._cancel.is_cancelled
            return math.inf if cancelled else self._clock()

        return now

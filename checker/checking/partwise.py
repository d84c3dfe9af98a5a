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
from checker.checking.decisions import Decisions
from checker.checking.monitoring import ask, not_split, split
from checker.engine import explanation, native, reference
from checker.engine.native import CancelToken
from checker.engine.native_judge import JudgeProgress
from checker.engine.outcome import SearchOutcome
from checker.engine.undecided import limit_reached
from checker.errors import MalformedHistory
from checker.history.history import History
from checker.history.recorded import RecordedHistory
from checker.limits import Limits
from checker.models import Model, Partition
from checker.monitors import MONITORS
from checker.result import Partitions
from checker.verdict import PartitionResult, Verdict

__all__ = ["Run"]

_SHARE_SECONDS_MIN: Final = 0.01
"""What a search of a few operations needs, however many others wait for their share."""
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
        self._decisions = Decisions(())

    @property
    def decided(self) -> Partitions:
        """The parts that are decided so far."""
        return self._decisions.decided()

    def judge(self, model: Model[Any], history: History | RecordedHistory) -> Partitions:
        """Judge all parts; the results are in their order.

        Raises:
            MalformedHistory: the model cannot make sense of an operation.
            ModelError: the model raised, or is not pure.
        """
        try:
            with collection_paused():
                partitions = split(model, history, model.partition, self._is_over)
                if partitions is None:
                    return Partitions.of((not_split(len(history), self._elapsed()),))
                self._decisions = Decisions(partitions, self._on_progress)
                undecided = self._monitor(partitions)
            self._search_all(partitions, undecided)
        except MalformedHistory as error:
            raise MalformedHistory(
                error.reason, source=history.source, line=error.line, operation=error.operation
            ) from error
        return self._decisions.all(self._search_of(model), self._late())

    def _elapsed(self) -> float:
        return self._clock() - self._began

    def _monitor(self, partitions: Sequence[Partition]) -> list[tuple[int, str]]:
        """Decide what monitors can; return the places of the other parts, and why not."""
        undecided: list[tuple[int, str]] = []
        for place, partition in enumerate(partitions):
            if self._is_over():
                break
            result = self._monitored(partition)
            if isinstance(result, PartitionResult):
                self._decisions.decide(place, result)
            else:
                undecided.append((place, result))
        return undecided

    def _search_all(
        self, partitions: Sequence[Partition], undecided: Sequence[tuple[int, str]]
    ) -> None:
        """Search the parts left, from the smallest to the largest, until the check is over.

        What is left of the time in the end goes to those whose share of it was too small.
        """
        waiting = sorted(undecided, key=lambda item: len(partitions[item[0]].operations))
        while waiting:
            short: list[tuple[tuple[int, str], PartitionResult, float]] = []
            for left, (place, why) in zip(range(len(waiting), 0, -1), waiting, strict=True):
                if self._is_over():
                    break
                share = self._share(left)
                began = self._clock()
                result = self._searched(partitions[place], why, share)
                if result.verdict is Verdict.UNKNOWN and self._clock() - began >= share:
                    short.append(((place, why), result, share))
                else:
                    self._decisions.decide(place, result)
            next_share = 0.0 if self._is_over() else self._share(len(short))
            waiting = [item for item, _, share in short if share < next_share]
            for (place, _), result, share in short:
                if share >= next_share:
                    self._decisions.decide(place, result)

    def _share(self, left: int) -> float:
        """How many seconds one search may take of which so many are to be made."""
        seconds = max(self._limits.timeout_seconds - self._elapsed(), 0.0)
        return min(seconds, max(seconds / max(left, 1), _SHARE_SECONDS_MIN))

    def _late(self) -> str:
        """Say why a part was not begun."""
        cancelled = self._cancel is not None and self._cancel.is_cancelled
        reached = limit_reached("cancelled" if cancelled else "timeout", self._limits)
        return f"it was not begun: the check {reached}"

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
        algorithm = self._search_of(model)
        if self._engine != "reference":
            return algorithm, native.search(model, operations, limits, cancel=self._cancel)
        clock = self._until_cancelled()
        return algorithm, reference.search(model, operations, limits, clock=clock)

    def _search_of(self, model: Model[Any]) -> str:
        """What the search of a model's parts is called."""
        if self._engine == "reference":
            return "search: reference"
        return _NATIVE if native.supports(model) else _NATIVE_OVER_PYTHON

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

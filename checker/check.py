"""The front door: judge a history against a model.

The history is split into independent parts. Each is decided by a monitor where an exact one exists,
otherwise by search; the worst verdict wins, and every part keeps its own.
"""

from __future__ import annotations

import gc
import importlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, Literal

import msgspec

from checker.engine import explanation, reference
from checker.engine.outcome import SearchOutcome
from checker.errors import EngineUnavailable, MalformedHistory
from checker.history.history import History
from checker.limits import Limits
from checker.models import Model, Partition, model_named
from checker.monitors import MONITORS
from checker.verdict import CheckResult, PartitionResult, Verdict, worst

__all__ = ["ENGINES", "Engine", "check"]

Engine = Literal["auto", "native", "reference"]
ENGINES: Final[tuple[Engine, ...]] = ("auto", "native", "reference")


def check(
    history: History,
    model: str | Model[Any] = "stream",
    *,
    limits: Limits | None = None,
    engine: Engine = "auto",
    on_partition: Callable[[PartitionResult], None] | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> CheckResult:
    """Decide whether a history is linearizable.

    ``engine`` is ``auto`` (a monitor where an exact one exists, else the native search, else the
    reference search), ``native`` or ``reference`` (that search alone, without monitors). ``limits``
    are for the history: each search gets an equal share of the seconds that are left, so that one
    hard part does not cost the others their verdicts. ``on_partition`` is told of each part as
    soon as it is decided.

    Raises:
        UnknownModel: no model has this name.
        MalformedHistory: the model cannot make sense of an operation.
        ModelError: a model of yours raised.
        EngineUnavailable: the engine that was asked for cannot decide this model.
    """
    if engine not in ENGINES:
        raise EngineUnavailable(f"no engine is called {engine!r}: there are {', '.join(ENGINES)}")
    judge = model_named(model) if isinstance(model, str) else model
    run = _Run(limits or Limits(), engine, on_partition or _ignore, clock)
    try:
        with _collection_paused():
            partitions = judge.partition(history.operations)
            undecided = run.monitor(partitions)
        results = run.search(partitions, undecided)
    except MalformedHistory as error:
        raise MalformedHistory(
            error.reason, source=history.source, line=error.line, operation=error.operation
        ) from error
    return CheckResult(
        model=judge.name,
        consistency="linearizable",
        verdict=worst(result.verdict for result in results),
        algorithm=", ".join(dict.fromkeys(result.algorithm for result in results)) or "none",
        operations=len(history),
        seconds=run.elapsed(),
        peak_bytes=run.peak_bytes,
        partitions=tuple(results),
    )


@contextmanager
def _collection_paused() -> Iterator[None]:
    """Pause the cyclic garbage collector.

    Monitors make many objects and no cycles; walking through all of a long history again and again
    would take as long as the monitor itself.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _native(partition: Partition, limits: Limits) -> SearchOutcome:
    """Ask the native engine, if it is built here."""
    try:
        native = importlib.import_module("checker.engine.native")
    except ImportError as error:
        raise EngineUnavailable(f"the native engine is not built here: {error}") from error
    outcome: SearchOutcome = native.search(partition.model, partition.operations, limits)
    return outcome


def _ignore(result: PartitionResult) -> None:
    del result


class _Run:
    """One check under way: the budget that is left, and what the searches kept."""

    def __init__(
        self,
        limits: Limits,
        engine: Engine,
        on_partition: Callable[[PartitionResult], None],
        clock: Callable[[], float],
    ) -> None:
        self.peak_bytes: int | None = None
        self._limits = limits
        self._engine: Engine = engine
        self._on_partition = on_partition
        self._clock = clock
        self._began = clock()
        self._results: dict[int, PartitionResult] = {}

    def elapsed(self) -> float:
        return self._clock() - self._began

    def monitor(self, partitions: Sequence[Partition]) -> list[tuple[int, str]]:
        """Decide what monitors can; return the places of the other parts, and why not."""
        undecided: list[tuple[int, str]] = []
        for place, partition in enumerate(partitions):
            result = self._monitored(partition)
            if isinstance(result, PartitionResult):
                self._decided(place, result)
            else:
                undecided.append((place, result))
        return undecided

    def search(
        self, partitions: Sequence[Partition], undecided: Sequence[tuple[int, str]]
    ) -> list[PartitionResult]:
        """Search the parts left, from the smallest to the largest; return all results."""
        ascending = sorted(undecided, key=lambda item: len(partitions[item[0]].operations))
        for left, (place, why) in zip(range(len(ascending), 0, -1), ascending, strict=True):
            seconds = max(self._limits.timeout_seconds - self.elapsed(), 0.0) / left
            self._decided(place, self._searched(partitions[place], why, seconds))
        return [self._results[place] for place in range(len(partitions))]

    def _decided(self, place: int, result: PartitionResult) -> None:
        self._results[place] = result
        self._on_partition(result)

    def _monitored(self, partition: Partition) -> PartitionResult | str:
        """Ask the model's monitor; the answer is a result, or why the search must decide."""
        monitor = MONITORS.get(type(partition.model)) if self._engine == "auto" else None
        if monitor is None:
            return ""
        began = self._clock()
        finding = monitor(partition.model, partition.operations)
        if finding.undecided:
            return finding.undecided
        return PartitionResult(
            key=partition.key,
            verdict=Verdict.INVALID if finding.anomalies else Verdict.VALID,
            algorithm=finding.algorithm,
            operations=len(partition.operations),
            seconds=self._clock() - began,
            anomalies=finding.anomalies,
            witness=finding.witness,
        )

    def _searched(self, partition: Partition, why: str, seconds: float) -> PartitionResult:
        began = self._clock()
        limits = msgspec.structs.replace(self._limits, timeout_seconds=seconds)
        algorithm, outcome = self._search(partition, limits)
        self.peak_bytes = max(self.peak_bytes or 0, outcome.peak_bytes)
        anomaly = None
        if outcome.verdict is Verdict.INVALID:
            anomaly = explanation.explain(partition.model, partition.operations, outcome)
        reason = outcome.reason
        if why and reason:
            reason = f"{why}; {reason}"
        return PartitionResult(
            key=partition.key,
            verdict=outcome.verdict,
            algorithm=algorithm,
            operations=len(partition.operations),
            seconds=self._clock() - began,
            reason=reason,
            anomalies=() if anomaly is None else (anomaly,),
            witness=outcome.witness,
        )

    def _search(self, partition: Partition, limits: Limits) -> tuple[str, SearchOutcome]:
        if self._engine != "reference":
            try:
                return "search: native", _native(partition, limits)
            except EngineUnavailable:
                if self._engine == "native":
                    raise
        outcome = reference.search(partition.model, partition.operations, limits)
        return "search: reference", outcome

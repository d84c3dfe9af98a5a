"""Judge a history against a model.

The history is split into independent parts. Each is decided by a monitor where an exact one exists,
otherwise by search; the worst verdict wins, and every part keeps its own. A model that is native is
judged natively as a whole; any other, and the engine ``reference``, part by part in Python.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Literal

from checker.checking.consistency import consistency_of, refuse_without_time
from checker.checking.judging import Judging
from checker.engine.native_judge import CancelToken, JudgeProgress
from checker.errors import EngineUnavailable, HistoryTooLarge
from checker.history.formats import ReadLimits, read_history
from checker.history.history import History
from checker.history.recorded import RecordedHistory, read_natively
from checker.history.uncertainty import widen
from checker.limits import Limits
from checker.models import Model, model_named
from checker.result import CheckResult, Partitions
from checker.verdict import PartitionResult, Verdict

__all__ = ["ENGINES", "Engine", "check", "check_file"]

Engine = Literal["auto", "native", "reference"]
ENGINES: Final[tuple[Engine, ...]] = ("auto", "native", "reference")


def check(
    history: History | RecordedHistory,
    model: str | Model[Any] = "stream",
    *,
    consistency: str | None = None,
    limits: Limits | None = None,
    engine: Engine = "auto",
    clock_uncertainty: int = 0,
    cancel: CancelToken | None = None,
    on_progress: Callable[[JudgeProgress], object] | None = None,
    on_stopped: Callable[[Partitions], object] | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> CheckResult:
    """Decide whether a history is linearizable, or what else its consistency is to be.

    Args:
        history: What clients observed.
        model: The object's specification: a name in `checker.MODELS`, ``module:Class``, or a model.
        consistency: ``linearizable``, or the level that transactions are judged by; None is the
            model's own, which `consistency_of` tells.
        limits: The budget of the whole history. Each search gets an equal share of the seconds that
            are left, so that one hard part does not cost the others their verdicts.
        engine: ``auto`` (a monitor where an exact one exists, else the native search), ``native``
            (the same, and never Python's monitors), or ``reference`` (the search in Python alone).
        clock_uncertainty: Nanoseconds by which each operation is widened at both ends, since the
            clocks that timed it may be wrong by so much.
        cancel: Stops the native engine from another thread: what is not decided is unknown.
        on_progress: Is told how far the check is: ten times a second by the native engine, after
            each part by those in Python.
        on_stopped: Is given the parts that were decided by then when something that is raised, such
            as Ctrl-C, ends the check.
        clock: What seconds are read from.

    Raises:
        UnknownModel: no model has this name.
        UnknownConsistency: the model is not judged by this level.
        MalformedHistory: the model cannot make sense of an operation, or there is an uncertainty
            of clocks and the history has no times.
        ModelError: a model of yours raised, or is not pure.
        EngineUnavailable: there is no such engine.
    """
    if engine not in ENGINES:
        raise EngineUnavailable(f"no engine is called {engine!r}: there are {', '.join(ENGINES)}")
    judge = model_named(model) if isinstance(model, str) else model
    level = consistency_of(judge, consistency)
    refuse_without_time(judge, history)
    began = clock()
    history, clock_uncertainty = _widened(history, clock_uncertainty)
    judging = Judging(limits or Limits(), engine, cancel, on_progress, on_stopped, clock)
    judged = judging.judge(judge, history, level)
    return CheckResult(
        model=judge.name,
        consistency=level,
        verdict=judged.parts.worst,
        algorithm=", ".join(judged.parts.columns.algorithms) or "none",
        operations=len(history),
        seconds=judged.decided - began,
        peak_bytes=judged.peak_bytes,
        partitions=judged.parts,
        clock_uncertainty=clock_uncertainty,
    )


def check_file(
    path: str | Path,
    model: str | Model[Any] = "stream",
    *,
    consistency: str | None = None,
    format: str = "auto",  # noqa: A002 - the name that the command line's --format has, too
    limits: Limits | None = None,
    engine: Engine = "auto",
    clock_uncertainty: int = 0,
    cancel: CancelToken | None = None,
    on_progress: Callable[[JudgeProgress], object] | None = None,
) -> CheckResult:
    """Read a recorded history and decide whether it is consistent; arguments are `check`'s.

    The file is read and judged natively: no operation becomes a Python object but those that an
    explanation needs. With the engine ``reference`` it is read and judged in Python. A file of more
    than half of the memory limit is not read: the result is unknown.

    Raises:
        OSError: the file cannot be read.
        UnknownFormat: there is no format of this name.
        MalformedHistory: the file is not a history, or the model cannot make sense of an operation.
        UnknownModel: no model has this name.
        UnknownConsistency: the model is not judged by this level.
        ModelError: a model of yours raised, or is not pure.
        EngineUnavailable: there is no such engine.
    """
    limits = limits or Limits()
    reading = ReadLimits.within(limits.memory_bytes)
    history: History | RecordedHistory
    try:
        if engine == "reference":
            history = read_history(path, format, limits=reading)
        else:
            history = read_natively(
                path, format, limits=reading, clock_uncertainty=clock_uncertainty
            )
            clock_uncertainty = 0  # it is widened already
    except HistoryTooLarge as error:
        return _not_read(model, consistency, error)
    return check(
        history,
        model,
        consistency=consistency,
        limits=limits,
        engine=engine,
        clock_uncertainty=clock_uncertainty,
        cancel=cancel,
        on_progress=on_progress,
    )


def _not_read(
    model: str | Model[Any], consistency: str | None, error: HistoryTooLarge
) -> CheckResult:
    judge = model_named(model) if isinstance(model, str) else model
    part = PartitionResult(
        key=None,
        verdict=Verdict.UNKNOWN,
        algorithm="none",
        operations=0,
        seconds=0.0,
        reason=error.undecided,
    )
    return CheckResult(
        model=judge.name,
        consistency=consistency_of(judge, consistency),
        verdict=Verdict.UNKNOWN,
        algorithm="none",
        operations=0,
        seconds=0.0,
        peak_bytes=0,
        partitions=Partitions.of((part,)),
    )


def _widened(
    history: History | RecordedHistory, clock_uncertainty: int
) -> tuple[History | RecordedHistory, int]:
    """Widen a history in memory; one that was read natively has been widened then."""
    if isinstance(history, History):
        return widen(history, clock_uncertainty), clock_uncertainty
    if clock_uncertainty:
        raise ValueError("a history that was read natively is widened when it is read")
    return history, history.clock_uncertainty

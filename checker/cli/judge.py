"""Read one file and judge it, and say what became of it whatever that was."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import Any, Final

from msgspec.structs import replace

from checker.checking import Engine, JudgeProgress, check, consistency_of
from checker.cli.exits import Exit
from checker.cli.model_choice import ModelChoice, ModelNotTold
from checker.cli.options import json_option
from checker.cli.progress import Stage
from checker.cli.signals import Terminated
from checker.cli.usage import STDIN_PATH, UsageError
from checker.errors import (
    CheckerError,
    EngineUnavailable,
    HistoryTooLarge,
    MalformedHistory,
    ModelError,
    UnknownConsistency,
    UnknownModel,
)
from checker.history.formats import ReadLimits, read_history
from checker.history.formats.source import STDIN_NAME
from checker.history.history import History
from checker.history.recorded import RecordedHistory, read_natively
from checker.limits import Limits
from checker.models import Model
from checker.report.file_report import FileReport, FileVerdict, Trouble
from checker.result import CheckResult, Partitions
from checker.verdict import Verdict, worst

__all__ = ["Judge", "Stopped", "exit_of", "file_name", "model_choice"]

_EXIT_OF_VERDICT: Final = {
    FileVerdict.VALID: Exit.VALID,
    FileVerdict.INVALID: Exit.VIOLATION,
    FileVerdict.UNKNOWN: Exit.UNDECIDED,
    FileVerdict.MALFORMED: Exit.MALFORMED,
}
_EXIT_OF_TROUBLE: Final = {
    Trouble.USAGE: Exit.USAGE,
    Trouble.INFRASTRUCTURE: Exit.INFRASTRUCTURE,
    Trouble.INTERNAL: Exit.INTERNAL,
}


class Stopped(Exception):
    """Ctrl-C or SIGTERM came while a file was judged; ``report`` is what was known by then."""

    def __init__(self, report: FileReport, code: Exit) -> None:
        super().__init__(code.name.lower())
        self.report = report
        self.code = code


class Judge:
    """Judges files one by one, each within the same limits.

    Args:
        choice: Which model judges a file.
        history_format: A format's name, or ``auto``.
        limits: The budget of one file.
        engine: Which engine searches.
        options: Other options that a verdict depends on, for the commands that reports show.
        clock_uncertainty: Nanoseconds by which operations are widened at both ends.
        native: Read natively, unless the engine is the reference: reports then hold histories whose
            operations are made when they are asked for.
        consistency: The level to judge by; None is the model's own.
    """

    def __init__(
        self,
        choice: ModelChoice,
        *,
        history_format: str,
        limits: Limits,
        engine: Engine,
        options: tuple[str, ...] = (),
        clock_uncertainty: int = 0,
        native: bool = False,
        consistency: str | None = None,
    ) -> None:
        self._choice = choice
        self._consistency = consistency
        self._format = history_format
        self._limits = limits
        self._engine: Engine = engine
        self._options = options
        self._clock_uncertainty = clock_uncertainty
        self._native = native and engine != "reference"

    def judge(self, path: str, stage: Stage) -> FileReport:
        """Read and judge one file; what cannot be judged is a report, too.

        Raises:
            Stopped: Ctrl-C or SIGTERM came.
        """
        attempt = _Attempt(file_name(path), self._options)
        try:
            stage(f"reading {attempt.report.file}")
            reading = ReadLimits.within(self._limits.memory_bytes)
            attempt.read(path, self._format, self._clock_uncertainty, reading, native=self._native)
            uncertainty = 0 if self._native else self._clock_uncertainty
            attempt.choose(self._choice, self._consistency)
            attempt.judge(self._limits, self._engine, uncertainty, stage)
        except (KeyboardInterrupt, Terminated) as signal:
            attempt.stop()
            code = Exit.TERMINATED if isinstance(signal, Terminated) else Exit.INTERRUPTED
            raise Stopped(attempt.report, code) from signal
        except HistoryTooLarge as error:
            attempt.fail(error.undecided)
        except MalformedHistory as error:
            attempt.fail(error.reason, FileVerdict.MALFORMED)
            attempt.report = replace(attempt.report, line=error.line, operation=error.operation)
        except (ModelNotTold, UnknownModel, UnknownConsistency, EngineUnavailable) as error:
            attempt.fail(str(error), trouble=Trouble.USAGE)
        except OSError as error:
            attempt.fail(
                f"cannot be read: {error.strerror or error}", trouble=Trouble.INFRASTRUCTURE
            )
        except ModelError as error:
            attempt.fail(str(error), trouble=Trouble.INTERNAL)
        return attempt.report


class _Attempt:
    """A file on its way; ``report`` is what is known of it so far."""

    def __init__(self, file: str, options: tuple[str, ...]) -> None:
        self.report = FileReport(file=file, verdict=FileVerdict.UNKNOWN, options=options)
        self._decided = Partitions.of(())
        self._began = 0.0
        self._model: Model[Any] | None = None
        self._level = ""

    def _history(self) -> History | RecordedHistory:
        if self.report.history is None:
            raise ValueError("a file is read before it is judged")
        return self.report.history

    def read(
        self,
        path: str,
        history_format: str,
        clock_uncertainty: int,
        limits: ReadLimits,
        *,
        native: bool,
    ) -> None:
        began = time.perf_counter()
        path = "-" if path == STDIN_PATH else path
        history: History | RecordedHistory
        try:
            if native:
                history = read_natively(
                    path, history_format, limits=limits, clock_uncertainty=clock_uncertainty
                )
            else:
                history = read_history(path, history_format, limits=limits)
        finally:
            seconds = time.perf_counter() - began
            self.report = replace(self.report, parse_seconds=seconds)
        self.report = replace(self.report, history=history)

    def choose(self, choice: ModelChoice, consistency: str | None) -> None:
        """Choose the model and the level that the file is judged by."""
        history = self._history()
        chosen = choice.model_of(history)
        self._model = chosen.model
        self._level = consistency_of(chosen.model, consistency)
        self.report = replace(
            self.report,
            model=chosen.model.name,
            model_source=chosen.source,
            options=("--model", chosen.option, *self.report.options),
        )

    def judge(
        self,
        limits: Limits,
        engine: Engine,
        clock_uncertainty: int,
        stage: Stage,
    ) -> None:
        history, model = self._history(), self._model
        if model is None:
            raise ValueError("a model is chosen before a file is judged")
        judging = f"judging {self.report.file}: {len(history):,} operations"
        stage(judging)
        self._began = time.perf_counter()

        def stop(decided: Partitions) -> None:
            self._decided = decided

        result = check(
            history,
            model,
            consistency=self._level,
            limits=limits,
            engine=engine,
            clock_uncertainty=clock_uncertainty,
            on_progress=lambda progress: stage(f"{judging}, {_progress(progress)}"),
            on_stopped=stop,
        )
        verdict = FileVerdict(result.verdict.value)
        self.report = replace(
            self.report, verdict=verdict, result=result, reason=_undecided(result, verdict)
        )

    def fail(
        self,
        reason: str,
        verdict: FileVerdict = FileVerdict.UNKNOWN,
        trouble: Trouble | None = None,
    ) -> None:
        self.report = replace(self.report, verdict=verdict, reason=reason, trouble=trouble)

    def stop(self) -> None:
        """Keep what was decided before the signal came."""
        self.fail("stopped before all of it was decided", trouble=Trouble.INTERRUPTED)
        history, model = self.report.history, self.report.model
        if history is None or model is None:
            return
        verdict = worst((Verdict.UNKNOWN, self._decided.worst))
        result = CheckResult(
            model=model,
            consistency=self._level,
            verdict=verdict,
            algorithm="stopped",
            operations=len(history),
            seconds=time.perf_counter() - self._began,
            partitions=self._decided,
        )
        self.report = replace(self.report, verdict=FileVerdict(verdict.value), result=result)


def file_name(path: str) -> str:
    """Return a path as reports show it; what is not UTF-8 in it cannot be shown."""
    name = STDIN_NAME if path == STDIN_PATH else path
    return os.fsencode(name).decode(errors="replace")


def _progress(progress: JudgeProgress) -> str:
    words = f"{progress.parts_decided:,} of {progress.parts:,} parts decided"
    if progress.configurations:
        words += f", {progress.configurations:,} configurations seen"
    return words


def _undecided(result: CheckResult, verdict: FileVerdict) -> str:
    return result.reason if verdict is FileVerdict.UNKNOWN else ""


def exit_of(report: FileReport) -> Exit:
    """Return the exit code that says what became of a file."""
    if report.trouble in _EXIT_OF_TROUBLE:
        return _EXIT_OF_TROUBLE[report.trouble]
    return _EXIT_OF_VERDICT[report.verdict]


def model_choice(
    model: str | None, initial: str | None, arguments: Sequence[str] | None = None
) -> ModelChoice:
    """Return the choice that ``--model``, ``--initial`` (JSON) and ``--model-arg`` make.

    Raises:
        UsageError: There is no such model, or it does not take the option.
    """
    options = {} if initial is None else {"initial": json_option("--initial", initial)}
    for argument in arguments or ():
        name, _, value = argument.partition("=")
        options[name.replace("-", "_")] = json_option("--model-arg", value)
    try:
        return ModelChoice(model, options)
    except CheckerError as error:
        raise UsageError(str(error)) from error

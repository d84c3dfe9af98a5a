"""Judge the one history that a command is about, and hand it on with its model and its verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final, NamedTuple

from cyclopts import Parameter

from checker.checking import Engine
from checker.cli.exits import Exit
from checker.cli.judge import Judge, Stopped, exit_of, file_name, model_choice
from checker.cli.options import check_files, parsed
from checker.cli.output import warn
from checker.cli.quantities import parse_bytes, parse_seconds
from checker.cli.verify import HistoryFormat
from checker.history.history import History
from checker.history.recorded import RecordedHistory
from checker.limits import Limits
from checker.models import Model
from checker.report.file_report import FileReport
from checker.result import CheckResult

__all__ = ["AS_VERIFY", "Judged", "Judging", "NotJudged", "judge_one"]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Judging:
    """How a history is read and judged.

    Args:
        model: The object's specification, as in `checker verify`.
        from_: How the file is written; auto tells it from its content.
        consistency: What is promised, as in `checker verify`.
        model_arg: An option of the model as name=JSON; repeatable.
        initial: The value before any operation, as JSON.
        timeout: How long each judgement may take: 500ms, 60s, 2m.
        memory_limit: What the history and its searches may keep in memory: 512MB, 4GiB.
        engine: What searches: the native engine, the reference in Python, or what suits.
    """

    model: Annotated[str | None, Parameter(name=("--model", "-m"))] = None
    from_: Annotated[HistoryFormat, Parameter(name="--from")] = "auto"
    consistency: str | None = None
    model_arg: Annotated[list[str] | None, Parameter(name="--model-arg", negative=())] = None
    initial: str | None = None
    timeout: str = "60s"
    memory_limit: str = "4GiB"
    engine: Engine = "auto"


AS_VERIFY: Final = Judging()
"""As `checker verify` judges without options."""


class NotJudged(Exception):
    """There is no verdict; why was said on standard error. ``code`` is how the command ends."""

    def __init__(self, code: Exit) -> None:
        super().__init__(code.name.lower())
        self.code = code


class Judged(NamedTuple):
    """A history and all that judging it has told."""

    history: History | RecordedHistory
    model: Model[Any]
    result: CheckResult
    report: FileReport
    limits: Limits


def judge_one(file: str, judging: Judging, stage: Callable[[str], None]) -> Judged:
    """Read a file, natively but for the reference engine, and judge it.

    Raises:
        UsageError: An option or the file cannot be used.
        NotJudged: It could not be read, or not be judged, or the judge was stopped.
    """
    check_files([file])
    choice = model_choice(judging.model, judging.initial, judging.model_arg)
    limits = Limits(
        timeout_seconds=parsed("--timeout", judging.timeout, parse_seconds),
        memory_bytes=parsed("--memory-limit", judging.memory_limit, parse_bytes),
    )
    judge = Judge(
        choice,
        history_format=judging.from_,
        limits=limits,
        engine=judging.engine,
        native=True,
        consistency=judging.consistency,
    )
    try:
        report = judge.judge(file, stage)
    except Stopped as stopped:
        warn(f"{file_name(file)}: {stopped.report.reason}")
        raise NotJudged(stopped.code) from stopped
    if report.history is None or report.result is None:
        place = report.file if report.line is None else f"{report.file}:{report.line}"
        tail = f" [{report.operation}]" if report.operation else ""
        warn(f"{place}: {report.reason}{tail}")
        raise NotJudged(exit_of(report))
    chosen = choice.model_of(report.history)
    return Judged(report.history, chosen.model, report.result, report, limits)

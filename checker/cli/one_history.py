"""Judge the one history that a command is about, and hand it on with its model and its verdict."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from checker.check import Engine
from checker.cli.exits import Exit
from checker.cli.judge import Judge, Stopped, exit_of, file_name, model_choice
from checker.cli.options import check_files, parsed
from checker.cli.output import warn
from checker.cli.quantities import parse_bytes, parse_seconds
from checker.history.history import History
from checker.limits import Limits
from checker.models import Model
from checker.report.file_report import FileReport
from checker.verdict import CheckResult

__all__ = ["Judged", "NotJudged", "judge_one"]


class NotJudged(Exception):
    """There is no verdict; why was said on standard error. ``code`` is how the command ends."""

    def __init__(self, code: Exit) -> None:
        super().__init__(code.name.lower())
        self.code = code


class Judged(NamedTuple):
    """A history and all that judging it has told."""

    history: History
    model: Model[Any]
    result: CheckResult
    report: FileReport
    limits: Limits


def judge_one(
    file: str,
    stage: Callable[[str], None],
    *,
    model: str | None,
    history_format: str,
    initial: str | None,
    timeout: str,
    memory_limit: str,
    engine: Engine,
) -> Judged:
    """Read a file and judge it; the options are those of ``checker verify``.

    Raises:
        UsageError: An option or the file cannot be used.
        NotJudged: It could not be read, or not be judged, or the judge was stopped.
    """
    check_files([file])
    choice = model_choice(model, initial)
    limits = Limits(
        timeout_seconds=parsed("--timeout", timeout, parse_seconds),
        memory_bytes=parsed("--memory-limit", memory_limit, parse_bytes),
    )
    judge = Judge(choice, history_format=history_format, limits=limits, engine=engine)
    try:
        report = judge.judge(file, stage)
    except Stopped as stopped:
        warn(f"{file_name(file)}: {stopped.report.reason}")
        raise NotJudged(stopped.code) from stopped
    # Only `checker verify` reads natively, so this is a whole history, or none.
    if not isinstance(report.history, History) or report.result is None:
        place = report.file if report.line is None else f"{report.file}:{report.line}"
        tail = f" [{report.operation}]" if report.operation else ""
        warn(f"{place}: {report.reason}{tail}")
        raise NotJudged(exit_of(report))
    chosen = choice.model_of(report.history)
    return Judged(report.history, chosen.model, report.result, report, limits)

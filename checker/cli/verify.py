"""`checker verify`: judge histories, print what was found, end with the code that says it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeAlias

from cyclopts import Parameter

from checker.checking import Engine
from checker.cli.exits import Exit, worst_exit
from checker.cli.github_actions import tell_github
from checker.cli.judge import Judge, Stopped, exit_of, file_name, model_choice
from checker.cli.options import check_files, check_output, parsed
from checker.cli.output import warn, write_stdout
from checker.cli.progress import progress
from checker.cli.quantities import parse_bytes, parse_seconds
from checker.cli.usage import UsageError
from checker.cli.version import VERSION, version_text
from checker.limits import Limits
from checker.report.file_report import FileReport, FileVerdict, Trouble
from checker.report.machine import json_document, junit_document
from checker.report.sarif import sarif_document
from checker.report.witness import witness_lines

if TYPE_CHECKING:
    from checker.cli.text_report import TextReport

__all__ = ["HistoryFormat", "verify"]

_NANOSECONDS: Final = 1e9
_TEXT: Final = "checker.cli.text_report:TextReport"
"""Imports rich, which JSON can do without."""
_PAGE: Final = "checker.cli.page_report:write_page_report"
"""Imports jinja2."""

Written: TypeAlias = tuple[str | None, Callable[[Sequence[FileReport]], bytes]]
"""A file that was asked for, and what is to be in it."""

HistoryFormat = Literal["auto", "jsonl", "ops", "edn", "json", "porcupine", "plume"]


def verify(
    files: list[str],
    /,
    *,
    model: Annotated[str | None, Parameter(name=("--model", "-m"))] = None,
    model_arg: Annotated[list[str] | None, Parameter(name="--model-arg", negative=())] = None,
    consistency: str | None = None,
    format: HistoryFormat = "auto",  # noqa: A002 - it is what the option is called
    initial: str | None = None,
    timeout: str = "60s",
    memory_limit: str = "4GiB",
    engine: Engine = "auto",
    json: Annotated[bool, Parameter(negative=(), show_default=False)] = False,
    clock_uncertainty: str | None = None,
    html: str | None = None,
    junit: str | None = None,
    sarif: str | None = None,
    witness: str | None = None,
    statistics: Annotated[bool, Parameter(negative=(), show_default=False)] = False,
) -> int:
    """Judge recorded histories: could the object have behaved so?

    Args:
        files: History files, gzipped or not; - is standard input.
        model: The object's specification: a name that `checker models` lists, or module:Class.
            Without it, the model that the file names, or the only one that its operations fit.
        model_arg: An option of the model as name=JSON, such as total=100 of a bank; repeatable.
        consistency: What is promised: linearizable, or a level of transactions such as
            serializable or read-committed. Without it, the model's own.
        format: How the files are written; auto tells it from their content.
        initial: The register's value before any operation, as JSON.
        timeout: How long one file may take to decide: 500ms, 60s, 2m, 1h.
        memory_limit: What the history and its searches may keep in memory: 512MB, 4GiB.
        engine: What searches: the native engine, the reference in Python, or what suits.
        json: Print one JSON document, trueorder.result/1, instead of text.
        clock_uncertainty: How wrong the clocks may be that timed the operations: 0.5ms, 2s. Each is
            widened by it at both ends, and the verdict says so.
        html: Write a page with a timeline of the history to this file.
        junit: Write JUnit XML to this file, a suite for each history.
        sarif: Write SARIF 2.1.0 to this file, a result for each violation.
        witness: Write the orders that explain the valid parts to this file, a JSON line for each.
        statistics: Say also what deciding took: by which algorithm how much, and the hardest parts.
    """
    judge = Judge(
        model_choice(model, initial, model_arg),
        history_format=format,
        limits=Limits(
            timeout_seconds=parsed("--timeout", timeout, parse_seconds),
            memory_bytes=parsed("--memory-limit", memory_limit, parse_bytes),
        ),
        engine=engine,
        clock_uncertainty=_nanoseconds("--clock-uncertainty", clock_uncertainty),
        native=True,
        consistency=consistency,
        options=_given_again(
            {
                "--consistency": consistency,
                "--model-arg": model_arg,
                "--clock-uncertainty": clock_uncertainty,
                "--initial": initial,
                "--format": None if format == "auto" else format,
            }
        ),
    )
    check_files(files)
    check_output("--html", html)
    written = _documents(junit, sarif, witness)
    if html is not None and len(files) > 1:
        raise UsageError("--html draws one history: name one file")
    return _Run(judge, as_json=json, html=html, written=written, statistics=statistics).run(files)


def _documents(junit: str | None, sarif: str | None, witness: str | None) -> dict[str, Written]:
    documents: dict[str, Written] = {
        "--junit": (junit, junit_document),
        "--sarif": (sarif, _sarif),
        "--witness": (witness, witness_lines),
    }
    for option, (path, _) in documents.items():
        check_output(option, path)
    return documents


def _sarif(reports: Sequence[FileReport]) -> bytes:
    return sarif_document(reports, version=VERSION)


def _given_again(options: Mapping[str, str | list[str] | None]) -> tuple[str, ...]:
    """Write the options that were given as arguments of a command that judges in the same way."""
    return tuple(
        part
        for option, given in options.items()
        for value in ([given] if isinstance(given, str) else given or ())
        for part in (option, value)
    )


def _nanoseconds(option: str, duration: str | None) -> int:
    if duration is None:
        return 0
    return round(parsed(option, duration, parse_seconds) * _NANOSECONDS)


class _Run:
    """One run over the files: what was found, and where it is to be written."""

    def __init__(
        self,
        judge: Judge,
        *,
        as_json: bool,
        html: str | None,
        written: Mapping[str, Written],
        statistics: bool,
    ) -> None:
        self._statistics = statistics
        self._judge = judge
        self._html = html
        self._files = written
        self._text: TextReport | None = (
            None if as_json else resolve_name(_TEXT)(statistics=statistics)
        )
        self._reports: list[FileReport] = []

    def run(self, files: Sequence[str]) -> Exit:
        stopped: Stopped | None = None
        for number, path in enumerate(files):
            try:
                with progress() as stage:
                    report = self._judge.judge(path, stage)
            except Stopped as stop:
                stopped = stop
                self._add(stop.report)
                for rest in files[number + 1 :]:
                    self._add(_never_judged(rest))
                break
            self._add(report)
        written = [
            self._write_page(),
            *map(self._write_file, self._files),
            tell_github(self._reports),
        ]
        self._conclude(page_written=written[0] is Exit.VALID)
        return stopped.code if stopped else worst_exit([*map(exit_of, self._reports), *written])

    def _add(self, report: FileReport) -> None:
        self._reports.append(report)
        if report.trouble not in {None, Trouble.INTERRUPTED}:
            warn(f"{report.file}: {report.reason}")
        elif self._text is not None:
            self._text.add(report)
        elif report.verdict is FileVerdict.MALFORMED:
            place = report.file if report.line is None else f"{report.file}:{report.line}"
            warn(f"{place}: {report.reason}")

    def _write_page(self) -> Exit:
        if self._html is None:
            return Exit.VALID
        write: Callable[[str, FileReport], Exit] = resolve_name(_PAGE)
        return write(self._html, self._reports[0])

    def _write_file(self, option: str) -> Exit:
        path, document = self._files[option]
        if path is None:
            return Exit.VALID
        try:
            Path(path).write_bytes(document(self._reports))
        except OSError as error:
            warn(f"{option}: {error}")
            return Exit.INFRASTRUCTURE
        return Exit.VALID

    def _conclude(self, *, page_written: bool) -> None:
        if self._text is None:
            write_stdout(
                json_document(self._reports, version=version_text(), statistics=self._statistics)
            )
        else:
            page = self._html if page_written and self._reports[0].result is not None else None
            self._text.conclude(self._reports, page)


def _never_judged(path: str) -> FileReport:
    return FileReport(
        file=file_name(path),
        verdict=FileVerdict.UNKNOWN,
        reason="stopped before it was looked at",
        trouble=Trouble.INTERRUPTED,
    )

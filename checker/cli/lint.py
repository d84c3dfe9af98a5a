"""`checker lint`: are these histories well-formed, and is anything odd about them?"""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter
from msgspec import Struct

from checker.cli.exits import Exit, worst_exit
from checker.cli.judge import file_name
from checker.cli.options import STDIN_PATH, check_files
from checker.cli.output import print_json, report_console
from checker.cli.verify import HistoryFormat
from checker.errors import MalformedHistory
from checker.history.formats import read_history
from checker.history.lint import LintFinding, lint_history
from checker.report.terminal import print_line

__all__ = ["lint"]


class _Linted(Struct, frozen=True, kw_only=True):
    file: str
    operations: int | None
    malformed: LintFinding | None
    findings: tuple[LintFinding, ...]


def lint(
    files: list[str],
    /,
    *,
    format: HistoryFormat = "auto",  # noqa: A002 - it is what the option is called
    strict: Annotated[bool, Parameter(negative=(), show_default=False)] = False,
    json: Annotated[bool, Parameter(negative=(), show_default=False)] = False,
) -> int:
    """Check that histories are well-formed, and tell what is odd about them.

    Exit code: 0 well-formed, 4 malformed (with --strict: or odd), 2 usage.

    Args:
        files: History files, gzipped or not; - is standard input.
        format: How the files are written; auto tells it from their content.
        strict: End with 4 for what is merely odd, too.
        json: Print a JSON list instead of text.
    """
    check_files(files)
    linted = [_lint(path, format) for path in files]
    if json:
        print_json(linted)
    else:
        for one in linted:
            _print(one)
    return worst_exit(
        Exit.MALFORMED if one.malformed or (strict and one.findings) else Exit.VALID
        for one in linted
    )


def _lint(path: str, history_format: str) -> _Linted:
    file = file_name(path)
    try:
        history = read_history("-" if path == STDIN_PATH else path, history_format)
    except MalformedHistory as error:
        message = f"{error.reason} [{error.operation}]" if error.operation else error.reason
        malformed = LintFinding(rule="malformed", message=message, line=error.line)
        return _Linted(file=file, operations=None, malformed=malformed, findings=())
    findings = tuple(lint_history(history))
    return _Linted(file=file, operations=len(history), malformed=None, findings=findings)


def _print(linted: _Linted) -> None:
    console = report_console()
    if linted.malformed is not None:
        _print_finding(linted, linted.malformed)
        return
    print_line(console, f"{linted.file}: well-formed, {linted.operations:,} operations")
    for finding in linted.findings:
        _print_finding(linted, finding)


def _print_finding(linted: _Linted, finding: LintFinding) -> None:
    place = linted.file if finding.line is None else f"{linted.file}:{finding.line}"
    print_line(report_console(), f"{place}: {finding.rule}: {finding.message}")

"""`checker lint`: are these histories well-formed, and is anything odd about them?"""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter
from msgspec import Struct

from checker.cli.console import report_console
from checker.cli.exits import Exit, worst_exit
from checker.cli.json_output import print_json
from checker.cli.judge import file_name
from checker.cli.options import check_files
from checker.cli.usage import STDIN_PATH, UsageError
from checker.cli.verify import HistoryFormat
from checker.errors import MalformedHistory
from checker.history.formats import FAULTS_MAX, read_with_faults
from checker.history.lint import LintFinding, lint_history
from checker.report.terminal import print_line
from checker.report.wording import count_text

__all__ = ["lint"]


class _Linted(Struct, frozen=True, kw_only=True):
    file: str
    operations: int | None
    malformed: tuple[LintFinding, ...]
    findings: tuple[LintFinding, ...]


def lint(
    files: list[str],
    /,
    *,
    format: HistoryFormat = "auto",  # noqa: A002 - it is what the option is called
    at_most: int = FAULTS_MAX,
    strict: Annotated[bool, Parameter(negative=(), show_default=False)] = False,
    json: Annotated[bool, Parameter(negative=(), show_default=False)] = False,
) -> int:
    """Check that histories are well-formed, and tell what is odd about them.

    Exit code: 0 well-formed, 4 malformed (with --strict: or odd), 2 usage.

    Args:
        files: History files, gzipped or not; - is standard input.
        format: How the files are written; auto tells it from their content.
        at_most: How many malformations of a file to tell of; the first alone is certain not to
            follow from another.
        strict: End with 4 for what is merely odd, too.
        json: Print a JSON list instead of text.
    """
    check_files(files)
    if at_most < 1:
        raise UsageError(f"--at-most: {at_most} is not at least 1")
    linted = [_lint(path, format, at_most) for path in files]
    if json:
        print_json(linted)
    else:
        for one in linted:
            _print(one, at_most)
    return worst_exit(
        Exit.MALFORMED if one.malformed or (strict and one.findings) else Exit.VALID
        for one in linted
    )


def _lint(path: str, history_format: str, at_most: int) -> _Linted:
    file = file_name(path)
    source = "-" if path == STDIN_PATH else path
    history, faults = read_with_faults(source, history_format, at_most=at_most)
    findings = () if history is None else tuple(lint_history(history))
    return _Linted(
        file=file,
        operations=None if history is None else len(history),
        malformed=tuple(map(_malformed, faults)),
        findings=findings,
    )


def _malformed(error: MalformedHistory) -> LintFinding:
    message = f"{error.reason} [{error.operation}]" if error.operation else error.reason
    return LintFinding(rule="malformed", message=message, line=error.line)


def _print(linted: _Linted, at_most: int) -> None:
    console = report_console()
    for finding in linted.malformed:
        _print_finding(linted, finding)
    count = len(linted.malformed)
    if not count:
        operations = count_text(linted.operations or 0, "operation")
        print_line(console, f"{linted.file}: well-formed, {operations}")
    elif count == at_most:
        print_line(console, f"{linted.file}: stopped after {count}; --at-most shows more")
    elif count > 1:
        print_line(
            console, f"{linted.file}: {count} in all; a later one may follow from an earlier"
        )
    for finding in linted.findings:
        _print_finding(linted, finding)


def _print_finding(linted: _Linted, finding: LintFinding) -> None:
    place = linted.file if finding.line is None else f"{linted.file}:{finding.line}"
    print_line(report_console(), f"{place}: {finding.rule}: {finding.message}")

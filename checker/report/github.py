"""The result as GitHub Actions shows it: annotations of a job, and a summary of it in Markdown.

An annotation is a line of output that the runner picks up ("workflow commands"). GitHub shows ten
of a step, so the worst come first and no more are written; the summary has all files.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from checker.report.file_report import FileReport, FileVerdict
from checker.report.wording import printable
from checker.verdict import Verdict

__all__ = ["ANNOTATIONS_MAX", "SUMMARY_BYTES_MAX", "annotation_lines", "summary"]

ANNOTATIONS_MAX: Final = 10
SUMMARY_BYTES_MAX: Final = 1_000_000
"""GitHub drops a summary of more than 1 MiB."""

_ICONS: Final = {
    FileVerdict.VALID: "✅",
    FileVerdict.UNKNOWN: "❔",
    FileVerdict.INVALID: "❌",
    FileVerdict.MALFORMED: "⚠️",
}


def annotation_lines(reports: Sequence[FileReport]) -> list[str]:
    """Return the lines for the worst findings: violations, then trouble, then what is undecided."""
    found = sorted((one for report in reports for one in _findings(report)), key=lambda one: one[0])
    return [line for _, line in found[:ANNOTATIONS_MAX]]


def _findings(report: FileReport) -> Iterator[tuple[int, str]]:
    for part in () if report.result is None else report.result.partitions:
        if part.verdict is Verdict.INVALID:
            for anomaly in part.anomalies:
                operations = report.operations(anomaly.operations)
                line = operations[-1].line if operations else None
                yield 0, _command("error", report.file, line, anomaly.type, anomaly.explanation)
        elif part.verdict is Verdict.UNKNOWN:
            yield 2, _command("warning", report.file, None, "undecided", part.reason)
    if report.verdict is FileVerdict.MALFORMED or report.trouble is not None:
        title = str(report.trouble or report.verdict)
        yield 1, _command("error", report.file, report.line, title, report.reason)


def _command(level: str, file: str, line: int | None, title: str, text: str) -> str:
    where = f"file={_property(file)}" + ("" if line is None else f",line={line}")
    return f"::{level} {where},title={_property(title)}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def summary(reports: Sequence[FileReport]) -> str:
    """Return a table of the files, and what was found in those that are not valid."""
    lines = ["| | history | model | operations | verdict |", "|---|---|---|--:|---|"]
    for report in reports:
        operations = "" if report.history is None else f"{len(report.history):,}"
        lines.append(
            f"| {_ICONS[report.verdict]} | {_cell(report.file)} | {_cell(report.model or '')} "
            f"| {operations} | {report.verdict} |"
        )
    size = sum(len(line.encode()) + 1 for line in lines)
    for report in reports:
        for text in _details(report):
            size += len(text.encode()) + 1
            if size > SUMMARY_BYTES_MAX:
                return "\n".join([*lines, "", "More was found than fits here.", ""])
            lines.append(text)
    return "\n".join([*lines, ""])


def _details(report: FileReport) -> Iterator[str]:
    for part in report.invalid_partitions:
        for anomaly in part.anomalies:
            yield f"\n**{_cell(report.file)}: {anomaly.type}**\n"
            # Four spaces make it code: whatever a history says, it is shown as it is.
            yield "\n".join(f"    {printable(line)}" for line in anomaly.explanation.splitlines())
    if report.reason:
        yield f"\n**{_cell(report.file)}**\n\n    {printable(report.reason)}"


def _cell(text: str) -> str:
    """Write text in a table's cell as code, whatever is in it."""
    shown = printable(text).replace("`", "'").replace("|", "\\|").replace("\n", " ")
    return f"`{shown}`" if shown else ""

"""The report for people, printed while the files are judged."""

from __future__ import annotations

from collections.abc import Sequence

from checker.cli.console import report_console
from checker.report.file_report import FileReport
from checker.report.terminal import print_report, print_summary

__all__ = ["TextReport"]


class TextReport:
    """Prints what became of each file, and what of all."""

    def __init__(self) -> None:
        self._console = report_console()

    def add(self, report: FileReport) -> None:
        """Print one file's."""
        print_report(self._console, report)

    def conclude(self, reports: Sequence[FileReport], page: str | None) -> None:
        """Print the tally; ``page`` is where the page was written."""
        print_summary(self._console, reports, html=page)

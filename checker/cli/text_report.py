"""The report for people, printed while the files are judged."""

from __future__ import annotations

from collections.abc import Sequence

from checker.cli.console import report_console
from checker.report.file_report import FileReport
from checker.report.judging_statistics import judging_statistics
from checker.report.statistics_text import print_statistics
from checker.report.terminal import print_report, print_summary

__all__ = ["TextReport"]


class TextReport:
    """Prints what became of each file, and what of all.

    Args:
        statistics: Say also what deciding took.
    """

    def __init__(self, *, statistics: bool) -> None:
        self._statistics = statistics
        self._console = report_console()

    def add(self, report: FileReport) -> None:
        """Print one file's."""
        print_report(self._console, report)
        if self._statistics and report.result is not None:
            print_statistics(self._console, judging_statistics(report.result))

    def conclude(self, reports: Sequence[FileReport], page: str | None) -> None:
        """Print the tally; ``page`` is where the page was written."""
        print_summary(self._console, reports, html=page)

"""The page that `checker verify --html` writes."""

from __future__ import annotations

from checker.cli.exits import Exit
from checker.cli.output import warn
from checker.history.recorded import RecordedHistory
from checker.report.file_report import FileReport
from checker.report.page import PageTooLarge, write_page

__all__ = ["write_page_report"]


def write_page_report(path: str, report: FileReport) -> Exit:
    """Write the page of a file that was judged, and say so if that fails; else write nothing."""
    history = report.history
    if history is None or report.result is None:
        return Exit.VALID
    try:
        write_page(
            path,
            history.load() if isinstance(history, RecordedHistory) else history,
            report.result,
            title=report.file,
            reproduce=report.command(),
        )
    except (OSError, PageTooLarge) as error:
        warn(f"--html: {error}")
        return Exit.INFRASTRUCTURE
    return Exit.VALID

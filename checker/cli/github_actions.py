"""What `checker verify` tells GitHub Actions, when it runs there."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from checker.cli.exits import Exit
from checker.cli.output import warn
from checker.report.file_report import FileReport
from checker.report.github import annotation_lines, summary

__all__ = ["tell_github"]


def tell_github(reports: Sequence[FileReport], environment: Mapping[str, str] = os.environ) -> Exit:
    """Annotate the job and add to its summary; do nothing elsewhere.

    Annotations go to standard error: the runner reads both streams, and standard output may be the
    JSON document.
    """
    if environment.get("GITHUB_ACTIONS") != "true":
        return Exit.VALID
    sys.stderr.write("".join(f"{line}\n" for line in annotation_lines(reports)))
    path = environment.get("GITHUB_STEP_SUMMARY")
    if not path:
        return Exit.VALID
    try:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(summary(reports))
    except OSError as error:
        warn(f"$GITHUB_STEP_SUMMARY: {error}")
        return Exit.INFRASTRUCTURE
    return Exit.VALID

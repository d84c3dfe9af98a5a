"""One `trueorder judge`: read the folder, judge, keep and show the result."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import msgspec
from rich.console import Console

from checker import Limits, MalformedHistory
from verification.artefacts import RunFolder
from verification.judge.document import exit_code, verdict_document, write_judgement
from verification.judge.judgement import Judgement, judge_run
from verification.judge.terminal import print_judgement

__all__ = ["judge_again", "keep", "report_malformed", "show"]

MALFORMED: Final = 4


def judge_again(run: Path, timeout_seconds: float, *, as_json: bool) -> int:
    """Judge the run in a folder, and return the exit code.

    Raises:
        NotARun: there is no run in the folder.
    """
    folder = RunFolder.open(run)
    try:
        judgement = judge_run(folder, Limits(timeout_seconds=timeout_seconds))
    except MalformedHistory as error:
        return report_malformed(error)
    keep(judgement, folder)
    return show(judgement, folder, as_json=as_json)


def keep(judgement: Judgement, folder: RunFolder) -> None:
    """Write verdict and page into the run folder, or say on standard error that it cannot be."""
    try:
        write_judgement(judgement, folder)
    except OSError as error:
        print(f"trueorder: verdict and page are not written: {error}", file=sys.stderr)


def show(judgement: Judgement, folder: RunFolder, *, as_json: bool) -> int:
    """Print a judgement on standard output, and return its exit code."""
    if as_json:
        print(msgspec.json.encode(verdict_document(judgement, folder)).decode())
    else:
        print_judgement(Console(), judgement, folder)
    return exit_code(judgement.verdict)


def report_malformed(error: MalformedHistory) -> int:
    """Say on standard error why a history cannot be judged, and return the exit code."""
    print(f"trueorder: {error}", file=sys.stderr)
    return MALFORMED

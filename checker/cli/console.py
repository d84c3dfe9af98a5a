"""The terminal that reports for people go to."""

from __future__ import annotations

import sys
from typing import Final, NoReturn

from rich.console import Console

__all__ = ["report_console"]

_PLAIN_WIDTH: Final = 200
"""Columns where there is no terminal to ask: tables may be wide, nobody has to wrap them."""


class _ReportConsole(Console):
    def on_broken_pipe(self) -> NoReturn:
        # Rich would exit with 1, which to us is a violation.
        raise BrokenPipeError


def report_console(*, stderr: bool = False) -> Console:
    """Return the console of standard output, or, for a command whose data goes there, of errors.

    Rich honours NO_COLOR and FORCE_COLOR.
    """
    width = None if (sys.stderr if stderr else sys.stdout).isatty() else _PLAIN_WIDTH
    return _ReportConsole(stderr=stderr, width=width, highlight=False, markup=False, emoji=False)

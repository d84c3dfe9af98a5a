"""Where output goes: results to standard output, everything else to standard error."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final, NoReturn

import msgspec

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["print_json", "report_console", "version_text", "warn", "write_stdout"]

_PLAIN_WIDTH: Final = 200
"""Columns where there is no terminal to ask: tables may be wide, nobody has to wrap them."""


def report_console(*, stderr: bool = False) -> Console:
    """Return the console of standard output, or, for a command whose data goes there, of errors.

    Rich honours NO_COLOR and FORCE_COLOR.
    """
    from rich.console import Console  # noqa: PLC0415 - not needed for --version and --json

    class ReportConsole(Console):
        def on_broken_pipe(self) -> NoReturn:
            # Rich would exit with 1, which to us is a violation.
            raise BrokenPipeError

    width = None if (sys.stderr if stderr else sys.stdout).isatty() else _PLAIN_WIDTH
    return ReportConsole(stderr=stderr, width=width, highlight=False, markup=False, emoji=False)


def warn(message: str) -> None:
    """Print one line to standard error."""
    sys.stderr.write(f"checker: {message}\n")


def write_stdout(data: bytes) -> None:
    """Write bytes as they are to standard output."""
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def print_json(document: Any) -> None:
    """Print a document, indented."""
    write_stdout(msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n")


def version_text() -> str:
    """Return the checker's version, and that of its native engine if it is built here."""
    from importlib.metadata import version  # noqa: PLC0415 - costs more than all the rest

    try:
        from checker import _native  # noqa: PLC0415 - it may not be built here
    except ImportError:
        return f"checker {version('trueorder')} (no native engine)"
    return f"checker {version('trueorder')} (native engine {_native.version()})"

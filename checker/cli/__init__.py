"""The command line of the checker; ``checker --help`` lists the commands.

Results go to standard output, everything else to standard error. Commands are imported when they
are run, so that ``--help`` is quick. Exit codes: `checker.cli.exits`.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from typing import Final

from cyclopts import App, CycloptsError

from checker.cli.exits import Exit
from checker.cli.options import STDIN_PATH, UsageError
from checker.cli.output import version_text, warn
from checker.cli.signals import Terminated, sigterm_raises

__all__ = ["app", "main"]

_DEBUG_FLAG: Final = "--debug"
_DEBUG_VARIABLE: Final = "CHECKER_DEBUG"

app = App(
    name="checker",
    help="Was what clients observed consistent? Judges histories of concurrent operations.",
    help_epilogue=f"{_DEBUG_FLAG}, or {_DEBUG_VARIABLE}=1 in the environment, prints the traceback "
    "of an internal error.",
    version=version_text,
    version_format="plaintext",
    result_action="return_value",
    exit_on_error=False,
    suppress_keyboard_interrupt=False,
)
for _rank, (_name, _help) in enumerate(
    {
        "verify": "Judge recorded histories: could the object have behaved so?\n\n"
        "Exit code: 0 all valid, 1 a violation, 2 usage, 3 undecided within the limits, "
        "4 malformed, 5 a file or report that could not be read or written, 70 internal error, "
        "130 or 143 stopped.",
        "lint": "Check that histories are well-formed, and tell what is odd about them.\n\n"
        "Exit code: 0 well-formed, 2 usage, 4 malformed, or odd with --strict.",
        "explain": "Explain why a history is in violation, or what an anomaly's name means.\n\n"
        "Exit code: as of verify; with --rule alone, 0.",
        "shrink": "Write the smallest part of a history that fails in the same way.\n\n"
        "Exit code: 0 written, 2 usage or nothing to shrink, 3 written, but perhaps not the "
        "smallest, or undecided, 4 malformed, 5 not written, 130 or 143 stopped: the smallest so "
        "far is written.",
        "convert": "Write a history in another format, or say what would be lost.\n\n"
        "Exit code: 0 written, 2 usage or something would be lost, 4 malformed, 5 not written.",
        "stats": "Count a history's operations, and show its concurrency and latencies.\n\n"
        "Exit code: 0 counted, 2 usage, 4 malformed.",
        "models": "List the models that histories can be judged against.",
        "schema": "Print the JSON Schema of a history's lines, or of a result.",
    }.items()
):
    app.command(f"checker.cli.{_name}:{_name}", name=_name, help=_help, sort_key=_rank)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name, and return its exit code; it never raises."""
    tokens = list(sys.argv[1:] if arguments is None else arguments)
    debug = _DEBUG_FLAG in tokens or bool(os.environ.get(_DEBUG_VARIABLE))
    try:
        with sigterm_raises():
            result = app([_token(token) for token in tokens if token != _DEBUG_FLAG])
            sys.stdout.flush()
    except BaseException as error:  # noqa: BLE001 - a bug of any kind, a native panic too, is 70
        return _ended_by(error, debug=debug)
    return result if isinstance(result, int) else Exit.VALID


def _ended_by(error: BaseException, *, debug: bool) -> Exit:
    """Say on standard error what ended the command, and return the code for it."""
    match error:
        case CycloptsError():
            code = Exit.USAGE  # cyclopts has printed what is wrong
        case UsageError():
            warn(str(error))
            code = Exit.USAGE
        case BrokenPipeError():
            # The reader of our output has seen enough; the interpreter must not flush at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = Exit.PIPE_CLOSED
        case KeyboardInterrupt():
            warn("interrupted")
            code = Exit.INTERRUPTED
        case Terminated():
            warn("terminated")
            code = Exit.TERMINATED
        case _:
            warn(f"internal error: {type(error).__name__}: {error}")
            if debug:
                traceback.print_exception(error)
            else:
                warn(f"please report it; {_DEBUG_FLAG} shows where it happened")
            code = Exit.INTERNAL
    return code


def _token(argument: str) -> str:
    # To cyclopts a lone dash is an option without a name.
    return STDIN_PATH if argument == "-" else argument

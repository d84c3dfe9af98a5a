"""How a command ended: what is said on standard error, and the exit code.

Only the standard library and what is made of it alone is imported here: a broken installation must
be able to say so, and to end with its code.
"""

from __future__ import annotations

import os
import sys
import traceback
from typing import Final

from checker.cli.exits import Exit
from checker.cli.output import warn
from checker.cli.signals import Terminated
from checker.cli.usage import UsageError

__all__ = ["DEBUG_FLAG", "DEBUG_VARIABLE", "ended_by"]

DEBUG_FLAG: Final = "--debug"
DEBUG_VARIABLE: Final = "CHECKER_DEBUG"


def ended_by(error: BaseException, *, debug: bool) -> Exit:
    """Say on standard error what ended the command, and return the code for it."""
    match error:
        case UsageError():
            warn(str(error))
            code = Exit.USAGE
        case BrokenPipeError() | SystemExit(__context__=BrokenPipeError()):
            # The reader of our output has seen enough; the interpreter must not flush at exit.
            # Rich, which prints the help, makes it an exit with 1.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = Exit.PIPE_CLOSED
        case KeyboardInterrupt():
            warn("interrupted")
            code = Exit.INTERRUPTED
        case Terminated():
            warn("terminated")
            code = Exit.TERMINATED
        case _:
            warn(f"internal error: {_told(error)}")
            if debug:
                traceback.print_exception(error)
            else:
                warn(f"please report it; {DEBUG_FLAG} shows where it happened")
            code = Exit.INTERNAL
    return code


def _told(error: BaseException) -> str:
    """Tell an error, and the one that it was made of."""
    told = f"{type(error).__name__}: {error}"
    return told if error.__cause__ is None else f"{told}, since {_told(error.__cause__)}"

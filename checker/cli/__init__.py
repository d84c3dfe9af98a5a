"""The command line of the checker; ``checker --help`` lists the commands.

Results go to standard output, everything else to standard error. Exit codes: `checker.cli.exits`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pkgutil import resolve_name
from typing import Final

from checker.cli.endings import DEBUG_FLAG, DEBUG_VARIABLE, ended_by
from checker.cli.signals import sigterm_raises

__all__ = ["main"]

_COMMANDS: Final = "checker.cli.commands:run"
"""Imported by `main`: what is broken there must not end with 1, as Python would end with it."""
_VERSION_ALONE: Final = (["--version"], "checker.cli.version:run")
"""What scripts ask first of all can do without a parser of command lines."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name, and return its exit code; it never raises."""
    tokens = list(sys.argv[1:] if arguments is None else arguments)
    debug = DEBUG_FLAG in tokens or bool(os.environ.get(DEBUG_VARIABLE))
    try:
        with sigterm_raises():
            code = _run([token for token in tokens if token != DEBUG_FLAG])
            sys.stdout.flush()
    except BaseException as error:  # noqa: BLE001 - a bug of any kind, a native panic too, is 70
        return ended_by(error, debug=debug)
    return code


def _run(tokens: Sequence[str]) -> int:
    alone, version = _VERSION_ALONE
    run: Callable[[Sequence[str]], int] = resolve_name(version if tokens == alone else _COMMANDS)
    return run(tokens)

"""Standard input, output and error as a command finds them: closed, full, or whole."""

from __future__ import annotations

import errno
import os
import sys
from typing import Final

__all__ = ["abandon_output", "is_of_output", "open_standard_files"]

_WRITING: Final = {errno.EBADF, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.ENOSPC}

_MODES: Final = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))


def open_standard_files() -> None:
    """Have something in the place of each that is closed: nothing is read, what is written goes.

    Else the first connection would take its number, and what a library writes would go there.
    """
    for number, (name, mode) in enumerate(_MODES):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115


def is_of_output(error: BaseException) -> bool:
    """Whether an error that nobody took is of writing standard output.

    Opening a file names it, connections have other errors, and other writes are taken where they
    are made.
    """
    return isinstance(error, OSError) and error.filename is None and error.errno in _WRITING


def abandon_output() -> None:
    """Keep the interpreter from writing again, at its end, what nobody takes."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

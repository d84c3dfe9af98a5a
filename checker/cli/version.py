"""Which checker this is.

The version is written here, too, for asking the installed package for it takes longer than all else
that ``--version`` does; a test holds that they are the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from checker.cli.exits import Exit
from checker.cli.output import write_stdout

try:
    from checker._native import version as _native_version
except ImportError:
    _ENGINE = "no native engine"
else:
    _ENGINE = f"native engine {_native_version()}"

__all__ = ["VERSION", "run", "version_text"]

VERSION: Final = "0.1.0"


def version_text() -> str:
    """Return the checker's version, and that of its native engine if it is built here."""
    return f"checker {VERSION} ({_ENGINE})"


def run(tokens: Sequence[str]) -> int:
    """Print it, whatever the arguments."""
    del tokens
    write_stdout(f"{version_text()}\n".encode())
    return Exit.VALID

"""Where output goes: results to standard output, everything else to standard error."""

from __future__ import annotations

import sys

__all__ = ["warn", "write_stdout"]


def warn(message: str) -> None:
    """Print one line to standard error."""
    sys.stderr.write(f"checker: {message}\n")


def write_stdout(data: bytes) -> None:
    """Write bytes as they are to standard output."""
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()

"""What is wrong with a command line."""

from __future__ import annotations

from typing import Final

__all__ = ["STDIN_PATH", "UsageError"]

STDIN_PATH: Final = "/dev/stdin"
"""What stands for ``-`` on the command line, where a dash would look like an option."""


class UsageError(Exception):
    """The command cannot be carried out as it was given."""

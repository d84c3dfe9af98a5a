"""Say on a terminal what is going on; nothing elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pkgutil import resolve_name
from typing import Final

__all__ = ["Stage", "progress"]

Stage = Callable[[str], None]
"""Is told what is going on."""

_SPINNER: Final = "checker.cli.spinner:spinner"
"""Takes longer to import than a small file to judge, so only where there is a terminal."""


def progress() -> AbstractContextManager[Stage]:
    """Return a context whose value shows what is going on now."""
    if not sys.stderr.isatty():
        return nullcontext(_say_nothing)
    spinner: Callable[[], AbstractContextManager[Stage]] = resolve_name(_SPINNER)
    return spinner()


def _say_nothing(stage: str) -> None:
    del stage

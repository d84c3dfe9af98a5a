"""What the commands' options mean, and what is wrong with them when something is."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from checker.cli.usage import STDIN_PATH, UsageError

__all__ = ["check_files", "check_output", "json_option", "parsed"]

ValueT = TypeVar("ValueT")


def parsed(option: str, text: str, parse: Callable[[str], ValueT]) -> ValueT:
    """Parse an option's text.

    Raises:
        UsageError: ``parse`` refused it by a ValueError.
    """
    try:
        return parse(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from error


def json_option(option: str, text: str) -> Any:
    """Parse an option's text as JSON.

    Raises:
        UsageError: It is not JSON.
    """
    try:
        return msgspec.json.decode(text.encode())
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise UsageError(f"{option}: {text!r} is not JSON ({error}): text needs quotes") from error


def check_files(paths: Sequence[str]) -> None:
    """Find out before any work whether the files can be read.

    Raises:
        UsageError: One is missing, a directory, or not ours to read.
    """
    if paths.count(STDIN_PATH) > 1:
        raise UsageError("standard input (-) can be read only once")
    for path in paths:
        try:
            mode = Path(path).stat().st_mode
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise UsageError(f"cannot read {path}: {reason}") from error
        if stat.S_ISDIR(mode):
            raise UsageError(f"cannot read {path}: it is a directory, name the files in it")
        if not os.access(path, os.R_OK):
            raise UsageError(f"cannot read {path}: permission denied")


def check_output(option: str, path: str | None) -> None:
    """Find out before any work whether a report has a place to go to.

    Raises:
        UsageError: Its directory does not exist, or it names a directory itself.
    """
    if path is None:
        return
    if not Path(path).parent.is_dir():
        raise UsageError(f"{option}: there is no directory {Path(path).parent}")
    if Path(path).is_dir():
        raise UsageError(f"{option}: {path} is a directory")

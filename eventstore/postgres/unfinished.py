"""Files of archives and exports that are being written, or were when their command was killed.

They get their own name only when they are whole and on the disk, so nothing depends on one of
these. But it holds events in plain, of which some may since have been retired.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from eventstore.postgres.findings import Finding, Level

__all__ = ["unfinished_findings", "unfinished_name"]

_SUFFIX: Final = ".unfinished"


def unfinished_name(name: str) -> str:
    """Return the name that a file has until it is whole."""
    return f"{name}{_SUFFIX}"


def unfinished_findings(folders: Iterable[Path]) -> list[Finding]:
    """List the unfinished files in these folders, each with what to do about it."""
    files = sorted({file for folder in folders for file in _unfinished_in(folder)})
    return [
        Finding(
            name="unfinished file",
            value=f"{file}, {written}",
            level=Level.WARNING,
            advice="unless a command is writing it just now: it was killed, nothing depends on "
            "this file, and it holds events in plain; remove it, and begin the command again",
        )
        for file in files
        if (written := _written(file))
    ]


def _unfinished_in(folder: Path) -> list[Path]:
    try:
        return [file.resolve() for file in folder.iterdir() if file.name.endswith(_SUFFIX)]
    except OSError:
        return []  # that archives are not at hand is another finding


def _written(file: Path) -> str:
    """Say how large a file is and since when; nothing if it is gone meanwhile."""
    try:
        status = file.stat()
    except OSError:
        return ""
    at = dt.datetime.fromtimestamp(status.st_mtime, dt.UTC)
    return f"{status.st_size:,} bytes, last written {at:%Y-%m-%d %H:%M:%S} UTC"

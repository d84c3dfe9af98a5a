"""Are the files of archives at hand, and what was written?"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from eventstore.errors import ArchiveMissing
from eventstore.postgres.archive_file import checksum_of
from eventstore.postgres.archived import Archive
from eventstore.postgres.findings import Finding, Level

__all__ = ["Condition", "archive_findings", "condition_of"]

_MAGIC: Final = b"PAR1"
"""How a file of Parquet begins, and how it ends."""


class Condition(enum.StrEnum):
    """What is known of the file of an archive."""

    PRESENT = "present"
    """It is there, as long as it was, and begins and ends as Parquet does."""
    WHOLE = "whole"
    """All of it was read, and its sha256 is the one that was kept."""
    MISSING = "missing"
    DAMAGED = "damaged"


def condition_of(archive: Archive, folder: Path | None, *, whole: bool) -> Condition:
    """Look at the file of an archive, in ``folder`` or where it was written; ``whole`` reads it."""
    path = archive.path_in(folder)
    try:
        with path.open("rb") as file:
            begin = file.read(len(_MAGIC))
            length = file.seek(0, 2)
            file.seek(max(0, length - len(_MAGIC)))
            end = file.read()
        if (length, begin, end) != (archive.size_bytes, _MAGIC, _MAGIC):
            return Condition.DAMAGED
        if not whole:
            return Condition.PRESENT
        same = checksum_of(path) == archive.checksum
    except (OSError, ArchiveMissing):
        return Condition.MISSING
    return Condition.WHOLE if same else Condition.DAMAGED


def archive_findings(
    archives: Sequence[Archive],
    superseded: Sequence[Path],
    folder: Path | None,
    *,
    whole: bool,
) -> list[Finding]:
    """Say in which condition the files of archives are; ``superseded`` ones should not be there."""
    if not archives:
        return []
    conditions = [condition_of(one, folder, whole=whole) for one in archives]
    held = f"positions 1 to {archives[-1].last} in {len(archives)} file{'s' * (len(archives) > 1)}"
    damaged, missing = (
        [
            one.path_in(folder)
            for one, found in zip(archives, conditions, strict=True)
            if found is bad
        ]
        for bad in (Condition.DAMAGED, Condition.MISSING)
    )
    findings = []
    if damaged:
        findings.append(
            Finding(
                name="archives",
                value=f"{held}, {len(damaged)} damaged, the first is {damaged[0]}",
                level=Level.ERROR,
                advice="reads of its positions fail: restore it from a copy",
            )
        )
    if missing:
        findings.append(
            Finding(
                name="archives",
                value=f"{held}, {len(missing)} not at hand, the first is {missing[0]}",
                level=Level.WARNING,
                advice="reads of these positions fail from here: name the folder by "
                "EVENTSTORE_ARCHIVE, or restore the files",
            )
        )
    if not findings:
        known = "their sha256 is right" if whole else "as long as they were; --whole-log reads them"
        findings.append(Finding(name="archives", value=f"{held}, all at hand, {known}"))
    if left := [path for path in superseded if path.exists()]:
        findings.append(
            Finding(
                name="retired in archives",
                value=f"{len(left)} old file{'s' * (len(left) > 1)} still there, the first is "
                f"{left[0]}",
                level=Level.WARNING,
                advice="what was retired can be read in it: `eventstore retention run --yes` "
                "removes it",
            )
        )
    return findings

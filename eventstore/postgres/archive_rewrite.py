"""Writes the file of an archive again, without what some of its events said.

A new file takes the place of the old one; the old one is never changed, so who reads it meanwhile
reads on. Each has a generation in its name: ``NAME.parquet``, ``NAME.r1.parquet``, ...
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

from eventstore.errors import ArchiveDamaged, ConfigError
from eventstore.postgres.archive_file import (
    ArchiveReader,
    Payload,
    checksum_of,
    flush_folder,
    writing,
)
from eventstore.stream import Position

__all__ = ["name_of_rewrite", "remove", "rewrite"]

_SUFFIX = ".parquet"


def name_of_rewrite(name: str, rewrites: int) -> str:
    """Name the file after ``name``, which was written again so many times."""
    stem = name.removesuffix(_SUFFIX).removesuffix(f".r{rewrites}")
    return f"{stem}.r{rewrites + 1}{_SUFFIX}"


def rewrite(
    source: Path,
    checksum: bytes,
    target: Path,
    *,
    without: AbstractSet[Position],
    tombstone: Payload,
) -> tuple[int, bytes]:
    """Write ``target`` as ``source`` is, with a tombstone at the positions ``without``.

    It is brought to the disk, read back and compared before it is trusted. A file of that name is
    what a run that broke off has left, and is replaced.

    Returns:
        The size of the new file in bytes, and its sha256.

    Raises:
        ArchiveMissing, ArchiveDamaged: the old file is not there, or is not what was written; or
            the new one does not read as it was written.
        ConfigError: it cannot be written, or pyarrow is missing.
    """

    def changed(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        data, metadata = tombstone
        return [
            {**row, "data": data, "metadata": metadata} if row["position"] in without else row
            for row in rows
        ]

    reader = ArchiveReader(source, checksum)
    with writing(target, reader.first, over=True) as file:
        for rows in reader.groups():
            file.add(changed(rows))
    written = ArchiveReader(target).groups()
    if any(changed(rows) != next(written, None) for rows in reader.groups()):
        target.unlink()
        raise ArchiveDamaged(f"{target} does not read as it was written: is the disk sound?")
    return target.stat().st_size, checksum_of(target)


def remove(path: Path) -> bool:
    """Remove a file for good; says whether it was there.

    Raises:
        ConfigError: it is there still.
    """
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise ConfigError(
            f"{path} holds what is retired and cannot be removed ({error.strerror or error}): "
            "remove it, or run `eventstore retention run` as a user that may."
        ) from None
    flush_folder(path.parent)
    return True

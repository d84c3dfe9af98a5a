"""The file of an archive: Parquet, an event a row, so that any tool of the field can read it.

Columns: ``position``, ``version`` (int64), ``recorded_at`` (microseconds, UTC), ``event_id``,
``stream``, ``type``, ``tags`` (a list), ``data``, ``metadata`` (JSON texts, to the letter).
Positions are dense and a row group holds `ROWS` of them, so that one is found by counting.

It needs pyarrow (the extra ``archive``), which is imported when a file is written or read.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import asyncpg

from eventstore.errors import ArchiveDamaged, ArchiveMissing, ConfigError
from eventstore.postgres.chain_leaf import leaf
from eventstore.postgres.unfinished import unfinished_name
from eventstore.stream import Position

__all__ = [
    "ROWS",
    "ArchiveReader",
    "ArchiveWriter",
    "Payload",
    "checksum_of",
    "flush_folder",
    "writing",
]

ROWS: Final = 1000
"""Of a row group; only the last one of a file has fewer."""

Payload = tuple[str, str]
"""Data and metadata of an event, as JSON."""

_FORMAT: Final = {b"format": b"trueorder.archive/1"}
_COMPRESSION: Final = "zstd"


class ArchiveWriter:
    """Writes row groups. Made by `writing`."""

    def __init__(self, file: Any, first: Position) -> None:
        arrow = _arrow()
        parquet = _parquet()
        text = arrow.string()
        self._schema = arrow.schema(
            [
                ("position", arrow.int64()),
                ("version", arrow.int64()),
                ("recorded_at", arrow.timestamp("us", tz="UTC")),
                ("event_id", text),
                ("stream", text),
                ("type", text),
                ("tags", arrow.list_(text)),
                ("data", text),
                ("metadata", text),
            ],
            metadata={**_FORMAT, b"first_position": str(first).encode()},
        )
        self._arrow = arrow
        self._parquet = parquet.ParquetWriter(file, self._schema, compression=_COMPRESSION)

    def add(self, rows: Sequence[asyncpg.Record | Mapping[str, Any]]) -> None:
        """Write the next row group, from rows of ``archive_page``: `ROWS` of them, or the last."""
        columns = {
            name: [row["microseconds" if name == "recorded_at" else name] for row in rows]
            for name in self._schema.names
        }
        self._parquet.write_table(self._arrow.table(columns, schema=self._schema))

    def close(self) -> None:
        """Write the end of the file."""
        self._parquet.close()


@contextmanager
def writing(path: Path, first: Position, *, over: bool = False) -> Iterator[ArchiveWriter]:
    """Write a file under another name; it is on the disk, whole, when it gets its own.

    A file of that name that is there already is never written over, unless ``over`` says so.

    Raises:
        ConfigError: it cannot be written, or pyarrow is missing.
    """
    unfinished = path.with_name(unfinished_name(f"{path.name}.{secrets.token_hex(4)}"))
    try:
        with unfinished.open("wb") as file:
            writer = ArchiveWriter(file, first)
            yield writer
            writer.close()
            file.flush()
            os.fsync(file.fileno())
        # Whoever was quicker wrote the same events, and the log may rely on his file by now.
        if over or not path.exists():
            unfinished.replace(path)
        flush_folder(path.parent)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror or error}.") from None
    finally:
        unfinished.unlink(missing_ok=True)


class ArchiveReader:
    """Reads a file whose checksum was compared first."""

    def __init__(self, path: Path, checksum: bytes | None = None) -> None:
        """Open a file.

        Raises:
            ArchiveMissing: it is not there, or cannot be opened.
            ArchiveDamaged: it is not the file that was written.
            ConfigError: pyarrow is missing.
        """
        parquet = _parquet()
        self._path = path
        if checksum is not None and checksum_of(path) != checksum:
            raise _damaged(path, "its sha256 is not the one that was kept")
        try:
            self._file = parquet.ParquetFile(path)
        except OSError as error:
            raise _missing(path, error) from None
        except Exception as error:
            raise _damaged(path, type(error).__name__) from error
        self.first = Position(int((self._file.schema_arrow.metadata or {})[b"first_position"]))

    def payloads(self, group: int) -> list[Payload]:
        """Read the data and metadata of a row group, in the order of positions.

        Raises:
            ArchiveDamaged: it cannot be read.
        """
        columns = self._columns(group, ["data", "metadata"])
        return list(zip(columns["data"], columns["metadata"], strict=True))

    def leaves(self) -> bytes:
        """Compute the sha256 of the leaves of all its events, which the log compares with its own.

        Raises:
            ArchiveDamaged: it cannot be read.
        """
        digest = hashlib.sha256()
        for rows in self.groups():
            for row in rows:
                digest.update(leaf({**row, "tags": " ".join(row["tags"])}))
        return digest.digest()

    def groups(self) -> Iterator[list[dict[str, Any]]]:
        """Read all row groups, as rows of ``archive_page``.

        Raises:
            ArchiveDamaged: one cannot be read.
        """
        for group in range(self._file.num_row_groups):
            columns = self._columns(group, None)
            columns["microseconds"] = columns.pop("recorded_at")
            names = list(columns)
            yield [
                dict(zip(names, values, strict=True))
                for values in zip(*columns.values(), strict=True)
            ]

    def _columns(self, group: int, names: Sequence[str] | None) -> dict[str, list[Any]]:
        arrow = _arrow()
        try:
            table = self._file.read_row_group(group, columns=names)
            return {
                name: (
                    table[name].cast(arrow.int64()) if name == "recorded_at" else table[name]
                ).to_pylist()
                for name in table.column_names
            }
        except Exception as error:
            raise _damaged(self._path, f"{type(error).__name__} in row group {group}") from error


def checksum_of(path: Path) -> bytes:
    """Compute the sha256 of a file.

    Raises:
        ArchiveMissing: it is not there, or cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError as error:
        raise _missing(path, error) from None


def flush_folder(folder: Path) -> None:
    """Bring a new name in a folder, or that one is gone, to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _arrow() -> Any:
    try:
        import pyarrow as pa  # noqa: PLC0415 - an extra
    except ImportError:
        raise ConfigError(
            "archives need pyarrow: install the extra, `pip install 'trueorder[archive]'`."
        ) from None
    return pa


def _parquet() -> Any:
    _arrow()
    import pyarrow.parquet  # noqa: PLC0415 - an extra

    return pyarrow.parquet


def _missing(path: Path, error: OSError) -> ArchiveMissing:
    return ArchiveMissing(
        f"the archive {path} cannot be opened ({error.strerror or error}): name the folder that it "
        "is in now by EVENTSTORE_ARCHIVE or `archive_folder`."
    )


def _damaged(path: Path, reason: str) -> ArchiveDamaged:
    return ArchiveDamaged(
        f"the archive {path} is not what was written ({reason}): restore it from a copy."
    )

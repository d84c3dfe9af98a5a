"""Where the bytes of a history go to: a path or standard output, plain or gzipped."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

__all__ = ["STDOUT", "write_chunks"]

STDOUT: Final = "-"
_GZIP_SUFFIX: Final = ".gz"
_GZIP_LEVEL: Final = 6


def write_chunks(chunks: Iterable[bytes], path: str | Path) -> None:
    """Write the chunks one after the other; a file appears whole or not at all.

    The same chunks always make the same bytes: gzip is told no time and no name.

    Raises:
        OSError: It cannot be written.
    """
    if str(path) == STDOUT:
        sys.stdout.flush()
        sys.stdout.buffer.writelines(chunks)
        sys.stdout.buffer.flush()
        return
    target = Path(path)
    if target.exists() and not target.is_file():
        # A device or a pipe is written to as it is; a file must not be put in its place.
        with target.open("wb") as file:
            file.writelines(chunks)
        return
    partial = target.with_name(f".{target.name}.partial")
    try:
        with partial.open("wb") as file:
            if target.suffix == _GZIP_SUFFIX:
                with gzip.GzipFile(
                    filename="", mode="wb", compresslevel=_GZIP_LEVEL, fileobj=file, mtime=0
                ) as packed:
                    packed.writelines(chunks)
            else:
                file.writelines(chunks)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)

"""Where the bytes of a history come from: a path or standard input, plain, gzip or zstd.

`Source` promises bounded lines, a bounded total, and one kind of error: whatever is wrong with the
bytes (damaged gzip, not UTF-8, too long) is a `MalformedHistory` with its place. A file that cannot
be opened stays an `OSError`: that is the caller's mistake, not the history's.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Self

from checker import _native
from checker.errors import HistoryTooLarge, MalformedHistory
from checker.history.formats.faults import Faults
from checker.history.formats.limits import ReadLimits

__all__ = ["STDIN", "STDIN_NAME", "Source"]

STDIN: Final = "-"
STDIN_NAME: Final = "<stdin>"
_CHUNK_BYTES: Final = 1 << 20
_GZIP_MAGIC: Final = b"\x1f\x8b"
_ZSTD_MAGIC: Final = b"\x28\xb5\x2f\xfd"
_UTF8_BOM: Final = b"\xef\xbb\xbf"


class Source:
    """A history's bytes, read once from the start; use it in a ``with`` block.

    Attributes:
        name: The path as it was given, or ``<stdin>``.
        unterminated: True once `lines` has handed out a last line that has no newline.
        faults: Stands around the reading of each line, and may let the reader go on.
    """

    def __init__(
        self, path: str | Path, *, limits: ReadLimits | None = None, faults: Faults | None = None
    ) -> None:
        self.faults = faults or Faults()
        self._path = path
        self._limits = limits or ReadLimits()
        self._stack = contextlib.ExitStack()
        self._head = b""
        self._bytes_read = 0
        self.name = STDIN_NAME if str(path) == STDIN else str(path)
        self.unterminated = False

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as opening:
            self._raw = self._open(opening)
            self._head = self._read().removeprefix(_UTF8_BOM)
            if not self._head:
                raise MalformedHistory(
                    "the file is empty: nothing was recorded", source=self.name, line=1
                )
            self._stack = opening.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def head(self) -> bytes:
        """The first bytes, up to a mebibyte, for telling the format; reading is not advanced."""
        return self._head

    def lines(self) -> Iterator[bytes]:
        """Yield each line without its newline.

        Raises:
            MalformedHistory: A line or the whole is too long, or the compressed data is damaged.
        """
        rest = b""
        number = 1
        chunk = self._head
        while chunk:
            first, *others = chunk.split(b"\n")
            rest += first
            if others:
                yield rest
                number += len(others)
                rest = others.pop()
                yield from others
            if len(rest) > self._limits.max_line_bytes:
                raise MalformedHistory(
                    f"the line is longer than {self._limits.max_line_bytes} bytes",
                    source=self.name,
                    line=number,
                )
            chunk = self._read()
        if rest:
            self.unterminated = True
            yield rest

    def text(self) -> str:
        """Return all of it as text.

        Raises:
            MalformedHistory: It is not UTF-8, too long, or the compressed data is damaged.
        """
        parts = [self._head]
        while chunk := self._read():
            parts.append(chunk)
        whole = b"".join(parts)
        try:
            return whole.decode()
        except UnicodeDecodeError as error:
            raise MalformedHistory(
                f"not UTF-8: {error.reason} {whole[error.start]:#04x}",
                source=self.name,
                line=whole.count(b"\n", 0, error.start) + 1,
            ) from error

    def _open(self, stack: contextlib.ExitStack) -> io.BufferedIOBase:
        if str(self._path) == STDIN:
            plain = _peekable(sys.stdin.buffer)
        else:
            plain = stack.enter_context(Path(self._path).open("rb"))  # noqa: SIM115 - the stack closes it
        magic = plain.peek(4)[:4]
        if magic.startswith(_GZIP_MAGIC):
            return stack.enter_context(gzip.GzipFile(fileobj=plain, mode="rb"))
        if magic.startswith(_ZSTD_MAGIC):
            return self._unzstd(plain)
        return plain

    def _unzstd(self, packed: io.BufferedIOBase) -> io.BufferedIOBase:
        # Python reads no zstd before 3.14, so the native reader unpacks it.
        limit = self._limits.max_bytes
        try:
            return io.BytesIO(_native.unzstd(packed.read(limit + 1), limit))
        except _native.Malformed as error:
            raise MalformedHistory(error.args[0], source=self.name) from error

    def _read(self) -> bytes:
        try:
            chunk = self._raw.read(_CHUNK_BYTES)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise MalformedHistory(
                f"the gzip data is damaged: {error}", source=self.name
            ) from error
        self._bytes_read += len(chunk)
        if self._bytes_read > self._limits.max_bytes:
            raise HistoryTooLarge(
                f"longer than {self._limits.max_bytes} bytes when decompressed", source=self.name
            )
        return chunk


def _peekable(stream: Any) -> io.BufferedReader:
    # Standard input may have been replaced by a stream in memory, which cannot peek.
    return stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(stream)

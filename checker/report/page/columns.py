"""A table in columns, packed into one string of bytes that a browser reads without parsing.

Layout: 4 bytes, the length of the manifest (little-endian); the manifest, JSON in ASCII, padded
with spaces so that what follows starts at a multiple of 8; then each column's values,
little-endian, each padded to a multiple of 8. ``manifest["columns"]`` names type, offset (from the
first column) and count of every column. The whole is compressed with gzip and written in base64,
whose alphabet cannot end a ``<script>`` element.
"""

from __future__ import annotations

import base64
import gzip
import json
import sys
from array import array
from typing import Any, Final

__all__ = ["TextPool", "pack"]

_ALIGNMENT: Final = 8
_TYPE_NAMES: Final = {"B": "Uint8", "I": "Uint32", "d": "Float64"}
_ITEM_BYTES: Final = {"B": 1, "I": 4, "d": 8}


class TextPool:
    """Texts, each kept once and named by its number; number 0 is the empty text."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {"": 0}

    def add(self, text: str) -> int:
        """The number of a text."""
        return self._numbers.setdefault(text, len(self._numbers))

    def columns(self) -> dict[str, array[Any]]:
        """``text_offsets`` (one more than there are texts) into ``text_bytes``, UTF-8."""
        # A lone surrogate, which JSON can smuggle in, has no UTF-8.
        encoded = [text.encode("utf-8", errors="replace") for text in self._numbers]
        offsets = array("I", [0])
        for piece in encoded:
            offsets.append(offsets[-1] + len(piece))
        return {"text_offsets": offsets, "text_bytes": array("B", b"".join(encoded))}


def pack(manifest: dict[str, Any], columns: dict[str, array[Any]]) -> str:
    """Base64 of the compressed table. Equal tables give equal text."""
    described: dict[str, dict[str, Any]] = {}
    blocks: list[bytes] = []
    offset = 0
    for name, column in columns.items():
        if column.itemsize != _ITEM_BYTES[column.typecode]:
            raise ValueError(f"column {name!r}: this machine's array({column.typecode!r}) differs.")
        block = _padded(_little_endian(column), b"\0")
        described[name] = {
            "type": _TYPE_NAMES[column.typecode],
            "offset": offset,
            "count": len(column),
        }
        blocks.append(block)
        offset += len(block)
    text = json.dumps({**manifest, "columns": described}, ensure_ascii=True).encode("ascii")
    head = len(text) + -(4 + len(text)) % _ALIGNMENT
    raw = head.to_bytes(4, "little") + text.ljust(head) + b"".join(blocks)
    return base64.b64encode(gzip.compress(raw, compresslevel=6, mtime=0)).decode("ascii")


def _little_endian(column: array[Any]) -> bytes:
    if sys.byteorder == "little":
        return column.tobytes()
    swapped = column[:]
    swapped.byteswap()
    return swapped.tobytes()


def _padded(block: bytes, filler: bytes) -> bytes:
    return block + filler * (-len(block) % _ALIGNMENT)

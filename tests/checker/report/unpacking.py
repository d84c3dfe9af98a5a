"""Read a page back: its elements and texts as a parser sees them, and the data it carries."""

from __future__ import annotations

import base64
import gzip
import json
from array import array
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

TYPECODES = {"Uint8": "B", "Uint32": "I", "Float64": "d"}


class PageText(HTMLParser):
    """Elements, attributes and texts of a page; scripts and styles by themselves."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.raw: dict[str, list[str]] = {"script": [], "style": []}
        self.words: list[str] = []
        self._inside = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        self._inside = tag if tag in self.raw else ""
        if self._inside:
            self.raw[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag in self.raw:
            self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.raw[self._inside][-1] += data
        else:
            self.words.append(data)

    @property
    def text(self) -> str:
        """Everything that is read, spaces folded."""
        return " ".join(" ".join(self.words).split())

    def attribute(self, name: str) -> list[str]:
        return [value or "" for known, value in self.attributes if known == name]


def read_page(path: Path) -> PageText:
    return PageText(path.read_text("utf-8"))


def unpack(packed: str) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """The manifest and the columns of packed data."""
    raw = gzip.decompress(base64.b64decode(packed))
    head = int.from_bytes(raw[:4], "little")
    assert (4 + head) % 8 == 0
    manifest = json.loads(raw[4 : 4 + head])
    columns = {}
    for name, column in manifest["columns"].items():
        values = array(TYPECODES[column["type"]])
        start = 4 + head + column["offset"]
        assert start % 8 == 0
        values.frombytes(raw[start : start + column["count"] * values.itemsize])
        columns[name] = values.tolist()
    return manifest, columns


def texts(columns: dict[str, list[Any]]) -> list[str]:
    """The pool of texts, by number."""
    letters = bytes(columns["text_bytes"])
    offsets = columns["text_offsets"]
    return [letters[a:b].decode() for a, b in pairwise(offsets)]

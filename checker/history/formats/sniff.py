"""Tell a history's format from its first bytes."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from checker.history.formats.plume import PLUME_LINE
from checker.history.formats.porcupine import LOG_LINE

__all__ = ["sniff"]

_LINE_COMMENT: Final = re.compile(rb"(?:\s*;[^\n]*\n)*\s*")
_JSON_ARRAY: Final = re.compile(rb"\[\s*(?:\{\s*\"|\]\s*\Z)")
_EDN_START: Final = re.compile(rb"[\[(#;]|\{\s*(?::|\}|#)")


def sniff(head: bytes) -> str | None:
    """Return the name of the format that the file's head is written in; None if of none.

    A first line that is nearly right (broken JSON, say) is told by its looks, so that the reader
    can say what is wrong with it.
    """
    body = head.lstrip()
    line = body.split(b"\n", 1)[0]
    if LOG_LINE.match(line):
        return "porcupine"
    if PLUME_LINE.fullmatch(line):
        return "plume"
    if body.startswith(b"{") and not _EDN_START.match(body):
        return "ops" if _is_whole_operation(line) else "jsonl"
    if _JSON_ARRAY.match(body):
        return "json"
    if _EDN_START.match(body[_end_of_comments(body) :] or body):
        return "edn"
    return None


def _end_of_comments(body: bytes) -> int:
    match = _LINE_COMMENT.match(body)
    return match.end() if match else 0


def _is_whole_operation(line: bytes) -> bool:
    try:
        fields = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return b'"call"' in line and b'"type"' not in line
    return isinstance(fields, dict) and "call" in fields and "type" not in fields

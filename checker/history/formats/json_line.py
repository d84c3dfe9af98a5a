"""What the two JSON-lines formats share: saying what is wrong with a line, and refusing traps.

A line can be good JSON and still be a trap: nested so deeply that comparing its values would
exhaust the stack, or naming a field twice, which readers settle differently.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from checker.errors import MalformedHistory
from checker.history.codec import Event
from checker.history.formats.events import field_fault, transaction_event
from checker.history.formats.excerpt import excerpt
from checker.history.formats.limits import MAX_DEPTH
from checker.history.formats.source import Source

__all__ = ["BROKEN", "decode_event", "explain", "field_marks", "header_of", "refuse_traps"]

BROKEN: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding a broken line raises."""

_EVENTS: Final = msgspec.json.Decoder(Event)
_OBJECTS: Final = msgspec.json.Decoder(dict[str, Any])


def decode_event(line: bytes, number: int, source: Source) -> Event:
    """Decode an event, leniently where it is a transaction's.

    Raises:
        MalformedHistory: It is none.
    """
    try:
        return _EVENTS.decode(line)
    except BROKEN as error:
        lenient = _transaction(line) if isinstance(error, msgspec.ValidationError) else None
        if lenient is None:
            raise explain(error, line, number, source) from error
        return lenient


def _transaction(line: bytes) -> Event | None:
    """Read a transaction's event that lacks what it need not have; None if it is none."""
    try:
        return transaction_event(msgspec.json.decode(line))
    except BROKEN:
        return None


def explain(error: Exception, line: bytes, number: int, source: Source) -> MalformedHistory:
    """Say what is wrong with a line that did not decode."""
    if isinstance(error, msgspec.ValidationError):
        reason = field_fault(error)
    elif isinstance(error, RecursionError):
        reason = f"nested more than {MAX_DEPTH} levels deep"
    elif source.unterminated and ("truncated" in str(error) or not _is_utf8(line)):
        reason = (
            "the last line is cut off, as when the recorder was stopped while writing it; "
            "without that line the rest can be judged"
        )
    elif isinstance(error, UnicodeDecodeError) or not _is_utf8(line):
        reason = "not UTF-8"
    else:
        reason = f"broken JSON: {str(error).removeprefix('JSON is malformed: ')}"
    return MalformedHistory(reason, source=source.name, line=number, operation=excerpt(line))


def field_marks(fields: Iterable[str]) -> tuple[bytes, ...]:
    """Return what to pass to `refuse_traps`: how each field's name looks in a line."""
    return tuple(f'"{field}"'.encode() for field in fields)


def refuse_traps(
    line: bytes, number: int, source: Source, marks: tuple[bytes, ...], values: tuple[Any, ...]
) -> None:
    """Raise `MalformedHistory` when a decoded line is not safe or not clear.

    The counts are cheap tests; only a line that fails one is looked at closely. A name can occur
    twice only if there are more colons than known fields, or a known field is there twice.
    """
    count = line.count
    if not line.isascii() and not _is_utf8(line):
        raise _trap("not UTF-8", line, number, source)
    if len(line) > MAX_DEPTH and count(b"[") + count(b"{") > MAX_DEPTH:
        _refuse_depth(values, line, number, source)
    found = [count(mark) for mark in marks]
    if count(b":") > sum(found) or any(times > 1 for times in found):
        _refuse_repetition(line, number, source)


def header_of(line: bytes) -> dict[str, Any] | None:
    """Return a first line's fields if it is a header (it has ``format`` and no ``type``)."""
    try:
        fields = _OBJECTS.decode(line)
    except BROKEN:
        return None
    return fields if "format" in fields and "type" not in fields else None


def _trap(reason: str, line: bytes, number: int, source: Source) -> MalformedHistory:
    return MalformedHistory(reason, source=source.name, line=number, operation=excerpt(line))


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _refuse_depth(values: tuple[Any, ...], line: bytes, number: int, source: Source) -> None:
    level = list(values)
    for _ in range(MAX_DEPTH):
        level = [
            part
            for parent in level
            if isinstance(parent, list | dict)
            for part in (parent.values() if isinstance(parent, dict) else parent)
        ]
        if not level:
            return
    raise _trap(f"nested more than {MAX_DEPTH} levels deep", line, number, source)


def _refuse_repetition(line: bytes, number: int, source: Source) -> None:
    def note(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        fields = dict(pairs)
        if len(fields) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise _trap(f"field {twice!r} occurs twice", line, number, source)
        return fields

    try:
        json.loads(line, object_pairs_hook=note)
    except RecursionError:
        raise _trap(f"nested more than {MAX_DEPTH} levels deep", line, number, source) from None
    except ValueError:
        # A number that nobody reads may have more digits than Python makes a number of.
        json.loads(line, object_pairs_hook=note, parse_int=len)

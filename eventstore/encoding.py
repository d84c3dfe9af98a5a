"""The rules of one event, and its JSON.

They keep what is written readable everywhere it goes: PostgreSQL stores no NUL and no lone
surrogate, other languages read no integer wider than 64 bits, JSON has no NaN, decoders limit how
deep they go, and NATS carries no message above 1 MiB and no headers above 64 KiB.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

import msgspec

from eventstore.errors import InvalidEvent
from eventstore.event import Event

__all__ = [
    "DATA_BYTES_MAX",
    "DEPTH_MAX",
    "EVENT_TYPE_BYTES_MAX",
    "METADATA_BYTES_MAX",
    "SEPARATOR",
    "TAGS_MAX",
    "TAG_BYTES_MAX",
    "EncodedEvent",
    "encode_event",
    "tag_fault",
]

EVENT_TYPE_BYTES_MAX: Final = 255
"""The longest event type, in UTF-8."""

DATA_BYTES_MAX: Final = 1024 * 1024 - 64 * 1024
"""The largest data of one event as JSON: NATS' default of 1 MiB a message, less its headers."""

METADATA_BYTES_MAX: Final = 16 * 1024
"""The largest metadata as JSON: escaped to ASCII it is at most three times this, and JetStream
takes 64 KiB of headers, the tags among them."""

TAGS_MAX: Final = 16
"""The most tags of one event."""

TAG_BYTES_MAX: Final = 255
"""The longest tag, in UTF-8."""

DEPTH_MAX: Final = 100
"""How deep objects and arrays may be nested: what can be appended must be readable everywhere."""

_INTEGER_MAX: Final = 2**64 - 1
_INTEGER_MIN: Final = -(2**63)

SEPARATOR: Final = "\x1e"
"""Stands between events on their way into the database: neither names nor JSON can contain a
control character. What `msgspec.Raw` lets get here is refused for it.
"""
_SEPARATOR: Final = SEPARATOR.encode()

_LONG_NUMBER: Final = 19 * b"0"
_DIGITS: Final = bytes(ord("0") if byte in b"0123456789" else ord(" ") for byte in range(256))
"""Makes any digit a zero, and anything else a space."""

_INNERMOST: Final = re.compile(rb"\[\]|\{\}")
_NOT_BRACKETS: Final = bytes(byte for byte in range(256) if byte not in b"[]{}")


class EncodedEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An event that keeps the rules, with its data and metadata as JSON text."""

    id: UUID
    type: str
    data: str
    metadata: str
    tags: tuple[str, ...] = ()


def encode_event(event: Event) -> EncodedEvent:
    """Check an event, and encode it.

    Raises:
        InvalidEvent: says which rule is broken, and where in the event.
    """
    if not isinstance(event, Event):
        raise InvalidEvent(f"it is a {type(event).__name__}, not an Event.")
    if not isinstance(event.id, UUID):
        raise InvalidEvent(f"its id {event.id!r} is not a UUID.")
    _check_type(event.type)
    if not isinstance(event.metadata, dict):
        raise InvalidEvent(f"its metadata is a {type(event.metadata).__name__}, not a dict.")
    return EncodedEvent(
        id=event.id,
        type=event.type,
        data=_encode("data", event.data, DATA_BYTES_MAX),
        metadata=_encode("metadata", event.metadata, METADATA_BYTES_MAX),
        tags=_check_tags(event.tags) if event.tags else (),
    )


def tag_fault(tag: object) -> str | None:
    """Say which rule of tags something breaks; null if it is a tag."""
    if not isinstance(tag, str):
        return f"it is a {type(tag).__name__}, not a text"
    if not tag or not tag.isprintable() or " " in tag:  # the one white space that is printable
        return "it is empty, or contains white space or a control character"
    size = len(tag.encode())
    if size > TAG_BYTES_MAX:
        return f"it has {size} bytes in UTF-8, at most {TAG_BYTES_MAX} are allowed"
    return None


def _check_tags(tags: object) -> tuple[str, ...]:
    if not isinstance(tags, tuple | list):
        raise InvalidEvent(f"its tags are a {type(tags).__name__}, not a tuple of texts.")
    if len(tags) > TAGS_MAX:
        raise InvalidEvent(f"it has {len(tags)} tags, at most {TAGS_MAX} are allowed.")
    for tag in tags:
        if fault := tag_fault(tag):
            raise InvalidEvent(f"its tag {str(tag)[:40]!r} is none: {fault}.")
    if len(set(tags)) < len(tags):
        raise InvalidEvent("one of its tags occurs twice.")
    return tuple(tags)


def _check_type(name: object) -> None:
    if not isinstance(name, str) or not name or not name.isprintable():
        raise InvalidEvent(f"its type {name!r} is not a text of printable characters.")
    size = len(name.encode())
    if size > EVENT_TYPE_BYTES_MAX:
        raise InvalidEvent(
            f"its type {name[:40] + '...'!r} has {size} bytes in UTF-8, "
            f"at most {EVENT_TYPE_BYTES_MAX} are allowed."
        )


def _encode(field: str, value: Any, size_max: int) -> str:
    try:
        encoded = msgspec.json.encode(value)
    except (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError) as error:
        raise InvalidEvent(f"its {field} is not a JSON value: {error}.") from None
    if len(encoded) > size_max:
        raise InvalidEvent(
            f"its {field} has {len(encoded)} bytes as JSON, at most {size_max} are allowed. "
            "Keep large content elsewhere and record where it is."
        )
    if encoded == b"{}":  # as most metadata
        return "{}"
    if _SEPARATOR in encoded:
        raise InvalidEvent(
            f"its {field} contains the control character U+001E, which JSON writes as \\u001e."
        )
    # A walk over every value would cost more than the encoding; few events need one.
    if _is_suspicious(encoded) or _may_be_too_deep(encoded):
        _check_values(field, value, encoded)
    return encoded.decode()


def _is_suspicious(encoded: bytes) -> bool:
    """Whether it contains what the encoded form of every leaf that breaks a rule contains.

    Without a regular expression, which would take longer than all the rest.
    """
    if b"null" in encoded or (b"\\" in encoded and b"\\u0000" in encoded):
        return True
    return _LONG_NUMBER in encoded.translate(_DIGITS)


def _may_be_too_deep(encoded: bytes) -> bool:
    """Whether the nesting may exceed the limit; brackets inside texts can mislead it to say so."""
    brackets = encoded.translate(None, _NOT_BRACKETS)
    if len(brackets) <= 2 * DEPTH_MAX:
        return False
    for _ in range(DEPTH_MAX):  # each pass takes away the innermost level
        brackets = _INNERMOST.sub(b"", brackets)
    return bool(brackets)


def _check_values(field: str, value: Any, encoded: bytes) -> None:
    # The encoder writes NaN as null, so floats are looked at before it, and all else after it,
    # where dataclasses, dates and the like have become plain JSON.
    for path, leaf in _leaves(msgspec.to_builtins(value), field):
        if isinstance(leaf, float) and not math.isfinite(leaf):
            raise InvalidEvent(f"its {path} is {leaf}, which JSON cannot say. Record null or text.")
    for path, leaf in _leaves(msgspec.json.decode(encoded), field):
        if isinstance(leaf, str) and "\0" in leaf:
            raise InvalidEvent(f"its {path} contains a NUL character, which PostgreSQL refuses.")
        if isinstance(leaf, int) and not _INTEGER_MIN <= leaf <= _INTEGER_MAX:
            raise InvalidEvent(f"its {path} is an integer wider than 64 bits. Record it as text.")


def _leaves(value: Any, field: str) -> Iterator[tuple[str, Any]]:
    """Walk a JSON value without recursion: its texts (keys too) and numbers, each with its path."""
    stack: list[tuple[int, str, Any]] = [(0, field, value)]
    while stack:
        depth, path, current = stack.pop()
        if depth == DEPTH_MAX and isinstance(current, dict | list | tuple | set | frozenset):
            raise InvalidEvent(
                f"its {field} is nested deeper than {DEPTH_MAX} objects or arrays, "
                "which not every reader can decode."
            )
        if isinstance(current, dict):
            for key, inner in current.items():
                yield path, key
                stack.append((depth + 1, f"{path}.{key}", inner))
        elif isinstance(current, list | tuple | set | frozenset):
            stack.extend(
                (depth + 1, f"{path}[{index}]", inner) for index, inner in enumerate(current)
            )
        else:
            yield path, current

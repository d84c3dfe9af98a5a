"""Names and numbers of the log: stream names, versions, positions, expected versions."""

from __future__ import annotations

import enum
from typing import Final, NewType, TypeAlias

from eventstore.errors import InvalidStreamName

__all__ = [
    "ABSENT",
    "ANY",
    "EXISTS",
    "STREAM_NAME_BYTES_MAX",
    "Expect",
    "ExpectedVersion",
    "Position",
    "StreamName",
    "StreamVersion",
    "category_of",
    "expectation_met",
    "stream_name",
]

StreamName = NewType("StreamName", str)
"""``CATEGORY-ID``: the category is what comes before the first hyphen. Made by `stream_name`."""

StreamVersion = NewType("StreamVersion", int)
"""How many events a stream holds: the nth event has version n, 0 is the empty stream."""

Position = NewType("Position", int)
"""The place of an event in the whole log: 1, 2, 3 ... without holes, in commit order."""

STREAM_NAME_BYTES_MAX: Final = 255
"""In UTF-8: escaped into a NATS subject, beside its category and a type, a name still fits."""


class Expect(enum.Enum):
    """What a caller may expect of a stream without knowing its exact version."""

    ANY = "any"
    """Whatever it holds."""
    EXISTS = "exists"
    """At least one event."""
    ABSENT = "absent"
    """No event yet."""

    def __str__(self) -> str:
        return self.value


ANY: Final = Expect.ANY
EXISTS: Final = Expect.EXISTS
ABSENT: Final = Expect.ABSENT

ExpectedVersion: TypeAlias = StreamVersion | Expect


def stream_name(name: str) -> StreamName:
    """Check a stream name: a category, a hyphen, an id; printable, at most 255 bytes in UTF-8.

    Raises:
        InvalidStreamName: says which rule is broken.
    """
    if not isinstance(name, str):
        raise InvalidStreamName(name, f"it is a {type(name).__name__}, not a string")
    if not name.isprintable() or " " in name:  # the one white space that is printable
        raise InvalidStreamName(name[:255], "it contains white space or a control character")
    size = len(name.encode())
    if size > STREAM_NAME_BYTES_MAX:
        raise InvalidStreamName(
            name[:40] + "...", f"it has {size} bytes in UTF-8, at most {STREAM_NAME_BYTES_MAX} fit"
        )
    category, hyphen, identifier = name.partition("-")
    if not (category and hyphen and identifier):
        raise InvalidStreamName(name, "it lacks a category, a hyphen or an id")
    return StreamName(name)


def category_of(stream: StreamName) -> str:
    """Return the category of a stream: the part of its name before the first hyphen."""
    return stream.partition("-")[0]


def expectation_met(expected: ExpectedVersion, actual: StreamVersion) -> bool:
    """Decide whether a stream at version ``actual`` is where the caller expects it."""
    if expected is Expect.ANY:
        return True
    if expected is Expect.EXISTS:
        return actual > 0
    if expected is Expect.ABSENT:
        return actual == 0
    return expected == actual

"""Events: what a command wants recorded, and what the log recorded."""

from __future__ import annotations

import datetime as dt
import os
import time
from typing import Any, Final
from uuid import UUID

import msgspec

from eventstore.stream import Position, StreamName, StreamVersion, category_of

__all__ = ["RETIRED", "Event", "RecordedEvent", "new_event_id"]

RETIRED: Final = "retired"
"""The key in the metadata of a retired event, with the time at which its payload was dropped."""


def new_event_id() -> UUID:
    """Make an event id: a version 7 UUID (RFC 9562), so that new ids land together in the index."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds << 80) | int.from_bytes(os.urandom(10), "big")
    value &= ~(0xF << 76) & ~(0x3 << 62)
    return UUID(int=value | (0x7 << 76) | (0x2 << 62))


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """What a command wants recorded.

    ``data`` and ``metadata`` are JSON values. ``tags`` say what the event is about, across streams
    (``customer:42``): queries and consistency boundaries find it by them. A tag is printable text
    without white space, 1 to 255 bytes; an event has at most 16, none twice. ``id`` identifies the
    event for ever: an append that is repeated with the same ids is stored once, so keep it when you
    retry.
    """

    type: str
    data: Any = None
    metadata: dict[str, Any] = msgspec.field(default_factory=dict)
    tags: tuple[str, ...] = ()
    id: UUID = msgspec.field(default_factory=new_event_id)


class RecordedEvent(msgspec.Struct, frozen=True, gc=False):
    """An event in the log: what was recorded, where, and when (the database's clock, UTC).

    The order of its fields is part of the interface: stores make it by position, which takes half
    as long as by name.

    The garbage collector does not look at it, since JSON refers to nothing that refers back: long
    reads would otherwise spend a fifth of their time in it.
    """

    id: UUID
    type: str
    data: Any
    metadata: dict[str, Any]
    stream: StreamName
    version: StreamVersion
    position: Position
    recorded_at: dt.datetime
    tags: tuple[str, ...] = ()

    @property
    def category(self) -> str:
        """The category of the event's stream."""
        return category_of(self.stream)

    @property
    def retired(self) -> bool:
        """Whether retention has dropped what the event said: its data are null then.

        Id, type, stream, version, position, time and tags are as they were; the metadata say when.
        """
        return self.data is None and self.metadata.keys() == {RETIRED}

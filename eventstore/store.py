"""The event store as its users see it: a protocol, met by Postgres and by memory alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import msgspec

from eventstore.event import Event, RecordedEvent
from eventstore.stream import ExpectedVersion, Position, StreamName, StreamVersion

__all__ = ["READ_LIMIT_MAX", "Appended", "EventStore"]

READ_LIMIT_MAX: Final = 10_000
"""The most events that one read returns; page on with the last version or position."""


class Appended(msgspec.Struct, frozen=True, kw_only=True):
    """An acknowledged append.

    ``version`` and ``position`` are those of its last event; ``repeated`` is true when the log held
    the append already (the same event ids), and then the numbers are those of the first time.
    """

    stream: StreamName
    version: StreamVersion
    position: Position
    events: int
    repeated: bool = False

    @property
    def first_version(self) -> StreamVersion:
        """The version of the append's first event."""
        return StreamVersion(self.version - self.events + 1)

    @property
    def first_position(self) -> Position:
        """The position of the append's first event; an append is contiguous in the log."""
        return Position(self.position - self.events + 1)


class EventStore(Protocol):
    """An append-only log of events in streams; linearizable, per stream and as a whole.

    Positions are dense and in commit order: who reads the log up to a position has seen every
    event up to it, for ever. Every method may raise `StoreUnavailable`.
    """

    async def append(
        self, stream: StreamName, events: Sequence[Event], *, expected: ExpectedVersion
    ) -> Appended:
        """Append events to a stream, all or none, if it is where the caller expects it.

        An append that the log holds already (its event ids side by side, in the same order and
        stream) answers with the first result, whatever version is expected now.

        Raises:
            WrongExpectedVersion: the stream is elsewhere; nothing was stored.
            EventIdReused: an id is in the log as part of another append; nothing was stored.
            InvalidEvent, InvalidStreamName: a rule is broken; nothing was stored.
            AppendRefused: the database refused it and rolled it back.
            OutcomeUnknown: no answer came; repeat with the same event ids to find out.
        """
        ...

    async def read_stream(
        self, stream: StreamName, *, after: StreamVersion = StreamVersion(0), limit: int = 1000
    ) -> list[RecordedEvent]:
        """Read a stream forwards: its events with a version above ``after``, at most ``limit``.

        Raises:
            ReadFailed: no answer came.
        """
        ...

    async def read_log(
        self, *, after: Position = Position(0), limit: int = 1000
    ) -> list[RecordedEvent]:
        """Read the log forwards: the events with a position above ``after``, at most ``limit``.

        Raises:
            ReadFailed: no answer came.
        """
        ...

    async def stream_version(self, stream: StreamName) -> StreamVersion:
        """Return how many events a stream holds, 0 if there are none.

        Raises:
            ReadFailed: no answer came.
        """
        ...

    async def head(self) -> Position:
        """Return the position of the last event in the log, 0 if it is empty.

        Raises:
            ReadFailed: no answer came.
        """
        ...

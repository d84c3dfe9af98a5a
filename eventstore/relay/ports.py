"""What the relay needs of the world: a log to read, a stream to publish to.

The adapters meet these protocols by shape: `eventstore.postgres.outgoing` reads,
`eventstore.relay.jetstream` publishes. What goes from one to the other is messages that are written
already; the relay itself looks at no more of them than their position and their event's id.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

import msgspec

from eventstore.event import RecordedEvent
from eventstore.stream import Position
from eventstore.wire_bytes import WireBytes

__all__ = ["Entry", "LastMessage", "LogReader", "OutgoingLog", "StreamPublisher", "StreamState"]


class Entry(Protocol):
    """What the relay's decisions take of an event: where it is, and which one."""

    @property
    def position(self) -> Position:
        """Its place in the log."""
        ...

    @property
    def id(self) -> UUID:
        """Its event's id."""
        ...


class LastMessage(msgspec.Struct, frozen=True, kw_only=True):
    """Who the last message of the stream says it is; null where it does not say."""

    position: Position | None
    event_id: UUID | None


class StreamState(msgspec.Struct, frozen=True, kw_only=True):
    """Where the stream is. ``last`` is the last message that it holds, null if it holds none.

    ``missing`` counts the messages that it has lost of those up to its last sequence: they were
    damaged, deleted or purged. What a limit of the stream removed is not counted.
    """

    last_sequence: int
    last: LastMessage | None
    missing: int = 0


class LogReader(Protocol):
    """Reads the log in position order."""

    async def read_log(self, *, after: Position, limit: int) -> list[RecordedEvent]:
        """Read the events with a position above ``after``, at most ``limit``.

        Raises:
            ReadFailed, StoreUnavailable: no answer came.
        """
        ...

    async def head(self) -> Position:
        """Return the position of the last event, 0 if there is none.

        Raises:
            ReadFailed, StoreUnavailable: no answer came.
        """
        ...


class OutgoingLog(Protocol):
    """Reads the log as the messages that it is published as."""

    async def read(self, *, after: Position, limit: int) -> list[WireBytes]:
        """Read the events with a position above ``after``, at most ``limit``.

        There may be fewer, but one, when they are large; then `wait` does not wait behind them.

        Raises:
            ReadFailed, StoreUnavailable: no answer came.
            EventDamaged: the log holds an event that no store accepts.
        """
        ...

    async def wait(self, *, after: Position, seconds: float) -> None:
        """Wait until there may be an event after a position, at most ``seconds``."""
        ...


class StreamPublisher(Protocol):
    """Publishes to the stream whose sequence equals the position."""

    async def inspect(self) -> StreamState | None:
        """Say where the stream is, or null if there is none.

        Raises:
            StreamUnavailable: no answer came.
            ConfigError: there is a stream of that name that cannot carry the log.
        """
        ...

    async def create(self) -> None:
        """Create the stream; it is no error if somebody else just did.

        Raises:
            StreamUnavailable: no answer came.
            ConfigError: the server refuses such a stream.
        """
        ...

    async def replace(self, reason: str) -> None:
        """Delete the stream, of which the log holds everything, and create it anew.

        Raises:
            StreamUnavailable: no answer came.
            ConfigError: the server refuses such a stream.
        """
        ...

    async def publish(self, messages: Sequence[WireBytes]) -> None:
        """Publish consecutive events, on condition that the first follows the last; await replies.

        Each is stored at the sequence that is its position, or not at all, whatever fails and
        whoever else publishes. Calls may overlap: they send in the order in which they were made.

        Raises:
            PublishRefused: one was refused.
            PublishUnanswered: the replies stopped coming.
            StreamUnavailable: the connection is gone.
        """
        ...

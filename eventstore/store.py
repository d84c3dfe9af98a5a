"""The event store as its users see it: a protocol, met by Postgres and by memory alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol
from uuid import UUID

import msgspec

from eventstore.event import Event, RecordedEvent
from eventstore.query import Query
from eventstore.stream import ExpectedVersion, Position, StreamName, StreamVersion

__all__ = [
    "PAGE_BYTES",
    "READ_LIMIT_MAX",
    "Appended",
    "Boundary",
    "Delivery",
    "EventStore",
    "LogPage",
    "Outcome",
    "Subscription",
    "Write",
]

READ_LIMIT_MAX: Final = 10_000
"""The most events that one read returns; page on with the last version or position."""

PAGE_BYTES: Final = 16 * 1024 * 1024
"""The most bytes of a page of the log: data and metadata of its events as JSON."""


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


class Boundary(msgspec.Struct, frozen=True):
    """A dynamic consistency boundary: what a decision was based on must still be all there is.

    An append with it is refused if an event that matches ``query`` has a position above ``after``.
    Read what matches, decide, and append with ``after`` = the position up to which you read: that
    of the head *before* the read, or of the last event in it.
    """

    query: Query
    after: Position


class Write(msgspec.Struct, frozen=True, kw_only=True):
    """What `EventStore.append_all` appends to one of its streams."""

    stream: StreamName
    events: Sequence[Event]
    expected: ExpectedVersion


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an append, as the log was at ``head``.

    ``appended`` is what a repetition of the append would answer: one acknowledgement a stream, in
    the order of the log; null if the log holds none of its events.
    """

    appended: tuple[Appended, ...] | None
    head: Position


class LogPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the log: everything that is selected of it up to ``position``.

    It says itself where it ends, since it may end early, when its events are large: ``position`` is
    the ``after`` of the next page, and ``more`` whether there may be one.
    """

    events: list[RecordedEvent]
    position: Position
    more: bool

    @classmethod
    def of(
        cls, events: list[RecordedEvent], *, after: Position, until: Position | None, full: bool
    ) -> LogPage:
        """Answer `EventStore.read_log_page`; a page that is full may have left something out."""
        last = events[-1].position if events else after
        more = full and last != until
        position = last if more or until is None else max(last, until)
        return cls(events=events, position=position, more=more)


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """What a subscription has to say next: everything it selects up to ``position`` is delivered.

    ``position`` is the checkpoint to keep, whether or not ``events`` holds any: a subscription that
    selects rarely moves on too. ``caught_up`` means that this was all there was when it was read.
    """

    events: tuple[RecordedEvent, ...]
    position: Position
    caught_up: bool


class Subscription(Protocol):
    """An asynchronous iterator over the log that never ends: first what is there, then what comes.

    The next delivery is fetched when it is asked for, so a slow consumer slows down nobody and
    nothing piles up. An error of `__anext__`, or its cancellation, loses nothing: ask again, and it
    goes on where it was.
    """

    def __aiter__(self) -> Subscription:
        """Return itself."""
        ...

    async def __anext__(self) -> Delivery:
        """Wait for the next delivery.

        Raises:
            ReadFailed, StoreUnavailable: no answer came; it can be asked again.
            PositionGap: the log has a hole, so that it cannot be followed.
            LogWentBack: it ends before what was delivered, or where it was to begin: a backup was
                restored, or a standby took over that was behind. What comes now is other events.
        """
        ...

    async def aclose(self) -> None:
        """End the subscription: who waits for a delivery, or asks for one later, is at the end."""
        ...


class EventStore(Protocol):
    """An append-only log of events in streams; linearizable, per stream and as a whole.

    Positions are dense and in commit order: who reads the log up to a position has seen every
    event up to it, for ever. Every method may raise `StoreUnavailable`; every read may raise
    `InvalidRequest` (a bound is out of range, a query breaks a rule) and `ReadFailed` (no answer
    came).
    """

    async def append(
        self,
        stream: StreamName,
        events: Sequence[Event],
        *,
        expected: ExpectedVersion,
        boundary: Boundary | None = None,
    ) -> Appended:
        """Append events to a stream, all or none, if it is where the caller expects it.

        An append that the log holds already (its event ids side by side, in the same order and
        stream) answers with the first result, whatever version is expected now and whatever
        boundary is drawn. Then the version counts, then the boundary.

        A caller that is cancelled does not know the outcome: the append may go on without it.

        Raises:
            WrongExpectedVersion: the stream is elsewhere; nothing was stored.
            BoundaryCrossed: an event lies behind the boundary; nothing was stored.
            EventIdReused: an id is in the log as part of another append; nothing was stored.
            InvalidEvent, InvalidStreamName, InvalidRequest: a rule is broken; nothing was stored.
            QueueFull: too many appends wait; nothing was stored.
            AppendRefused: the database refused it and rolled it back.
            OutcomeUnknown: no answer came; repeat with the same event ids, or ask `outcome`.
        """
        ...

    async def append_all(
        self, writes: Sequence[Write], *, boundary: Boundary | None = None
    ) -> tuple[Appended, ...]:
        """Append to several streams, all or none; each stream occurs at most once.

        The events are side by side in the log, in the order given. What `append` promises holds of
        the whole: it is stored once (the same event ids in the same order and streams), and no
        reader sees a part of it. Answers one acknowledgement a write, in their order.

        Raises:
            As `append`; WrongExpectedVersion names the first stream that is elsewhere.
        """
        ...

    async def outcome(self, event_ids: Sequence[UUID]) -> Outcome:
        """Find out what became of an append, by its event ids in their order.

        The answer stands behind every append that this store had sent before the call: if
        ``appended`` is null then, no append with these ids that was begun before is in the log, and
        none of them will ever be. What is begun later, or was sent by another process that still
        waits for its own answer, is not covered.

        Raises:
            EventIdReused: the log holds some of the ids, but not as this append.
            InvalidRequest: there are no ids, or more than an append has.
        """
        ...

    async def read_stream(
        self,
        stream: StreamName,
        *,
        after: StreamVersion = StreamVersion(0),
        limit: int = 1000,
        until: Position | None = None,
    ) -> list[RecordedEvent]:
        """Read a stream forwards: its events with a version above ``after``, at most ``limit``.

        With ``until`` it reads the stream as it was when the log was at that position.
        """
        ...

    async def read_stream_backwards(
        self,
        stream: StreamName,
        *,
        before: StreamVersion | None = None,
        limit: int = 1000,
        until: Position | None = None,
    ) -> list[RecordedEvent]:
        """Read a stream backwards: its events with a version below ``before``, the last first.

        Without ``before`` it begins at the stream's end. ``until`` is as in `read_stream`.
        """
        ...

    async def read_log(
        self,
        *,
        after: Position = Position(0),
        limit: int = 1000,
        query: Query | None = None,
        until: Position | None = None,
    ) -> list[RecordedEvent]:
        """Read the log forwards: the events with a position above ``after``, at most ``limit``.

        ``query`` selects some; ``until`` is the last position to read.
        """
        ...

    async def read_log_page(
        self,
        *,
        after: Position = Position(0),
        limit: int = 1000,
        query: Query | None = None,
        until: Position | None = None,
        bytes_max: int = PAGE_BYTES,
    ) -> LogPage:
        """Read the log forwards, like `read_log`, but no more than so many bytes of it at once.

        It has fewer than ``limit`` events where more would have more than ``bytes_max`` bytes of
        data and metadata, as JSON. So a log is read through in bounded memory, whatever it holds.
        ``until`` is a position that the log has reached; without it the page ends with its last
        event, or where it began.

        Raises:
            InvalidRequest: ``bytes_max`` is less than `PAGE_BYTES_MIN`, or as `read_log`.
        """
        ...

    async def read_log_backwards(
        self,
        *,
        before: Position | None = None,
        limit: int = 1000,
        query: Query | None = None,
    ) -> list[RecordedEvent]:
        """Read the log backwards: the events with a position below ``before``, the last first.

        Without ``before`` it begins at the head; ``query`` selects some.
        """
        ...

    async def stream_version(self, stream: StreamName) -> StreamVersion:
        """Return how many events a stream holds, 0 if there are none."""
        ...

    async def head(self) -> Position:
        """Return the position of the last event in the log, 0 if it is empty."""
        ...

    async def wait_for(self, position: Position, timeout_seconds: float) -> Position:
        """Wait until the log that is read here has reached a position; return where it is then.

        A process that was told a position reads its own, or another's, writes with it, also on a
        standby.

        Raises:
            PositionNotReached: it did not within the time limit.
        """
        ...

    def subscribe(
        self,
        *,
        after: Position = Position(0),
        query: Query | None = None,
        page_size: int = 1000,
    ) -> Subscription:
        """Follow the log from behind a position: every event once, in order, and without an end.

        ``page_size`` is the most events of one delivery. The place to keep is the ``position`` of
        the last delivery; it is the ``after`` to go on with.

        Raises:
            InvalidRequest: a bound is out of range, or the query breaks a rule.
        """
        ...

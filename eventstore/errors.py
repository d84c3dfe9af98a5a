"""Everything that can go wrong in the event store, and whether it had an effect.

::

    EventStoreError
    +- ConfigError
    +- InvalidRequest
    |  +- InvalidEvent
    |  +- InvalidStreamName
    +- AppendError
    |  +- WrongExpectedVersion
    |  +- BoundaryCrossed
    |  +- EventIdReused
    |  +- QueueFull
    |  +- AppendRefused
    |  +- OutcomeUnknown
    +- ReadFailed
    +- PositionNotReached
    +- StoreUnavailable
    +- SchemaMismatch
    +- MigrationFailed
    +- ForeignMessage
    +- UnknownEventType
    +- EventNotReadable
    +- PositionGap
    +- RelayError
       +- LeaseLost
       +- StreamUnavailable
       +- PublishRefused
       +- PublishUnanswered
       +- StreamDiverged

``definite`` is the whole answer to "did it happen?": true means that the operation certainly had
no effect and never will; false means that it may have had one, or may have one still. A recorder
maps it to ``fail`` and ``info`` without a table, and a caller may repeat the operation at once when
it is true. When it is false a repeat is safe only with the same event ids. What is not known to be
definite is indefinite.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from uuid import UUID

    from eventstore.stream import ExpectedVersion, Position, StreamName, StreamVersion

__all__ = [
    "AppendError",
    "AppendRefused",
    "BoundaryCrossed",
    "ConfigError",
    "EventIdReused",
    "EventNotReadable",
    "EventStoreError",
    "ForeignMessage",
    "InvalidEvent",
    "InvalidRequest",
    "InvalidStreamName",
    "LeaseLost",
    "MigrationFailed",
    "OutcomeUnknown",
    "PositionGap",
    "PositionNotReached",
    "PublishRefused",
    "PublishUnanswered",
    "QueueFull",
    "ReadFailed",
    "RelayError",
    "SchemaMismatch",
    "StoreUnavailable",
    "StreamDiverged",
    "StreamUnavailable",
    "UnknownEventType",
    "WrongExpectedVersion",
]


class EventStoreError(Exception):
    """The root: every error this package raises on purpose."""

    definite: ClassVar[bool] = False


class ConfigError(EventStoreError):
    """A setting is missing or cannot be used; the message names it and says what it takes."""

    definite = True


class InvalidRequest(EventStoreError):
    """An append or a read breaks a rule of the store and was not even tried."""

    definite = True


class InvalidEvent(InvalidRequest):
    """An event breaks a rule of the log; nothing of its append was stored."""


class InvalidStreamName(InvalidRequest):
    """A stream name breaks a rule; nothing was stored."""

    def __init__(self, name: object, reason: str) -> None:
        super().__init__(
            f"{name!r} is not a stream name: {reason}. "
            "A stream name is CATEGORY-ID, such as 'order-1042'."
        )
        self.name = name
        self.reason = reason


class AppendError(EventStoreError):
    """An append was not acknowledged.

    ``stream`` is the stream that stands against it, or the first one where none does.
    """


class WrongExpectedVersion(AppendError):
    """The stream is not where the caller expected it; nothing was stored.

    ``actual`` is the version the stream had when the append was decided.
    """

    definite = True

    def __init__(
        self, stream: StreamName, expected: ExpectedVersion, actual: StreamVersion
    ) -> None:
        super().__init__(
            f"stream {stream!r} is at version {actual}, expected {expected}: "
            "read it again, decide again, and append with the new version."
        )
        self.stream = stream
        self.expected = expected
        self.actual = actual


class BoundaryCrossed(AppendError):
    """An event that the append's boundary excludes is in the log; nothing was stored.

    ``last_match`` is the position of the last event that matches the boundary's query, as the log
    was when the append was decided; it lies after ``after``.
    """

    definite = True

    def __init__(self, stream: StreamName, after: Position, last_match: Position) -> None:
        super().__init__(
            f"append to {stream!r}: an event that matches the boundary's query is at position "
            f"{last_match}, after {after}: read what matches again, decide again, and append with "
            "the boundary after that position."
        )
        self.stream = stream
        self.after = after
        self.last_match = last_match


class EventIdReused(AppendError):
    """An event id of this append is already in the log, in another append; nothing was stored.

    A repetition is no error and answers with the first result: the log holds all events of the
    append side by side, in the same order and stream.
    """

    definite = True

    def __init__(self, stream: StreamName, event_id: UUID) -> None:
        super().__init__(
            f"append to {stream!r}: event id {event_id} is already in the log as part of another "
            "append. Give every new event a new id; repeat an append only as a whole."
        )
        self.stream = stream
        self.event_id = event_id


class QueueFull(AppendError):
    """Too many appends wait already, so this one was not even begun; nothing was stored.

    ``limit`` is how many may wait.
    """

    definite = True

    def __init__(self, stream: StreamName, limit: int) -> None:
        super().__init__(
            f"append to {stream!r}: {limit} appends wait already, which is the limit. "
            "Append fewer at a time, or try again a little later."
        )
        self.stream = stream
        self.limit = limit


class AppendRefused(AppendError):
    """The database itself refused the append and rolled it back; nothing was stored.

    ``sqlstate`` is PostgreSQL's code for the reason, such as 42501 (a privilege is missing).
    """

    definite = True

    def __init__(self, stream: StreamName, sqlstate: str, reason: str) -> None:
        super().__init__(
            f"append to {stream!r}: PostgreSQL refused it ({reason}, SQLSTATE {sqlstate}); "
            "nothing was stored."
        )
        self.stream = stream
        self.sqlstate = sqlstate
        self.reason = reason


class OutcomeUnknown(AppendError):
    """The connection died, or time ran out, after the append was sent: it may be in the log.

    Repeat the append with the same event ids: the store answers with the first result if there
    was one.
    """

    definite = False

    def __init__(self, stream: StreamName, reason: str) -> None:
        super().__init__(
            f"append to {stream!r}: the outcome is unknown ({reason}). "
            "Repeat it with the same event ids to find out; it will not be stored twice."
        )
        self.stream = stream
        self.reason = reason


class ReadFailed(EventStoreError):
    """A read got no answer. It had no effect, and there is nothing to know about the log."""

    definite = True


class PositionNotReached(EventStoreError):
    """The log did not reach a position within the time limit; ``head`` is where it was at last."""

    definite = True

    def __init__(self, position: Position, head: Position, seconds: float) -> None:
        super().__init__(
            f"the log is at position {head} and did not reach {position} within {seconds:g} s. "
            "Is the position of this log, and does a standby that is read keep up?"
        )
        self.position = position
        self.head = head
        self.seconds = seconds


class StoreUnavailable(EventStoreError):
    """No connection to the store could be made: the operation never began."""

    definite = True


class SchemaMismatch(EventStoreError):
    """The database's schema is not the one this version of the library works with."""

    definite = True

    def __init__(self, current: str | None, head: str) -> None:
        found = f"at revision {current}" if current else "without our schema"
        ahead = current is not None and current > head
        remedy = "install a newer version" if ahead else "run `eventstore migrate`"
        super().__init__(f"the database is {found}, this version works with {head}: {remedy}.")
        self.current = current
        self.head = head


class MigrationFailed(EventStoreError):
    """PostgreSQL refused a statement of a migration; the schema is as it was before."""

    definite = True

    def __init__(self, reason: str) -> None:
        super().__init__(f"the migration was rolled back and nothing was changed: {reason}")
        self.reason = reason


class ForeignMessage(EventStoreError):
    """A message was not written by the contract of `eventstore.wire`; nothing was done with it."""

    definite = True

    def __init__(self, subject: str, reason: str) -> None:
        super().__init__(
            f"message on {subject!r} is not one of the log's: {reason}. "
            "Only the relay may publish to the stream."
        )
        self.subject = subject
        self.reason = reason


class UnknownEventType(EventStoreError):
    """No struct is registered for an event, or no type for a struct; nothing was done with it."""

    definite = True


class EventNotReadable(EventStoreError):
    """An event's data is not what the struct of its type takes, or an upcaster failed on it."""

    definite = True

    def __init__(
        self, position: Position, event_type: str, version: int, reason: Exception
    ) -> None:
        super().__init__(
            f"event at position {position}: its data cannot be read as version {version} of "
            f"{event_type!r} ({type(reason).__name__}: {reason}). Mend the struct or its upcaster; "
            "the log does not change."
        )
        self.position = position
        self.event_type = event_type
        self.version = version
        self.reason = reason


class RelayError(EventStoreError):
    """The relay cannot go on as it is."""


class LeaseLost(RelayError):
    """Another relay holds the lease, or the connection that held ours is gone."""


class StreamUnavailable(RelayError):
    """JetStream cannot be reached, or the connection died: what was being sent may be stored."""


class PublishRefused(RelayError):
    """JetStream refused a publish: somebody else published, or the stream went back.

    ``last_sequence`` is where the stream really is, when the server said so.
    """

    definite = True

    def __init__(self, sequence: int, last_sequence: int | None, reason: str) -> None:
        super().__init__(f"JetStream refused sequence {sequence}: {reason}")
        self.sequence = sequence
        self.last_sequence = last_sequence


class PublishUnanswered(RelayError):
    """JetStream did not acknowledge a publish in time: it may be stored, or may be yet.

    A full or broken disk looks like this from outside. Publishing the position again is safe.
    """

    def __init__(self, sequence: int, seconds: float) -> None:
        super().__init__(
            f"JetStream did not acknowledge sequence {sequence} within {seconds:g} s: "
            "look at the server's log and its disk."
        )
        self.sequence = sequence


class PositionGap(EventStoreError):
    """The log has no event at a position but has a later one: it is not what a store promises."""

    definite = True

    def __init__(self, expected: int, got: int) -> None:
        super().__init__(
            f"the log has a hole: position {expected} is missing, the next one is {got}. Nothing "
            "after it was passed on. Find out who deletes from, or writes to, the events table."
        )
        self.expected = expected
        self.got = got


class StreamDiverged(RelayError):
    """JetStream holds something that Postgres does not: the log itself went back.

    This happens when Postgres was restored from an older backup. It is never healed silently,
    since consumers may have acted on events that no longer exist.
    """

    definite = True

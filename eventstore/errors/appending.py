"""What can become of an append that is not acknowledged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eventstore.errors.root import EventStoreError

if TYPE_CHECKING:
    from uuid import UUID

    from eventstore.stream import ExpectedVersion, Position, StreamName, StreamVersion

__all__ = [
    "AppendError",
    "AppendRefused",
    "BoundaryCrossed",
    "EventIdReused",
    "OutcomeUnknown",
    "QueueFull",
    "WrongExpectedVersion",
]


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

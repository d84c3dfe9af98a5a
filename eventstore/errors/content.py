"""What can be wrong with the content of events and messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eventstore.errors.root import EventStoreError

if TYPE_CHECKING:
    from eventstore.stream import Position

__all__ = [
    "EventNotReadable",
    "ForeignMessage",
    "ImportRefused",
    "MalformedExport",
    "SealBroken",
    "SubjectForgotten",
    "UnknownEventType",
]


class ForeignMessage(EventStoreError):
    """A message was not written by the contract of `eventstore.wire`; nothing was done with it.

    ``sequence`` is where it is in its stream, null if that is not known.
    """

    definite = True

    def __init__(self, subject: str, reason: str, sequence: int | None = None) -> None:
        where = "" if sequence is None else f", sequence {sequence},"
        super().__init__(
            f"message on {subject!r}{where} is not one of the log's: {reason}. "
            "Only the relay may publish to the stream."
        )
        self.subject = subject
        self.reason = reason
        self.sequence = sequence


class MalformedExport(EventStoreError):
    """A file is no export of a log, or is damaged; ``line`` is where, counted from 1."""

    definite = True

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}.")
        self.line = line
        self.reason = reason


class ImportRefused(EventStoreError):
    """A batch of an export does not fit to the log; nothing of it was stored."""

    definite = True


class UnknownEventType(EventStoreError):
    """No struct is registered for an event, or no type for a struct; nothing was done with it."""

    definite = True


class EventNotReadable(EventStoreError):
    """An event's data is not what the struct of its type takes, or an upcaster failed on it."""

    definite = True

    def __init__(self, position: Position, event_type: str, reason: str) -> None:
        super().__init__(
            f"event at position {position}: its data cannot be read as {event_type!r}: {reason}. "
            "Mend the struct or its upcaster; the log does not change."
        )
        self.position = position
        self.event_type = event_type


class SubjectForgotten(EventStoreError):
    """The key of a subject was destroyed: nothing opens for it, and nothing is sealed for it."""

    definite = True


class SealBroken(EventStoreError):
    """A sealed value or a wrapped key does not open, though nobody asked to forget it."""

    definite = True

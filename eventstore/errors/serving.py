"""What can go wrong between a store and its server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eventstore.errors.root import EventStoreError

if TYPE_CHECKING:
    from eventstore.stream import Position

__all__ = [
    "ArchiveDamaged",
    "ArchiveMissing",
    "EventDamaged",
    "MigrationFailed",
    "PositionGap",
    "PositionNotReached",
    "ReadFailed",
    "RemovalRefused",
    "SchemaMismatch",
    "StoreUnavailable",
    "UpdateFailed",
]


class ReadFailed(EventStoreError):
    """A read got no answer. It had no effect, and there is nothing to know about the log."""

    definite = True


class ArchiveMissing(ReadFailed):
    """What was read is in an archive whose file is not at hand; the log is as it should be."""


class ArchiveDamaged(ReadFailed):
    """The file of an archive is not the one that was written: restore it from a copy."""


class EventDamaged(EventStoreError):
    """An event of the log cannot be decoded. Somebody wrote past the store, which checks before."""

    definite = True

    @classmethod
    def at(cls, position: int, reason: str) -> EventDamaged:
        """Say where, and why."""
        return cls(
            f"the event at position {position} cannot be decoded: {reason}. It was not passed on, "
            "nor what was read with it. The store writes no such event: find out who writes to the "
            "events table, and restore the row from a backup."
        )


class RemovalRefused(EventStoreError):
    """Payloads were not archived or retired, or a policy was not changed; all is as it was."""

    definite = True


class UpdateFailed(EventStoreError):
    """A change beside the log (a snapshot, a subject's key) may be made or not; repeat it."""


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

    def __init__(self, current: str | None, head: str, log: str = "default") -> None:
        default = log == "default"
        subject = "the database is" if default else f"the log {log!r} is"
        missing = "without our schema" if default else "not in the database"
        found = f"at revision {current}" if current else missing
        ahead = current is not None and current > head
        command = "eventstore migrate" if default else f"eventstore migrate --log {log}"
        remedy = "install a newer version" if ahead else f"run `{command}`"
        super().__init__(f"{subject} {found}, this version works with {head}: {remedy}.")
        self.current = current
        self.head = head


class MigrationFailed(EventStoreError):
    """PostgreSQL refused a statement of a migration; the schema is as it was before."""

    definite = True

    def __init__(self, reason: str) -> None:
        super().__init__(f"the migration was rolled back and nothing was changed: {reason}")
        self.reason = reason


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

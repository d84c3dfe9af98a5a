"""What can go wrong for a service that follows the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eventstore.errors.root import EventStoreError

if TYPE_CHECKING:
    from eventstore.stream import Position

__all__ = [
    "CheckpointMoved",
    "CheckpointUnavailable",
    "ConsumeError",
    "ContentDiffers",
    "EpochBegan",
    "LogWentBack",
    "PartitionLost",
]


class ConsumeError(EventStoreError):
    """A consumer cannot go on as it is."""


class ContentDiffers(ConsumeError):
    """A position came a second time with another event: log and stream are not what they were.

    It was not handed out, and the consumer stands where it stood. This happens when PostgreSQL was
    restored from an older backup, or when somebody else published to the stream.
    """

    definite = True

    def __init__(self, position: Position, event: str) -> None:
        super().__init__(
            f"position {position} came again, as event {event}, and is not what it was. It was not "
            "handed out. Find out who else publishes to the stream, or whether the log went back."
        )
        self.position = position


class LogWentBack(ConsumeError):
    """The log ends before what the consumer has seen; nothing was handed out."""

    definite = True

    def __init__(self, position: Position, head: Position) -> None:
        super().__init__(
            f"the reader is at position {position}, the log ends at {head}: the log went back, "
            "or is another one, or a standby is read. Bring the log back, or begin anew."
        )
        self.position = position
        self.head = head


class EpochBegan(ConsumeError):
    """The consumer has handled events that an operator left behind when the log went back."""

    definite = True

    def __init__(self, position: Position, epoch: int, after: Position) -> None:
        super().__init__(
            f"the consumer is at position {position}, but in epoch {epoch} the log has other "
            f"events after position {after} than those it has handled. Undo what it made of them "
            f"and set its checkpoint to {after}, or begin anew under another name."
        )
        self.position = position
        self.epoch = epoch
        self.after = after


class CheckpointMoved(ConsumeError):
    """Somebody else moved the checkpoint; nothing was stored. Load it, and go on from there."""

    definite = True

    def __init__(self, name: str, position: Position) -> None:
        super().__init__(
            f"the checkpoint {name!r} is not at position {position} any more: another consumer of "
            "this name runs. Nothing was stored."
        )
        self.name = name
        self.position = position


class CheckpointUnavailable(ConsumeError):
    """No answer came from where a checkpoint or a partition is kept: it may be stored or not."""


class PartitionLost(ConsumeError):
    """Another member owns the partition now: its checkpoint was not moved, nothing was stored."""

    definite = True

    def __init__(self, group: str, partition: int, token: int) -> None:
        super().__init__(
            f"partition {partition} of group {group!r} is no longer ours (our token was {token}), "
            "or its checkpoint is elsewhere. Nothing was stored; its owner handles these events."
        )
        self.group = group
        self.partition = partition
        self.token = token

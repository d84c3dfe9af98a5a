"""What the projector's core asks for, and what it is told: its commands and their outcomes.

A command carries the number of the round in which it was given; see `projector.subscription`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import msgspec

from eventstore.errors import ForeignMessage
from eventstore.event import RecordedEvent
from eventstore.stream import Position
from projector.checkpoint import Checkpoint
from projector.errors import ProjectionFailed
from projector.parking import AsideState

__all__ = [
    "Command",
    "Commit",
    "Committed",
    "Compare",
    "Compared",
    "Conflicted",
    "Failed",
    "Fetch",
    "Fetched",
    "FetchedForeign",
    "LoadCheckpoint",
    "Loaded",
    "Outcome",
    "Pause",
    "Paused",
    "ReadLog",
    "SetAside",
    "Subscribe",
    "Subscribed",
]


class LoadCheckpoint(msgspec.Struct, frozen=True):
    """Ask the read model how far it is. Answered by `Loaded`."""

    round: int


class Subscribe(msgspec.Struct, frozen=True):
    """Have events delivered from after a position. Answered by `Subscribed`."""

    round: int
    after: Position


class Fetch(msgspec.Struct, frozen=True):
    """Take what was delivered. Answered by `Fetched`, or `FetchedForeign`."""

    round: int
    limit: int


class ReadLog(msgspec.Struct, frozen=True):
    """Read from the log what the stream does not give. Answered by `Fetched`."""

    round: int
    after: Position
    limit: int


class Compare(msgspec.Struct, frozen=True):
    """Ask where stream and log are. Answered by `Compared`."""

    round: int


class Commit(msgspec.Struct, frozen=True):
    """Apply events, moving the checkpoint. Answered by `Committed`, `Conflicted` or `Failed`."""

    round: int
    events: tuple[RecordedEvent, ...]
    checkpoint: Checkpoint


class SetAside(msgspec.Struct, frozen=True):
    """Move the checkpoint past an event that cannot be applied, and keep it for an operator.

    ``state`` says how, ``error`` why. Answered by `Committed` or `Conflicted`.
    """

    round: int
    event: RecordedEvent
    checkpoint: Checkpoint
    state: AsideState
    error: ProjectionFailed
    attempts: int


class Pause(msgspec.Struct, frozen=True):
    """Let time pass before trying again. Answered by `Paused`."""

    round: int
    seconds: float


class Loaded(msgspec.Struct, frozen=True):
    """How far the read model is."""

    checkpoint: Checkpoint


class Subscribed(msgspec.Struct, frozen=True):
    """Delivery begins."""


class Fetched(msgspec.Struct, frozen=True):
    """What came; nothing after a while of silence. ``size`` is its bytes, as far as is known."""

    events: Sequence[RecordedEvent]
    size: int = 0


class FetchedForeign(msgspec.Struct, frozen=True):
    """The next message is none of the log's."""

    error: ForeignMessage


class Compared(msgspec.Struct, frozen=True):
    """Where the stream is, and the log: null if there is no log to ask."""

    last_sequence: int
    head: Position | None


class Committed(msgspec.Struct, frozen=True):
    """Changes and checkpoint are stored."""

    checkpoint: Checkpoint


class Conflicted(msgspec.Struct, frozen=True):
    """The checkpoint was elsewhere; nothing was stored."""


class Failed(msgspec.Struct, frozen=True):
    """The projection raised; nothing was stored."""

    error: ProjectionFailed


class Paused(msgspec.Struct, frozen=True):
    """The time has passed."""


Command: TypeAlias = (
    LoadCheckpoint | Subscribe | Fetch | ReadLog | Compare | Commit | SetAside | Pause
)
Outcome: TypeAlias = (
    Loaded
    | Subscribed
    | Fetched
    | FetchedForeign
    | Compared
    | Committed
    | Conflicted
    | Failed
    | Paused
)

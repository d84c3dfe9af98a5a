"""What a projector needs of the world: events delivered, a read model, perhaps the log.

The adapters meet these protocols by shape: `projector.jetstream` delivers, `projector.postgres` and
`projector.memory` keep read models, `eventstore.EventStore` reads the log.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from eventstore.event import RecordedEvent
from eventstore.relay.ports import LogReader
from eventstore.store import LogPage
from eventstore.stream import Position
from projector.checkpoint import Checkpoint
from projector.parking import AsideState, Cause

__all__ = ["Delivery", "LogReader", "PagedLog", "ReadModel"]


class PagedLog(LogReader, Protocol):
    """Reads the log also in pages that are bounded in bytes."""

    async def read_log_page(
        self, *, after: Position, limit: int, until: Position | None = None
    ) -> LogPage:
        """Read a page of the log behind a position; see `EventStore.read_log_page`.

        Raises:
            ReadFailed, StoreUnavailable: no answer came.
        """
        ...


class Delivery(Protocol):
    """Delivers the events of the stream. What it delivers is checked, never trusted."""

    @property
    def fetched_bytes(self) -> int:
        """How many bytes the messages of the last `fetch` have."""
        ...

    async def subscribe(self, after: Position) -> None:
        """Deliver from the first event after a position, whatever was delivered before.

        Raises:
            StreamUnavailable: there is no answer, or no stream.
        """
        ...

    async def fetch(self, limit: int) -> list[RecordedEvent]:
        """Return at most ``limit`` events; none if none came for a while.

        Raises:
            StreamUnavailable: the connection or the subscription is gone.
            ForeignMessage: the next message is none of the log's, or not where its position is.
        """
        ...

    async def last_sequence(self) -> int:
        """Return the stream's last sequence, which is the position of its last event.

        Raises:
            StreamUnavailable: there is no answer, or no stream.
        """
        ...


class ReadModel(Protocol):
    """Keeps a projection's tables, and its checkpoint in the same transaction."""

    async def checkpoint(self) -> Checkpoint:
        """Return how far the projection has come.

        Raises:
            ReadModelUnavailable: no answer came.
        """
        ...

    async def commit(self, events: Sequence[RecordedEvent], checkpoint: Checkpoint) -> Checkpoint:
        """Apply consecutive events and move the checkpoint over them, both or neither.

        Those whose order key is blocked by a parked event are held instead.
        ``checkpoint`` is where it must be: just before the first event.

        Raises:
            CheckpointConflict: it is elsewhere; nothing was stored.
            ProjectionFailed: the projection raised; nothing was stored.
            ParkingFull: too many events would be held behind parked ones; nothing was stored.
            ReadModelUnavailable: no answer came; it may be stored.
        """
        ...

    async def set_aside(
        self,
        event: RecordedEvent,
        checkpoint: Checkpoint,
        state: AsideState,
        cause: Cause,
        attempts: int,
    ) -> Checkpoint:
        """Move the checkpoint over an event without applying it, and keep why, both or neither.

        From then on, if it is parked, `commit` holds back what has its order key.

        Raises:
            CheckpointConflict, ParkingFull, ReadModelUnavailable: as `commit`.
        """
        ...

    async def halted(self, position: Position, cause: Cause) -> None:
        """Keep at which event the projector halts and why, for an operator to see.

        Raises:
            ReadModelUnavailable: no answer came; it may be kept.
        """
        ...

"""A read model in memory, for tests of projections' logic and of the projector itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from eventstore.event import RecordedEvent
from eventstore.stream import Position
from projector.checkpoint import Checkpoint
from projector.errors import CheckpointConflict, ProjectionFailed

__all__ = ["MemoryReadModel"]


class MemoryReadModel:
    """Keeps every event that was applied, in the order in which it was.

    ``apply`` is called with each batch before it is stored, and may raise.
    """

    def __init__(
        self,
        projection: str = "memory",
        *,
        generation: int = 1,
        apply: Callable[[Sequence[RecordedEvent]], None] = lambda _: None,
    ) -> None:
        self.applied: list[RecordedEvent] = []
        self._apply = apply
        self._checkpoint = Checkpoint(
            projection=projection, generation=generation, position=Position(0)
        )

    async def checkpoint(self) -> Checkpoint:
        """Return how far the projection has come."""
        return self._checkpoint

    async def commit(self, events: Sequence[RecordedEvent], checkpoint: Checkpoint) -> Checkpoint:
        """Apply events and move the checkpoint, as `projector.ports.ReadModel` says."""
        if checkpoint != self._checkpoint:
            raise CheckpointConflict(checkpoint)
        try:
            self._apply(events)
        except Exception as error:
            raise ProjectionFailed(checkpoint.projection, events, repr(error)) from error
        self.applied += events
        self._checkpoint = Checkpoint(
            projection=checkpoint.projection,
            generation=checkpoint.generation,
            position=events[-1].position,
        )
        return self._checkpoint

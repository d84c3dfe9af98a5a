"""A read model in memory, for tests of projections' logic and of the projector itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from eventstore.event import RecordedEvent
from eventstore.stream import Position
from projector.checkpoint import Checkpoint
from projector.errors import CheckpointConflict, ProjectionFailed, raised_by_it
from projector.parking import AsideState, Cause, order_key

__all__ = ["MemoryReadModel"]


class MemoryReadModel:
    """Keeps every event that was applied, in the order in which it was, and all set-aside ones.

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
        self.aside: list[tuple[RecordedEvent, AsideState, Cause | None]] = []
        self.halts: list[tuple[Position, Cause]] = []
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
        key = order_key(self)
        blocked = {key(event) for event, state, _ in self.aside if state is not AsideState.SKIPPED}
        free = [event for event in events if key(event) not in blocked]
        try:
            self._apply(free)
        except BaseException as error:
            if not raised_by_it(error):
                raise
            raise ProjectionFailed(checkpoint.projection, events, repr(error)) from error
        self.applied += free
        self.aside += [(e, AsideState.HELD, None) for e in events if key(e) in blocked]
        return self._moved(checkpoint, events[-1].position)

    async def set_aside(
        self,
        event: RecordedEvent,
        checkpoint: Checkpoint,
        state: AsideState,
        cause: Cause,
        attempts: int,
    ) -> Checkpoint:
        """Move the checkpoint over an event and keep why, as `projector.ports.ReadModel` says."""
        del attempts
        if checkpoint != self._checkpoint:
            raise CheckpointConflict(checkpoint)
        self.aside.append((event, state, cause))
        return self._moved(checkpoint, event.position)

    async def halted(self, position: Position, cause: Cause) -> None:
        """Keep at which event the projector halts, and why."""
        self.halts.append((position, cause))

    def _moved(self, checkpoint: Checkpoint, position: Position) -> Checkpoint:
        self._checkpoint = Checkpoint(
            projection=checkpoint.projection,
            generation=checkpoint.generation,
            position=position,
        )
        return self._checkpoint

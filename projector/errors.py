"""Everything that can go wrong in a projector, and whether it had an effect.

::

    ProjectorError
    +- ConfigError
    +- ProjectionFailed
    +- CheckpointConflict
    +- ReadModelUnavailable
    +- PositionGap
    +- LogWentBack
    +- GenerationUnknown
    +- GenerationBehind

``definite`` is true when the read model certainly did not change. A commit whose answer was lost is
not definite; the checkpoint, which is part of it, tells later whether it happened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.event import RecordedEvent
    from projector.checkpoint import Checkpoint

__all__ = [
    "CheckpointConflict",
    "ConfigError",
    "GenerationBehind",
    "GenerationUnknown",
    "LogWentBack",
    "PositionGap",
    "ProjectionFailed",
    "ProjectorError",
    "ReadModelUnavailable",
]


class ProjectorError(Exception):
    """The root: every error this package raises on purpose."""

    definite: ClassVar[bool] = False


class ConfigError(ProjectorError):
    """A setting or a projection cannot be used; the message says what is wrong with it."""

    definite = True


class ProjectionFailed(ProjectorError):
    """A projection raised; nothing of its batch was stored. The cause is chained.

    ``events`` is the batch. The projector repeats a failed batch event by event, so what finally
    reaches the caller names one event.
    """

    definite = True

    def __init__(self, projection: str, events: Sequence[RecordedEvent], reason: str) -> None:
        first, last = events[0], events[-1]
        where = (
            f"position {first.position} (event {first.id}, type {first.type!r}, "
            f"stream {first.stream!r})"
            if first is last
            else f"positions {first.position} to {last.position}"
        )
        super().__init__(
            f"projection {projection!r} failed at {where}: {reason}. Nothing of it was stored. "
            "Correct the projection and run it again; it resumes there."
        )
        self.projection = projection
        self.events = tuple(events)
        self.reason = reason


class CheckpointConflict(ProjectorError):
    """The checkpoint is not where this projector left it: another one of that name is at work.

    Nothing was stored. The projector reads the checkpoint again and goes on from there.
    """

    definite = True

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__(
            f"projection {checkpoint.projection!r}, generation {checkpoint.generation}: the "
            f"checkpoint is not at {checkpoint.position} any more, so another projector of that "
            "name is running."
        )
        self.checkpoint = checkpoint


class ReadModelUnavailable(ProjectorError):
    """The read model's database gave no answer: what was being committed may be stored.

    The checkpoint tells, once the database can be asked again.
    """


class PositionGap(ProjectorError):
    """A position cannot be had from the stream, nor from the log. Nothing after it was applied."""

    definite = True

    def __init__(self, expected: int, got: int) -> None:
        super().__init__(
            f"position {expected} is missing: the stream goes on with {got}. Name the event store "
            "(--store-url) so that it can be read from there; if it is missing there too, the log "
            "has a hole."
        )
        self.expected = expected
        self.got = got


class LogWentBack(ProjectorError):
    """The read model has applied events that the log does not hold: the log itself went back.

    This happens when Postgres was restored from an older backup. It is never healed silently.
    """

    definite = True

    def __init__(self, checkpoint: Checkpoint, head: int) -> None:
        super().__init__(
            f"projection {checkpoint.projection!r} is at position {checkpoint.position}, the log "
            f"ends at {head}: it went back. Bring the log back, or rebuild the projection."
        )
        self.checkpoint = checkpoint
        self.head = head


class GenerationUnknown(ProjectorError):
    """A generation was never built; nothing was switched."""

    definite = True

    def __init__(self, projection: str, generation: int, known: Sequence[int]) -> None:
        there = ", ".join(map(str, known)) or "none at all"
        super().__init__(
            f"projection {projection!r} has no generation {generation}, there is {there}: build it "
            f"with `projector rebuild {projection} --generation {generation}`."
        )
        self.projection = projection
        self.generation = generation


class GenerationBehind(ProjectorError):
    """A generation has not applied all that the active one has; nothing was switched."""

    definite = True

    def __init__(
        self, projection: str, generation: int, position: int, active: int, ahead: int
    ) -> None:
        super().__init__(
            f"generation {generation} of projection {projection!r} is at position {position}, the "
            f"active generation {active} at {ahead}: readers would see it go back. Let it catch up "
            "(`projector rebuild` or `projector run`), and switch then."
        )
        self.projection = projection
        self.generation = generation
        self.position = position
        self.ahead = ahead

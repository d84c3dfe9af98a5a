"""Everything that can go wrong in a projector, and whether it had an effect.

::

    ProjectorError
    +- ConfigError
    +- ProjectionFailed
    +- CheckpointConflict
    +- ReadModelUnavailable
    +- PositionGap
    +- LogWentBack
    +- EpochBegan
    +- GenerationUnknown
    +- GenerationBehind
    +- GenerationInUse
    +- FeedUnknown
    +- FeedDiverged
    +- GenerationSetAside
    +- ParkingFull
    +- NotSetAside
    +- TablesDiffer
    +- AnotherProjection
    +- ReadModelBehind
    +- ReadModelIncomplete

``definite`` is true when the read model certainly did not change. A commit whose answer was lost is
not definite; the checkpoint, which is part of it, tells later whether it happened.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, ClassVar, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.event import RecordedEvent
    from projector.checkpoint import Checkpoint

__all__ = [
    "AnotherProjection",
    "CheckpointConflict",
    "ConfigError",
    "EpochBegan",
    "FeedDiverged",
    "FeedUnknown",
    "GenerationBehind",
    "GenerationInUse",
    "GenerationSetAside",
    "GenerationUnknown",
    "LogWentBack",
    "NotSetAside",
    "ParkingFull",
    "PositionGap",
    "ProjectionFailed",
    "ProjectorError",
    "ReadModelBehind",
    "ReadModelIncomplete",
    "ReadModelUnavailable",
    "TablesDiffer",
]


_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class ProjectorError(Exception):
    """The root: every error this package raises on purpose."""

    definite: ClassVar[bool] = False


class ConfigError(ProjectorError):
    """A setting or a projection cannot be used; the message says what is wrong with it."""

    definite = True


def printable(text: str) -> str:
    """Write control characters as escapes, but for line ends and tabs: terminals obey them."""
    return _CONTROL.sub(lambda control: f"\\x{ord(control[0]):02x}", text)


def raised_by_it(error: BaseException) -> bool:
    """Whether a projection raised, and not somebody who ends the task that it works in.

    One that calls `sys.exit`, or lets the cancellation of something else out, fails for its event
    like any other: else the run would end with no word of which event that was.
    """
    if isinstance(error, asyncio.CancelledError):
        task = asyncio.current_task()
        return task is None or not task.cancelling()
    return not isinstance(error, GeneratorExit)


class ProjectionFailed(ProjectorError):
    """A projection raised; nothing of its batch was stored. The cause is chained.

    ``summary`` says what and where, in one sentence, without what to do.

    ``events`` is the batch. The projector halves a failed batch until the event stands alone, so
    what finally reaches the caller names one event.
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
        self.reason = printable(reason)
        self.summary = f"projection {projection!r} failed at {where}: {self.reason}"
        super().__init__(
            f"{self.summary}. Nothing of it was stored. "
            "Correct the projection and run it again; it resumes there. Or let the rest go on: "
            "`projector run --on-poison park`, or `projector skip`, with the --generation in which "
            "it failed if that is not the active one."
        )
        self.projection = projection
        self.events = tuple(events)


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


class EpochBegan(ProjectorError):
    """The read model has applied events that an operator left behind when the log went back."""

    definite = True

    def __init__(self, checkpoint: Checkpoint, epoch: int, after: int) -> None:
        super().__init__(
            f"projection {checkpoint.projection!r} is at position {checkpoint.position}, but in "
            f"epoch {epoch} the log has other events after position {after} than those it has "
            "applied: build another generation (`projector rebuild`) and switch to it."
        )
        self.checkpoint = checkpoint
        self.epoch = epoch
        self.after = after


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


class GenerationInUse(ProjectorError):
    """A generation cannot be dropped, since somebody or something needs it; nothing was dropped."""

    definite = True

    def __init__(self, projection: str, generation: int, reason: str) -> None:
        super().__init__(
            f"generation {generation} of projection {projection!r} cannot be dropped: {reason}"
        )
        self.projection = projection
        self.generation = generation


class GenerationSetAside(ProjectorError):
    """A generation lacks events that were parked or held; nothing was switched or built."""

    definite = True

    def __init__(self, projection: str, generation: int, waiting: int) -> None:
        super().__init__(
            f"generation {generation} of projection {projection!r} lacks {waiting} events that "
            "were parked or held: apply them (`projector replay`) or leave them out (`projector "
            "skip`) first. A switch also takes --even-if-behind."
        )
        self.projection = projection
        self.generation = generation
        self.waiting = waiting


class ParkingFull(ProjectorError):
    """So many events are parked and held that the projection halts; nothing was stored."""

    definite = True

    def __init__(self, projection: str, generation: int, waiting: int, limit: int) -> None:
        super().__init__(
            f"projection {projection!r}, generation {generation}: {waiting} events are parked and "
            f"held, and {limit} is the most. Correct the projection and `projector replay` them, "
            "or leave them out by `projector skip`; then run it again."
        )
        self.waiting = waiting
        self.limit = limit


class NotSetAside(ProjectorError):
    """An operator named an event that is not parked, or not next; nothing was changed."""

    definite = True


class TablesDiffer(ProjectorError):
    """A projection declares other tables than the ones its read model was built with.

    Nothing was changed. Either the projection was changed, or two have one name.
    """

    definite = True

    def __init__(self, projection: str, generation: int, difference: str) -> None:
        super().__init__(
            f"projection {projection!r} does not fit to its read model, generation {generation}: "
            f"{difference}. Tables never change under a read model: give the projection "
            f"generation {generation + 1} and new table names, build it beside this one and "
            f"change over with `projector rebuild MODULE:ATTRIBUTE --switch`. If this is another "
            "projection of the same name, give it another name."
        )
        self.projection = projection
        self.generation = generation
        self.difference = difference


class AnotherProjection(ProjectorError):
    """A read model is of another projection, which has the same name. Nothing was changed."""

    definite = True

    def __init__(self, projection: str, generation: int, kept_by: str, refused: str) -> None:
        after = generation + 1
        super().__init__(
            f"the read model of projection {projection!r}, generation {generation}, is of "
            f"{kept_by}; {refused} has the same name. If it is another projection, give it another "
            f"name. If it takes the place of the first, build it beside that one, as generation "
            f"{after}, with `projector rebuild MODULE:ATTRIBUTE --generation {after} --switch`. "
            f"If it is the same, moved or renamed, say so in it: identity = {kept_by!r}."
        )
        self.projection = projection
        self.generation = generation
        self.kept_by = kept_by
        self.refused = refused


class ReadModelBehind(ProjectorError):
    """A read model did not come as far as a reader asked for within the time limit."""

    definite = True

    def __init__(self, projection: str, position: int, reached: int, seconds: float) -> None:
        super().__init__(
            f"read model {projection!r} is at position {reached}, not yet at {position} after "
            f"{seconds:g} s. Does its projector run? (`projector lag {projection}`)"
        )
        self.projection = projection
        self.position = position
        self.reached = reached


class ReadModelIncomplete(ProjectorError):
    """A read model passed events that it does not hold: they are parked, or held behind one."""

    definite = True

    def __init__(self, projection: str, position: int, lacks: int) -> None:
        super().__init__(
            f"read model {projection!r} lacks events up to position {position}, the first at "
            f"{lacks}: it is parked, or held behind one that is (`projector park {projection}`)."
        )
        self.projection = projection
        self.position = position
        self.lacks = lacks


class FeedUnknown(ProjectorError):
    """A read model has no change feed; nothing was done."""

    definite = True

    def __init__(self, projection: str, generation: int) -> None:
        super().__init__(
            f"the changes of projection {projection!r}, generation {generation}, are not recorded: "
            f"begin with `projector feed begin {projection} --generation {generation}`."
        )
        self.projection = projection
        self.generation = generation


class FeedDiverged(ProjectorError):
    """The stream of a feed holds what is none of its changes; nothing more is carried."""

    definite = True

    def __init__(self, projection: str, generation: int, stream: str) -> None:
        super().__init__(
            f"the stream {stream} holds what is no change of projection {projection!r}, generation "
            f"{generation}: the database was restored, or somebody else published. Begin anew, by "
            "`projector feed end` and `projector feed begin`, and let those who follow it read all."
        )
        self.projection = projection
        self.generation = generation
        self.stream = stream

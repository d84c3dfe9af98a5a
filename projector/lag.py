"""How far read models are behind the log, and what they lack: measured against the log itself.

What JetStream says is still to be delivered proves nothing: a stream that lost its tail has nothing
to deliver, and neither has a relay that stands still. So the checkpoint is compared with the head
of the log, whose positions are dense. What was parked or held counts as lag although the checkpoint
has passed it. A lag of zero means that the read model holds every event of the log, but for those
that an operator has skipped, and they are counted beside it.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Sequence

import msgspec

from eventstore.stream import Position
from projector.ports import LogReader

__all__ = ["GenerationState", "Lag", "LagState", "StreamExtent", "measure"]


class LagState(enum.StrEnum):
    """What is the matter with a read model; the first that holds, in this order."""

    AHEAD = "ahead of the log"
    HOLE = "before a hole in the log"
    HALTED = "halted"
    INCOMPLETE = "incomplete"
    BEHIND = "behind"
    CAUGHT_UP = "caught up"
    UNKNOWN = "log not asked"


class GenerationState(msgspec.Struct, frozen=True, kw_only=True):
    """How far one generation of a read model is, and what it lacks, by its own tables.

    ``halted_at`` is the event that its projector cannot get past; ``last_error`` is that of it, or
    of the event that was parked last. ``first_waiting`` is the first one parked or held.
    """

    projection: str
    generation: int
    active: bool
    position: Position
    updated_at: dt.datetime
    parked: int
    held: int
    skipped: int
    first_waiting: Position | None
    halted_at: Position | None
    last_error: str | None


class StreamExtent(msgspec.Struct, frozen=True, kw_only=True):
    """What the stream holds: from ``first`` to ``last``, less ``holes`` in between."""

    first: int
    last: int
    holes: int


class Lag(msgspec.Struct, frozen=True, kw_only=True):
    """How far one generation of a read model is, and what it lacks.

    ``lag`` counts the events that the log holds and the read model does not, parked and held ones
    among them; ``lag_seconds`` is how long ago the first of those was recorded. Both are null if
    the log was not asked. ``hole`` is a position that the log itself does not hold, though it goes
    on behind it: no waiting ends that. ``last_sequence`` and ``stream_holes`` are the stream's,
    null if it was not asked; what it lacks is read from the log.
    """

    projection: str
    generation: int
    active: bool
    state: LagState
    checkpoint: Position
    head: Position | None
    lag: int | None
    lag_seconds: float | None
    hole: Position | None
    last_sequence: int | None
    stream_holes: int | None
    parked: int
    held: int
    skipped: int
    halted_at: Position | None
    last_error: str | None


async def measure(
    generations: Sequence[GenerationState],
    log: LogReader | None,
    now: dt.datetime,
    stream: StreamExtent | None = None,
) -> list[Lag]:
    """Compare generations, as they were read before, with the log as it is now.

    Args:
        generations: Read first, so that nothing they hold can be missing from a log read later.
        log: The event store, null if it is not at hand.
        now: For ``lag_seconds``; of the clock that recorded the events.
        stream: What the stream held, if that is to be said.

    Raises:
        ReadFailed, StoreUnavailable: the log gave no answer.
    """
    head = None if log is None else await log.head()
    return [await _lag(one, log, head, now, stream) for one in generations]


async def _lag(
    one: GenerationState,
    log: LogReader | None,
    head: Position | None,
    now: dt.datetime,
    stream: StreamExtent | None,
) -> Lag:
    waiting = one.parked + one.held
    hole: Position | None = None
    seconds = lag = None
    if log is not None and head is not None:
        lag, seconds = head - one.position + waiting, 0.0
        if head > one.position:
            after = await log.read_log(after=one.position, limit=1)
            if not after or after[0].position != one.position + 1:
                hole = Position(one.position + 1)
        if lag > 0:
            first = one.first_waiting or Position(one.position + 1)
            missing = await log.read_log(after=Position(first - 1), limit=1)
            since = missing[0].recorded_at if missing else now
            seconds = round(max(0.0, (now - since).total_seconds()), 3)
    return Lag(
        projection=one.projection,
        generation=one.generation,
        active=one.active,
        state=_state(one, head, hole),
        checkpoint=one.position,
        head=head,
        lag=lag,
        lag_seconds=seconds,
        hole=hole,
        last_sequence=None if stream is None else stream.last,
        stream_holes=None if stream is None else stream.holes,
        parked=one.parked,
        held=one.held,
        skipped=one.skipped,
        halted_at=one.halted_at,
        last_error=one.last_error,
    )


def _state(one: GenerationState, head: Position | None, hole: Position | None) -> LagState:
    if head is not None and head < one.position:
        return LagState.AHEAD
    if hole is not None:
        return LagState.HOLE
    if one.halted_at is not None:
        return LagState.HALTED
    if one.parked or one.held:
        return LagState.INCOMPLETE
    if head is None:
        return LagState.UNKNOWN
    return LagState.BEHIND if head > one.position else LagState.CAUGHT_UP

"""What an operator does about events that were set aside: apply them after all, or leave them out.

Both work beside a running projector. Each step is one transaction under the lock of the
checkpoint's row, so a projector that commits at the same time sees a key either blocked or free,
and never half of it: each event takes effect exactly once, in the order of its key.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from eventstore.event import RecordedEvent
from eventstore.stream import Position
from projector.errors import NotSetAside, PositionGap, ProjectionFailed
from projector.parking import SET_ASIDE_MAX, Aside, AsideState, Cause
from projector.ports import LogReader
from projector.postgres import PostgresReadModel

__all__ = ["Replayed", "replay", "skip"]

_BATCH: Final = 100
_WAITING: Final = (AsideState.PARKED, AsideState.HELD)


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the events of an order key.

    ``applied`` of them were, ``waiting`` are parked or held still: none if the key is free. If one
    failed again, ``failed`` is its position, and ``error`` why.
    """

    order_key: str
    applied: int
    waiting: int
    failed: Position | None = None
    error: str | None = None


async def replay(model: PostgresReadModel, log: LogReader, key: str) -> Replayed:
    """Apply what is parked and held under an order key, in order, until one fails.

    The one that fails is parked with its new error, and what follows stays held behind it.

    Raises:
        NotSetAside: nothing waits under that key.
        PositionGap: the log does not hold an event that was set aside.
        ReadModelUnavailable, ReadFailed, StoreUnavailable: a server gave no answer.
    """
    applied, limit = 0, _BATCH
    failed: ProjectionFailed | None = None
    while failed is None and (waiting := await _waiting(model, key, limit)):
        events = await _events(log, waiting)
        try:
            applied += await _apply(model, key, events)
        except ProjectionFailed as error:
            if limit > 1:
                limit = 1
                continue
            failed = error
            await _park(model, events[0], error)
    left = await _waiting(model, key, SET_ASIDE_MAX)
    if not applied and failed is None:
        raise NotSetAside(
            f"projection {model.projection.name!r}: nothing is parked under {key!r}. "
            f"`projector park {model.projection.name}` lists what is."
        )
    return Replayed(
        order_key=key,
        applied=applied,
        waiting=len(left),
        failed=None if failed is None else failed.events[0].position,
        error=None if failed is None else failed.reason,
    )


async def skip(model: PostgresReadModel, log: LogReader, position: Position) -> Aside:
    """Leave an event out for good: a parked one, or the next one, at which a projector halts.

    It is kept as skipped, with its error. What is held behind a parked one waits for `replay`.

    Raises:
        NotSetAside: the event is neither.
        CheckpointConflict: a projector has just passed it.
        ReadModelUnavailable, ReadFailed, StoreUnavailable: a server gave no answer.
    """
    parking = model.parking
    checkpoint = await model.checkpoint()
    upcoming = await log.read_log(after=Position(position - 1), limit=1)
    async with model.transaction() as connection:
        await parking.lock(connection)
        found = await parking.find(connection, position)
        if found is not None and found.state is AsideState.PARKED:
            await parking.mark(connection, position, AsideState.SKIPPED)
        elif found is None and position == checkpoint.position + 1 and upcoming:
            await model.advance(connection, checkpoint, position)
            cause = await parking.halt_at(connection, position)
            await parking.set_aside(connection, upcoming[0], AsideState.SKIPPED, cause, 0)
        else:
            raise NotSetAside(_refusal(model, position, found, checkpoint.position))
        skipped = await parking.find(connection, position)
    assert skipped is not None, "it was written in this transaction"  # noqa: S101
    return skipped


def _refusal(
    model: PostgresReadModel, position: Position, found: Aside | None, checkpoint: Position
) -> str:
    name = model.projection.name
    if found is not None and found.state is AsideState.SKIPPED:
        return f"projection {name!r}: position {position} is skipped already."
    if found is not None:
        return (
            f"projection {name!r}: position {position} is held behind a parked event of "
            f"{found.order_key!r} and was never tried: skip or replay that one."
        )
    return (
        f"projection {name!r}: position {position} is not parked, and its projector stands at "
        f"{checkpoint}, so only {checkpoint + 1} can be skipped."
    )


async def _waiting(model: PostgresReadModel, key: str, limit: int) -> list[Aside]:
    async with model.transaction() as connection:
        return await model.parking.read(connection, key=key, states=_WAITING, limit=limit)


async def _events(log: LogReader, waiting: Sequence[Aside]) -> list[RecordedEvent]:
    """Read events from the log, one by one: they lie apart."""
    events = []
    for one in waiting:
        page = await log.read_log(after=Position(one.position - 1), limit=1)
        if not page or page[0].position != one.position:
            raise PositionGap(one.position, page[0].position if page else one.position + 1)
        events += page
    return events


async def _apply(model: PostgresReadModel, key: str, events: Sequence[RecordedEvent]) -> int:
    """Apply the first events of a key and forget them, both or neither; return how many.

    None if another operator was quicker: look again.
    """
    positions = [event.position for event in events]
    parking = model.parking
    async with model.applying(events) as connection:
        await parking.touch(connection)
        waiting = await parking.read(connection, key=key, states=_WAITING, limit=len(events))
        if [one.position for one in waiting] != positions:
            return 0
        await model.apply(connection, events)
        await parking.remove(connection, positions)
    return len(events)


async def _park(model: PostgresReadModel, event: RecordedEvent, error: ProjectionFailed) -> None:
    async with model.transaction() as connection:
        await model.parking.lock(connection)
        await model.parking.mark(
            connection, event.position, AsideState.PARKED, Cause.of(error), attempts=1
        )

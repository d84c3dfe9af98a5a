"""Set-aside events of one generation, in PostgreSQL, in the transaction of the checkpoint.

While nothing is parked this costs nothing. Only a projector parks, and only in a transaction that
moves the checkpoint; so whoever found nothing parked after it read the checkpoint, and then moves
it, knows that nothing is. Operators only ever take away, under the lock of the checkpoint's row.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from eventstore.event import RecordedEvent
from eventstore.stream import Position
from projector.errors import ParkingFull
from projector.parking import SET_ASIDE_MAX, Aside, AsideState, Cause, order_key
from projector.postgres_tables import checkpoints, halts, set_aside
from projector.projection import Projection

__all__ = ["PostgresParking"]


class PostgresParking:
    """What a generation of a projection has set aside."""

    def __init__(self, projection: Projection, *, limit: int = SET_ASIDE_MAX) -> None:
        self._name = projection.name
        self._generation = projection.generation
        self._order_key = order_key(projection)
        self._limit = limit
        self._blocked: frozenset[str] | None = None  # keys with parked events; null: not known

    @property
    def undisturbed(self) -> bool:
        """Whether nothing is parked, for sure, if the checkpoint is where it was when asked."""
        return self._blocked == frozenset()

    def passes(self, events: Sequence[RecordedEvent]) -> bool:
        """Whether none of the events has to be held, for sure, if the checkpoint is where it was.

        Only whoever moves the checkpoint blocks a key, so those that are known are all.
        """
        blocked = self._blocked
        if not blocked:
            return blocked is not None
        return not any(self._order_key(event) in blocked for event in events)

    async def look(self, connection: AsyncConnection) -> None:
        """Find out which keys are blocked, after the checkpoint was read."""
        query = sa.select(set_aside.c.order_key).where(*self._mine(), *_WAITING).distinct()
        self._blocked = frozenset((await connection.execute(query)).scalars())

    async def hold_back(
        self, connection: AsyncConnection, events: Sequence[RecordedEvent]
    ) -> Sequence[RecordedEvent]:
        """Hold the events whose key is blocked, within a transaction that moved the checkpoint.

        Returns:
            The others, in order, to be applied.

        Raises:
            ParkingFull: too many would be set aside.
        """
        if self.undisturbed:
            return events
        await self.look(connection)  # an operator may have let some go
        blocked = self._blocked or frozenset()
        held = [event for event in events if self._order_key(event) in blocked]
        if not held:
            return events
        await self._check_room(connection, held)
        await connection.execute(
            sa.insert(set_aside), [self._row(event, AsideState.HELD) for event in held]
        )
        return [event for event in events if self._order_key(event) not in blocked]

    async def set_aside(
        self,
        connection: AsyncConnection,
        event: RecordedEvent,
        state: AsideState,
        cause: Cause | None,
        attempts: int,
    ) -> None:
        """Set an event aside, within a transaction that moved the checkpoint over it.

        Raises:
            ParkingFull: too many would be set aside.
        """
        self._blocked = None
        if state is not AsideState.SKIPPED:
            await self._check_room(connection, [event])
        details = {} if cause is None else _described(cause)
        row = self._row(event, state) | details | {"attempts": attempts}
        await connection.execute(sa.insert(set_aside).values(row))

    async def lock(self, connection: AsyncConnection) -> Position:
        """Keep the checkpoint where it is until the transaction ends; return where that is."""
        query = (
            sa.select(checkpoints.c.position)
            .filter_by(projection=self._name, generation=self._generation)
            .with_for_update()
        )
        return Position((await connection.execute(query)).scalar_one_or_none() or 0)

    async def touch(self, connection: AsyncConnection) -> None:
        """Keep the checkpoint where it is, as `lock`, and show that what it stands for changes.

        A commit that has read documents before it waits for this transaction stores nothing then.
        """
        later = sa.func.greatest(
            sa.func.clock_timestamp(),
            checkpoints.c.updated_at + sa.text("interval '1 microsecond'"),
        )
        await connection.execute(
            sa.update(checkpoints)
            .filter_by(projection=self._name, generation=self._generation)
            .values(updated_at=later)
        )

    async def read(
        self,
        connection: AsyncConnection,
        *,
        key: str | None = None,
        states: Iterable[AsideState] = tuple(AsideState),
        limit: int = SET_ASIDE_MAX,
    ) -> list[Aside]:
        """Return what is set aside, in order of position; of one key, or of all."""
        query = sa.select(*(set_aside.c[name] for name in Aside.__struct_fields__)).where(
            *self._mine(), set_aside.c.state.in_(list(states))
        )
        if key is not None:
            query = query.where(set_aside.c.order_key == key)
        rows = await connection.execute(query.order_by(set_aside.c.position).limit(limit))
        return [_aside(row) for row in rows.mappings()]

    async def find(self, connection: AsyncConnection, position: Position) -> Aside | None:
        """Return the event that is set aside at a position."""
        found = await connection.execute(
            sa.select(*(set_aside.c[name] for name in Aside.__struct_fields__)).where(
                *self._mine(), set_aside.c.position == position
            )
        )
        row = found.mappings().one_or_none()
        return None if row is None else _aside(row)

    async def remove(self, connection: AsyncConnection, positions: Sequence[Position]) -> None:
        """Forget events, in the transaction that applied them."""
        await connection.execute(
            sa.delete(set_aside).where(*self._mine(), set_aside.c.position.in_(positions))
        )

    async def mark(
        self,
        connection: AsyncConnection,
        position: Position,
        state: AsideState,
        cause: Cause | None = None,
        *,
        attempts: int = 0,
    ) -> None:
        """Change how a waiting event is set aside, with the error of ``attempts`` more.

        What another operator has left out or applied meanwhile stays so.
        """
        changes: dict[str, Any] = {"state": state, "attempts": set_aside.c.attempts + attempts}
        if cause is not None:
            changes |= _described(cause)
        await connection.execute(
            sa.update(set_aside)
            .where(*self._mine(), *_WAITING, set_aside.c.position == position)
            .values(changes)
        )

    async def halted(self, connection: AsyncConnection, position: Position, cause: Cause) -> None:
        """Keep at which event the projector halts, and why."""
        found = _described(cause) | {"position": position, "since": sa.func.now()}
        mine = {"projection": self._name, "generation": self._generation}
        await connection.execute(
            insert(halts)
            .values(mine | found)
            .on_conflict_do_update(index_elements=list(mine), set_=found)
        )

    async def halt_at(self, connection: AsyncConnection, position: Position) -> Cause | None:
        """Return why the projector halts at a position; null if it does not."""
        query = sa.select(halts.c.error_type, halts.c.error, halts.c.traceback).filter_by(
            projection=self._name, generation=self._generation, position=position
        )
        row = (await connection.execute(query)).one_or_none()
        return None if row is None else Cause(**row._asdict())

    async def _check_room(
        self, connection: AsyncConnection, events: Sequence[RecordedEvent]
    ) -> None:
        query = sa.select(sa.func.count()).where(*self._mine(), *_WAITING)
        waiting = (await connection.execute(query)).scalar_one()
        if waiting + len(events) > self._limit:
            raise ParkingFull(self._name, self._generation, waiting, self._limit)

    def _mine(self) -> tuple[sa.ColumnElement[bool], ...]:
        return (
            set_aside.c.projection == self._name,
            set_aside.c.generation == self._generation,
        )

    def _row(self, event: RecordedEvent, state: AsideState) -> dict[str, Any]:
        return {
            "projection": self._name,
            "generation": self._generation,
            "position": event.position,
            "state": state,
            "order_key": self._order_key(event),
            "event_id": event.id,
            "event_type": event.type,
            "stream": event.stream,
        }


_WAITING = (set_aside.c.state.in_([AsideState.PARKED, AsideState.HELD]),)


def _described(cause: Cause) -> dict[str, Any]:
    return {"error_type": cause.error_type, "error": cause.error, "traceback": cause.traceback}


def _aside(row: sa.RowMapping) -> Aside:
    fields = dict(row)
    return Aside(**fields | {"state": AsideState(fields["state"])})

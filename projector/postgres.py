"""Read models in PostgreSQL: changes and checkpoint in one transaction.

The checkpoint moves first, by a compare-and-set on its row, which locks the row: of two projectors
of one name the second waits, finds the checkpoint moved, and stores nothing. Checkpoints are in a
schema of their own, `projector`; a projection's tables are wherever the projection says.

A projection that writes nothing but what it is asked to, `AtOnce`, is committed by one statement,
and that without waiting for the disk: after a power cut its changes and its checkpoint are gone
together, and made again from the log.

It promises that no driver's exception and no password gets out. It deliberately does not retry.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final, Protocol, Self, TypeAlias, runtime_checkable
from weakref import WeakSet

import asyncpg
import sqlalchemy as sa
from asyncpg.connect_utils import SessionAttribute
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.schema import CreateSchema

from eventstore.config import server_of
from eventstore.errors import StoreUnavailable
from eventstore.event import RecordedEvent
from eventstore.stream import Position
from projector.checkpoint import Checkpoint
from projector.errors import (
    CheckpointConflict,
    ConfigError,
    ProjectionFailed,
    ReadModelUnavailable,
    raised_by_it,
)
from projector.parking import AsideState, Cause
from projector.postgres_declared import check_declared
from projector.postgres_generations import adopt
from projector.postgres_parking import PostgresParking
from projector.postgres_tables import DOCUMENTS, SCHEMA, checkpoints, metadata
from projector.projection import Projection

__all__ = ["AtOnce", "PostgresReadModel"]

Driver: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

_SETUP_LOCK: Final = int.from_bytes(b"projects", "big")
"""The advisory lock of table creation: PostgreSQL's own IF NOT EXISTS races with itself."""

_UNANSWERED: Final = frozenset({"08", "40", "53", "57", "58"})
"""SQLSTATE classes that blame no projection: connection lost, transaction rolled back by a lost
race, no resources, shutdown, failed disk."""

_CONSTRAINT: Final = "23"
_UNANSWERED_ERRORS: Final = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what it says of a connection that is lost at a bad moment
)

_UNDEFINED_TABLE: Final = "42P01"
_CONNECTIONS: Final = 2


@runtime_checkable
class AtOnce(Protocol):
    """A projection that moves its checkpoint itself, by the statement that stores its changes."""

    async def commit(
        self,
        driver: Driver,
        events: Sequence[RecordedEvent],
        checkpoint: Checkpoint,
        *,
        untouched_since: dt.datetime | None = None,
    ) -> dt.datetime | None:
        """Store what events change and move the checkpoint over them, both or neither.

        The connection is in no transaction. Returns the time that the checkpoint's row has then;
        null, having stored nothing, if the checkpoint is elsewhere, or if its row has another time
        than ``untouched_since``, when that is given.
        """
        ...


class PostgresReadModel:
    """Keeps one projection; see `projector.ports.ReadModel`. Made by `open`."""

    def __init__(
        self,
        engine: AsyncEngine,
        projection: Projection,
        server: str,
        connect: Callable[[], Awaitable[Driver]],
    ) -> None:
        self.projection = projection
        self.parking = PostgresParking(projection)
        self._at_once = projection if isinstance(projection, AtOnce) else None
        self._engine = engine
        self._server = server
        self._connect = connect
        self._driver: Driver | None = None
        self._touched_at: dt.datetime | None = None  # as the checkpoint's row says

    @classmethod
    @asynccontextmanager
    async def open(
        cls, url: str, projection: Projection, *, timeout_seconds: float = 10.0
    ) -> AsyncIterator[Self]:
        """Open the read model at ``url``; its connections are closed at the end of the block.

        ``timeout_seconds`` limits each wait: for a connection, and for the answer to a statement.
        """
        made: WeakSet[Driver] = WeakSet()

        async def connect(*_: Any, **__: Any) -> Driver:
            connection = await asyncpg.connect(
                url,
                timeout=timeout_seconds,
                command_timeout=timeout_seconds,
                target_session_attrs=SessionAttribute.primary,
                server_settings={"application_name": f"projector {projection.name}"},
            )
            made.add(connection)
            return connection

        engine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=connect,
            pool_size=_CONNECTIONS,
            max_overflow=0,
            pool_timeout=timeout_seconds,
            hide_parameters=True,  # errors are logged and kept; what events say is for neither
        )
        try:
            yield cls(engine, projection, server_of(url), connect)
        finally:
            # Without the goodbye, for which a server that stands still would keep us waiting.
            for connection in made:
                connection.terminate()
            await engine.dispose()

    async def prepare(self) -> None:
        """Create the tables and the checkpoint where they are missing.

        Raises:
            ConfigError: PostgreSQL refuses the tables that the projection names.
            AnotherProjection: the read model is of another one of the same name.
            TablesDiffer: the read model was built with other tables, or one of them is gone.
            ReadModelUnavailable: no answer came.
        """
        key = self._key()
        async with self.transaction() as connection:
            await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_SETUP_LOCK)))
            for schema in (SCHEMA, DOCUMENTS):
                await connection.execute(CreateSchema(schema, if_not_exists=True))
            await connection.run_sync(metadata.create_all)
            query = sa.select(checkpoints.c.position).filter_by(**key)
            applied = (await connection.execute(query)).scalar_one_or_none() or 0
            await check_declared(connection, self.projection, applied)
            await self._create_tables(connection)
            start = insert(checkpoints).values(**key, position=0).on_conflict_do_nothing()
            await connection.execute(start)
            await adopt(connection, self.projection)

    async def _create_tables(self, connection: AsyncConnection) -> None:
        try:
            await connection.run_sync(self.projection.tables.create_all)
        except SQLAlchemyError as error:
            if _blames_the_server(error):
                raise
            reason = str(getattr(error, "orig", None) or error).partition("\n")[0]
            raise ConfigError(
                f"the tables of projection {self.projection.name!r} cannot be made: {reason}"
            ) from error

    async def checkpoint(self) -> Checkpoint:
        """Return how far the projection has come; 0 if it was never prepared.

        Raises:
            ReadModelUnavailable: no answer came.
        """
        query = sa.select(checkpoints.c.position, checkpoints.c.updated_at)
        position: int | None = None
        try:
            async with self.transaction() as connection:
                row = (await connection.execute(query.filter_by(**self._key()))).one_or_none()
                if row is not None:
                    position, self._touched_at = row.position, row.updated_at
                await self.parking.look(connection)
        except ReadModelUnavailable as error:
            never = position is None and _sqlstate(error.__cause__) == _UNDEFINED_TABLE
            if not never:
                raise
        return Checkpoint(**self._key(), position=Position(position or 0))

    async def commit(self, events: Sequence[RecordedEvent], checkpoint: Checkpoint) -> Checkpoint:
        """Apply events and move the checkpoint, both or neither; see `ReadModel.commit`."""
        at_once = self._at_once
        if at_once is not None and self.parking.passes(events):
            if await self._commit_at_once(at_once, events, checkpoint):
                return Checkpoint(**self._key(), position=events[-1].position)
            if self.parking.undisturbed:
                raise CheckpointConflict(checkpoint)
            # Else it may be that an operator has just replayed what was set aside.
        async with self.applying(events) as connection:
            if at_once is not None:
                await connection.execute(sa.text("SET LOCAL synchronous_commit = off"))
            reached = await self.advance(connection, checkpoint, events[-1].position)
            if free := await self.parking.hold_back(connection, events):
                await self.apply(connection, free)
        return reached

    async def set_aside(
        self,
        event: RecordedEvent,
        checkpoint: Checkpoint,
        state: AsideState,
        cause: Cause,
        attempts: int,
    ) -> Checkpoint:
        """Move the checkpoint over an event and keep why; see `ReadModel.set_aside`."""
        async with self.transaction() as connection:
            reached = await self.advance(connection, checkpoint, event.position)
            await self.parking.set_aside(connection, event, state, cause, attempts)
        return reached

    async def halted(self, position: Position, cause: Cause) -> None:
        """Keep at which event the projector halts, and why; see `ReadModel.halted`."""
        async with self.transaction() as connection:
            await self.parking.halted(connection, position, cause)

    async def _commit_at_once(
        self, projection: AtOnce, events: Sequence[RecordedEvent], checkpoint: Checkpoint
    ) -> bool:
        driver = await self.direct()
        # While nothing is set aside, nobody else changes documents behind the checkpoint.
        since = None if self.parking.undisturbed else self._touched_at
        with self.judged(events):
            moved = await projection.commit(driver, events, checkpoint, untouched_since=since)
        if moved is not None:
            self._touched_at = moved
        return moved is not None

    async def direct(self) -> Driver:
        """Return the one connection that is no part of the pool; its commits skip the disk.

        Raises:
            ReadModelUnavailable: no answer came.
        """
        if self._driver is None:
            with self.answered():
                driver = await self._connect()
                await driver.execute("SET synchronous_commit = off")
            self._driver = driver
        return self._driver

    async def advance(
        self, connection: AsyncConnection, checkpoint: Checkpoint, position: Position
    ) -> Checkpoint:
        """Move the checkpoint, if it is where it must be, within a transaction.

        Raises:
            CheckpointConflict: it is elsewhere.
        """
        moved = await connection.execute(
            sa.update(checkpoints)
            .filter_by(**self._key(), position=checkpoint.position)
            .values(position=position, updated_at=sa.func.now())
            .returning(checkpoints.c.updated_at)
        )
        touched_at = moved.scalar_one_or_none()
        if touched_at is None:
            raise CheckpointConflict(checkpoint)
        self._touched_at = touched_at
        return Checkpoint(**self._key(), position=position)

    async def apply(self, connection: AsyncConnection, events: Sequence[RecordedEvent]) -> None:
        """Let the projection change its tables, within a transaction.

        Raises:
            ProjectionFailed: it raised.
            ReadModelUnavailable: the database gave it no answer.
        """
        with self.judged(events):
            await self.projection.apply(connection, events)

    @asynccontextmanager
    async def applying(self, events: Sequence[RecordedEvent]) -> AsyncIterator[AsyncConnection]:
        """A transaction, as `transaction`, in which events are applied.

        Raises:
            ProjectionFailed: a constraint that is checked at the end does not hold.
            ReadModelUnavailable: no answer came.
        """
        try:
            async with self.transaction() as connection:
                yield connection
        except ReadModelUnavailable as error:
            if (_sqlstate(error.__cause__) or "")[:2] != _CONSTRAINT:
                raise
            reason = f"{type(error.__cause__).__name__}: {error.__cause__}"
            raise ProjectionFailed(self.projection.name, events, reason) from error.__cause__

    @contextmanager
    def judged(self, events: Sequence[RecordedEvent]) -> Iterator[None]:
        """Tell a projection that raises from a database that does not answer it.

        Raises:
            ProjectionFailed: it raised.
            ReadModelUnavailable: the database gave it no answer.
        """
        try:
            yield
        except (ReadModelUnavailable, StoreUnavailable):
            raise  # what a process manager appends to, gave no answer
        except BaseException as error:
            if not raised_by_it(error):
                raise
            if _blames_the_server(error):
                raise self._unavailable(error) from error
            reason = f"{type(error).__name__}: {error}"
            raise ProjectionFailed(self.projection.name, events, reason) from error

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """A transaction, committed at the end of the block, rolled back if that raises.

        Raises:
            ReadModelUnavailable: no answer came.
        """
        with self.answered():
            async with self._engine.begin() as connection:
                yield connection

    @contextmanager
    def answered(self) -> Iterator[None]:
        """Turn what the drivers raise when there is no answer into `ReadModelUnavailable`."""
        try:
            yield
        except (SQLAlchemyError, asyncpg.PostgresError, *_UNANSWERED_ERRORS) as error:
            raise self._unavailable(error) from error

    def _unavailable(self, error: BaseException) -> ReadModelUnavailable:
        origin = getattr(error, "orig", None) or error
        reason = str(origin).partition("\n")[0] or type(origin).__name__
        return ReadModelUnavailable(f"no answer from the read model at {self._server}: {reason}")

    def _key(self) -> dict[str, Any]:
        return {"projection": self.projection.name, "generation": self.projection.generation}


def _sqlstate(error: BaseException | None) -> str | None:
    state = getattr(getattr(error, "orig", None) or error, "sqlstate", None)
    return state if isinstance(state, str) else None


def _blames_the_server(error: BaseException) -> bool:
    """Whether a projection raised only because its database did not answer."""
    if isinstance(error, DBAPIError | asyncpg.PostgresError):
        state = _sqlstate(error)
        invalidated = isinstance(error, DBAPIError) and error.connection_invalidated
        return invalidated or (state is not None and state[:2] in _UNANSWERED)
    if isinstance(error, asyncpg.DataError):  # an interface error, of what was to be written
        return False
    return isinstance(error, _UNANSWERED_ERRORS)

"""How far the read models of a database are, asked without knowing their projections.

It asks a primary, since a standby may show an older state than somebody has seen. Whatever number
of readers ask, a few connections serve them, made when they are needed.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, Self

import asyncpg
import msgspec
from asyncpg.connect_utils import SessionAttribute
from sqlalchemy.dialects.postgresql.base import PGDialect

from eventstore.config import server_of
from eventstore.postgres.translate import DRIVER_ERRORS
from eventstore.stream import Position
from projector.errors import ReadModelUnavailable
from projector.lag import GenerationState
from projector.parking import Aside
from projector.postgres_tables import DOCUMENTS, SCHEMA

__all__ = ["PostgresProgress", "Reached"]

_CONNECTIONS: Final = 4
_CLOSE_SECONDS: Final = 2.0
_PREPARED: Final = f"SELECT to_regclass('{SCHEMA}.checkpoints') IS NOT NULL"
"""Whether any projection was ever prepared here."""

_STATES: Final = """
SELECT c.projection, c.generation, coalesce(a.generation = c.generation, false) AS active,
       c.position, c.updated_at,
       coalesce(s.parked, 0) AS parked, coalesce(s.held, 0) AS held,
       coalesce(s.skipped, 0) AS skipped, s.first_waiting,
       CASE WHEN h.position = c.position + 1 THEN h.position END AS halted_at,
       coalesce(CASE WHEN h.position = c.position + 1 THEN h.error_type || ': ' || h.error END,
                s.last_error) AS last_error
FROM projector.checkpoints AS c
LEFT JOIN projector.active_generations AS a ON a.projection = c.projection
LEFT JOIN projector.halts AS h
  ON h.projection = c.projection AND h.generation = c.generation
LEFT JOIN LATERAL (
    SELECT count(*) FILTER (WHERE state = 'parked') AS parked,
           count(*) FILTER (WHERE state = 'held') AS held,
           count(*) FILTER (WHERE state = 'skipped') AS skipped,
           min(position) FILTER (WHERE state <> 'skipped') AS first_waiting,
           (array_agg(error_type || ': ' || error ORDER BY since DESC)
                FILTER (WHERE state = 'parked'))[1] AS last_error
    FROM projector.set_aside_events AS e
    WHERE e.projection = c.projection AND e.generation = c.generation
) AS s ON true
WHERE $1::text IS NULL OR c.projection = $1
ORDER BY c.projection, c.generation
"""

# The active generation, and what it lacks: one statement, so one moment.
_REACHED: Final = """
SELECT c.generation, c.position,
       (SELECT min(e.position) FROM projector.set_aside_events AS e
        WHERE e.projection = c.projection AND e.generation = c.generation
          AND e.state <> 'skipped') AS lacks
FROM projector.checkpoints AS c JOIN projector.active_generations USING (projection, generation)
WHERE c.projection = $1
"""

_SET_ASIDE: Final = """
SELECT position, state, order_key, event_id, event_type, stream,
       error_type, error, traceback, attempts, since
FROM projector.set_aside_events
WHERE projection = $1 AND generation = $2 AND position > $3
  AND ($4::bigint IS NULL OR position <= $4)
ORDER BY position LIMIT $5
"""

_quote: Final = PGDialect().identifier_preparer.quote  # type: ignore[no-untyped-call]


class Reached(msgspec.Struct, frozen=True, kw_only=True):
    """Where the active generation is, and the first event that it has passed and lacks."""

    generation: int
    position: Position
    lacks: Position | None


class PostgresProgress:
    """Asks one database. Made by `open`."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], server: str, seconds: float) -> None:
        self._pool = pool
        self._server = server
        self._seconds = seconds

    @classmethod
    @asynccontextmanager
    async def open(
        cls, url: str, *, timeout_seconds: float = 10.0, application: str = "projector progress"
    ) -> AsyncIterator[Self]:
        """Ask the database at ``url`` until the end of the block; each wait is limited."""
        pool = asyncpg.create_pool(
            url,
            min_size=0,
            max_size=_CONNECTIONS,
            timeout=timeout_seconds,
            command_timeout=timeout_seconds,
            target_session_attrs=SessionAttribute.primary,
            server_settings={"application_name": application},
        )
        await pool
        try:
            yield cls(pool, server_of(url), timeout_seconds)
        finally:
            with suppress(Exception):
                async with asyncio.timeout(_CLOSE_SECONDS):
                    await pool.close()

    async def states(self, projection: str | None = None) -> list[GenerationState]:
        """Return where each generation is, of one projection or of all; none if none was prepared.

        Raises:
            ReadModelUnavailable: no answer came.
        """
        rows = await self._fetch(_STATES, projection)
        return [msgspec.convert(dict(row), GenerationState) for row in rows]

    async def set_aside(
        self,
        projection: str,
        generation: int,
        *,
        after: Position = Position(0),
        until: Position | None = None,
        limit: int = 1000,
    ) -> list[Aside]:
        """Return what a generation has set aside, with a position above ``after``, in order.

        Raises:
            ReadModelUnavailable: no answer came.
        """
        rows = await self._fetch(_SET_ASIDE, projection, generation, after, until, limit)
        return [msgspec.convert(dict(row), Aside) for row in rows]

    async def reached(self, projection: str) -> Reached | None:
        """Return where the active generation is, null if none was prepared.

        Raises:
            ReadModelUnavailable: no answer came.
        """
        rows = await self._fetch(_REACHED, projection)
        return msgspec.convert(dict(rows[0]), Reached) if rows else None

    async def document(self, projection: str, key: str) -> Any:
        """Return the document under a key of the active generation, null if there is none.

        Raises:
            ReadModelUnavailable: no answer came, or the projection keeps no documents.
        """
        view = f"{DOCUMENTS}.{_quote(projection)}"
        statement = f"SELECT document::text FROM {view} WHERE key = $1"  # noqa: S608 - quoted
        rows = await self._fetch(statement, key)
        return msgspec.json.decode(rows[0][0]) if rows else None

    async def now(self) -> dt.datetime:
        """Return the time of the database's clock.

        Raises:
            ReadModelUnavailable: no answer came.
        """
        time: dt.datetime = (await self._fetch("SELECT clock_timestamp()"))[0][0]
        return time

    async def _fetch(self, statement: str, *arguments: object) -> list[asyncpg.Record]:
        try:
            async with self._pool.acquire(timeout=self._seconds) as connection:
                try:
                    return await connection.fetch(statement, *arguments)
                except asyncpg.UndefinedTableError as error:
                    if SCHEMA not in str(error):
                        raise self._missing(error) from error
                    if not await connection.fetchval(_PREPARED):
                        return []
                # It was being prepared just then, or by an older version.
                return await connection.fetch(statement, *arguments)
        except asyncpg.UndefinedTableError as error:
            raise self._missing(error) from error
        except DRIVER_ERRORS as error:
            reason = str(error).partition("\n")[0] or type(error).__name__
            raise ReadModelUnavailable(
                f"no answer from the read model at {self._server}: {reason}"
            ) from error

    def _missing(self, error: asyncpg.UndefinedTableError) -> ReadModelUnavailable:
        ours = SCHEMA in str(error)
        advice = " Start a projector of this version once: it makes what is missing."
        return ReadModelUnavailable(
            f"no such read model at {self._server}: {error}.{advice if ours else ''}"
        )

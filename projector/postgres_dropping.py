"""Dropping a generation of a read model: its tables, its checkpoint, and all that is kept of it.

Asked by name, so that it can be done when the code of the projection is gone or broken. It is one
transaction, under the lock of the checkpoint's row, so it meets a switch or the beginning of a feed
before or after, never halfway. What else PostgreSQL holds that depends on a table (a view, a
foreign key) is never dropped with it: that is refused.

A rehearsal is the same transaction, rolled back.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, Final, TypeAlias

import asyncpg
import msgspec
from asyncpg.connect_utils import SessionAttribute
from sqlalchemy.dialects.postgresql.base import PGDialect

from eventstore.config import server_of
from eventstore.postgres.translate import DRIVER_ERRORS
from eventstore.stream import Position
from projector.errors import GenerationInUse, GenerationUnknown, ReadModelUnavailable
from projector.postgres_declared import Declaration
from projector.postgres_tables import DOCUMENTS, SCHEMA

__all__ = ["Dropped", "drop"]

Driver: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

_SCHEMA_EXISTS: Final = f"SELECT to_regclass('{SCHEMA}.checkpoints') IS NOT NULL"
_CHECKPOINTS: Final = """
SELECT generation, position FROM projector.checkpoints WHERE projection = $1
ORDER BY generation FOR UPDATE
"""
_ACTIVE: Final = "SELECT generation FROM projector.active_generations WHERE projection = $1"
_FEED: Final = (
    "SELECT EXISTS (SELECT FROM projector.feeds WHERE projection = $1 AND generation = $2)"
)
_DECLARED: Final = """
SELECT projection = $1 AND generation = $2 AS ours, declaration FROM projector.declared_tables
"""
# By the whole name, since a dot may be part of either half.
_THERE: Final = """
SELECT n.nspname AS schema, c.relname AS table
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND (n.nspname || '.' || c.relname = $1
      OR c.relname = $1 AND pg_table_is_visible(c.oid))
"""
_SET_ASIDE: Final = """
SELECT count(*) FROM projector.set_aside_events WHERE projection = $1 AND generation = $2
"""
_KEPT_OF_IT: Final = (
    "set_aside_events",
    "halts",
    "epochs",
    "declared_tables",
    "identities",
    "checkpoints",
)

_prepare: Final = PGDialect().identifier_preparer  # type: ignore[no-untyped-call]


class Dropped(msgspec.Struct, frozen=True, kw_only=True):
    """What went with a generation, or would go if ``dropped`` is false.

    It was at ``position``, and had ``set_aside`` events parked, held or skipped. ``shared`` are the
    tables that stay, since another generation or projection declares them too.
    """

    projection: str
    generation: int
    position: Position
    tables: tuple[str, ...]
    shared: tuple[str, ...]
    set_aside: int
    dropped: bool


async def drop(
    url: str,
    projection: str,
    generation: int,
    *,
    even_if_active: bool = False,
    rehearse: bool = False,
    timeout_seconds: float = 10.0,
) -> Dropped:
    """Drop a generation of a read model that nobody keeps meanwhile, all of it or nothing.

    Args:
        url: The read model's database.
        projection: The name of the projection.
        generation: Which generation.
        even_if_active: Drop the active one, too, if it is the last that there is.
        rehearse: Find out what would be dropped, or why it would be refused.
        timeout_seconds: How long an answer may take.

    Raises:
        GenerationUnknown: there is no such generation.
        GenerationInUse: it is the active one, its changes are recorded, or something in the
            database depends on its tables.
        ReadModelUnavailable: no answer came; it may be dropped.
    """
    async with _connected(url, projection, timeout_seconds) as connection:
        transaction = connection.transaction()
        await transaction.start()
        positions = await _locked(connection, projection)
        if generation not in positions:
            raise GenerationUnknown(projection, generation, sorted(positions))
        active = await connection.fetchval(_ACTIVE, projection) == generation
        if active:
            _check_last(projection, generation, positions, even_if_active=even_if_active)
        if await _exists(connection, "feeds") and await connection.fetchval(
            _FEED, projection, generation
        ):
            raise GenerationInUse(
                projection,
                generation,
                f"its changes are recorded. End that first: `projector feed end {projection} "
                f"--generation {generation}`.",
            )
        ours, shared = await _declared(connection, projection, generation)
        tables = [table for name in ours for table in await _there(connection, name)]
        found = Dropped(
            projection=projection,
            generation=generation,
            position=Position(positions[generation]),
            tables=tuple(tables),
            shared=shared,
            set_aside=await connection.fetchval(_SET_ASIDE, projection, generation),
            dropped=not rehearse,
        )
        await _drop_tables(connection, found, view=active)
        await _forget(connection, found, active=active)
        await (transaction.rollback() if rehearse else transaction.commit())
    return found


def _check_last(
    projection: str, generation: int, positions: Iterable[int], *, even_if_active: bool
) -> None:
    others = sorted(set(positions) - {generation})
    if others:
        raise GenerationInUse(
            projection,
            generation,
            "it is the one that is read. Switch to another one first (`projector switch "
            f"--generation N`); there is {', '.join(map(str, others))}.",
        )
    if not even_if_active:
        raise GenerationInUse(
            projection,
            generation,
            "it is the one that is read, and the only one. To end the projection for good, say "
            "--even-if-active.",
        )


async def _locked(connection: Driver, projection: str) -> dict[int, int]:
    """Keep every checkpoint of a projection where it is; return where that is, by generation."""
    if not await connection.fetchval(_SCHEMA_EXISTS):
        return {}
    rows = await connection.fetch(_CHECKPOINTS, projection)
    return {row["generation"]: row["position"] for row in rows}


async def _exists(connection: Driver, table: str) -> bool:
    """Whether a table of the projector's is there: some are made when they are first needed."""
    found: bool = await connection.fetchval(
        "SELECT to_regclass($1) IS NOT NULL", f"{SCHEMA}.{table}"
    )
    return found


async def _declared(
    connection: Driver, projection: str, generation: int
) -> tuple[list[str], tuple[str, ...]]:
    """Return the tables that only this generation declares, and those that others declare too."""
    mine: set[str] = set()
    others: set[str] = set()
    for ours, declaration in await connection.fetch(_DECLARED, projection, generation):
        (mine if ours else others).update(msgspec.json.decode(declaration, type=Declaration))
    return sorted(mine - others), tuple(sorted(mine & others))


async def _there(connection: Driver, name: str) -> list[str]:
    """Return the table of a name, quoted; none if somebody dropped it already."""
    rows = await connection.fetch(_THERE, name)
    if len(rows) > 1:
        raise AssertionError(f"{name} is the name of {len(rows)} tables")
    return [f"{_prepare.quote(row['schema'])}.{_prepare.quote(row['table'])}" for row in rows]


async def _drop_tables(connection: Driver, found: Dropped, *, view: bool) -> None:
    try:
        if view:
            shown = _prepare.quote(found.projection)
            await connection.execute(f"DROP VIEW IF EXISTS {DOCUMENTS}.{shown}")
        if found.tables:
            await connection.execute(f"DROP TABLE {', '.join(found.tables)}")
    except asyncpg.DependentObjectsStillExistError as error:
        raise GenerationInUse(
            found.projection,
            found.generation,
            f"{error}: {error.detail}. Drop what depends on it first.",
        ) from error


async def _forget(connection: Driver, found: Dropped, *, active: bool) -> None:
    for table in (*_KEPT_OF_IT, *(["active_generations"] if active else [])):
        if await _exists(connection, table):
            await connection.execute(
                f"DELETE FROM {SCHEMA}.{table} WHERE projection = $1 AND generation = $2",  # noqa: S608 - ours
                found.projection,
                found.generation,
            )


@asynccontextmanager
async def _connected(url: str, projection: str, timeout_seconds: float) -> AsyncIterator[Driver]:
    """Connect to the database until the end of the block; what is not committed then is undone."""
    settings: dict[str, Any] = {
        "application_name": f"projector drop {projection}",
        # Who reads the tables is not to wait behind us for longer than this.
        "lock_timeout": f"{max(1, int(timeout_seconds * 500))}ms",
    }
    connection: Driver | None = None
    try:
        connection = await asyncpg.connect(
            url,
            timeout=timeout_seconds,
            command_timeout=timeout_seconds,
            target_session_attrs=SessionAttribute.primary,
            server_settings=settings,
        )
        yield connection
    except DRIVER_ERRORS as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise ReadModelUnavailable(
            f"no answer from the read model at {server_of(url)}: {reason}"
        ) from error
    finally:
        if connection is not None:
            connection.terminate()

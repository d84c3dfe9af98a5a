"""Which building of a read model is the one to be read, and the switch from one to another.

Generations stand side by side, each with tables and a checkpoint of its own. One is active; the
first that is prepared becomes it. A switch is one transaction, and refused while the other one is
behind: nobody who reads the active generation ever sees it go back.

For documents there is a view, ``documents."NAME"``, onto the table of the active generation.
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.ext.asyncio import AsyncConnection

from projector.errors import GenerationBehind, GenerationSetAside, GenerationUnknown
from projector.postgres_tables import DOCUMENTS, active_generations, checkpoints, set_aside
from projector.projection import Projection

__all__ = ["active_generation", "adopt", "switch"]

_dialect: Final = PGDialect()  # type: ignore[no-untyped-call]


async def active_generation(connection: AsyncConnection, projection: str) -> int | None:
    """Return the generation to be read, null if none was ever prepared."""
    there = sa.select(sa.func.to_regclass(active_generations.fullname))
    if (await connection.execute(there)).scalar_one() is None:
        return None
    query = sa.select(active_generations.c.generation).filter_by(projection=projection)
    found: int | None = (await connection.execute(query)).scalar_one_or_none()
    return found


async def adopt(connection: AsyncConnection, projection: Projection) -> None:
    """Make a generation the active one if there is none yet, within a transaction."""
    first = insert(active_generations).values(_key(projection)).on_conflict_do_nothing()
    if (await connection.execute(first)).rowcount:
        await _show(connection, projection)


async def switch(
    connection: AsyncConnection, projection: Projection, *, even_if_behind: bool = False
) -> int:
    """Make a generation the active one, within a transaction; return which was it before.

    Raises:
        GenerationUnknown: it was never prepared.
        GenerationBehind: it has not applied all that the active one has.
        GenerationSetAside: it has parked more than the active one.
    """
    name = projection.name
    active = await active_generation(connection, name)
    if active is None:
        raise GenerationUnknown(name, projection.generation, [])
    # Both checkpoints stay where they are until this is committed.
    query = (
        sa.select(checkpoints.c.generation, checkpoints.c.position)
        .filter_by(projection=name)
        .order_by(checkpoints.c.generation)
        .with_for_update()
    )
    rows = await connection.execute(query)
    positions: dict[int, int] = {row.generation: row.position for row in rows}
    if projection.generation not in positions:
        raise GenerationUnknown(name, projection.generation, sorted(positions))
    position = positions[projection.generation]
    if position < positions[active] and not even_if_behind:
        raise GenerationBehind(name, projection.generation, position, active, positions[active])
    waiting = await _waiting(connection, name)
    lacks = waiting.get(projection.generation, 0)
    if lacks > waiting.get(active, 0) and not even_if_behind:
        raise GenerationSetAside(name, projection.generation, lacks)
    await connection.execute(
        sa.update(active_generations)
        .filter_by(projection=name)
        .values(generation=projection.generation, switched_at=sa.func.now())
    )
    await _show(connection, projection)
    return active


async def _waiting(connection: AsyncConnection, projection: str) -> dict[int, int]:
    """Count by generation what is parked and held; it stays, as the checkpoints are locked."""
    query = (
        sa.select(set_aside.c.generation, sa.func.count().label("waiting"))
        .filter_by(projection=projection)
        .where(set_aside.c.state != "skipped")
        .group_by(set_aside.c.generation)
    )
    return {row.generation: row.waiting for row in await connection.execute(query)}


async def _show(connection: AsyncConnection, projection: Projection) -> None:
    """Point the view of documents to the active generation's table."""
    table: Any = getattr(projection, "table", None)
    if not isinstance(table, sa.Table) or table.schema != DOCUMENTS:
        return  # it keeps tables of its own, and says itself where it is read
    prepare = _dialect.identifier_preparer
    view = f"{DOCUMENTS}.{prepare.quote(projection.name)}"
    columns = ", ".join(prepare.quote(column.name) for column in table.columns)
    statement = f"CREATE OR REPLACE VIEW {view} AS SELECT {columns} FROM "  # noqa: S608 - quoted
    await connection.execute(sa.text(statement + prepare.format_table(table)))


def _key(projection: Projection) -> dict[str, Any]:
    return {"projection": projection.name, "generation": projection.generation}

"""Holds a read model to its projection, and that to the tables that it was built with.

Tables never change under a read model: what was applied before would be missing in the new shape.
A changed projection is another generation, built beside the present one from the log, and switched
to. So when a generation is prepared, what its projection declares is compared with what it declared
the first time. Documents look the same whoever keeps them; so it is kept as well whose they are,
and two projections of one name do not go on behind one another's checkpoint. And a table that
somebody dropped is not quietly made again, empty, under a checkpoint that says it is full.
"""

from __future__ import annotations

from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.ext.asyncio import AsyncConnection

from projector.errors import AnotherProjection, TablesDiffer
from projector.postgres_tables import declared_tables, identities
from projector.projection import Projection, identity_of

__all__ = ["Declaration", "check_declared", "declaration", "difference"]

Declaration = dict[str, dict[str, str]]
"""Tables by name; columns by name, each with its type and what else matters."""

_dialect: Final = PGDialect()  # type: ignore[no-untyped-call]


async def check_declared(connection: AsyncConnection, projection: Projection, applied: int) -> None:
    """Compare, and keep whose it is and what is declared the first time, before tables are made.

    Args:
        connection: In the transaction that prepares the projection.
        projection: What declares tables.
        applied: Its checkpoint's position.

    Raises:
        AnotherProjection: the read model is of another one.
        TablesDiffer: it declares something else than before, or a table is gone.
    """
    key = {"projection": projection.name, "generation": projection.generation}
    own = identity_of(projection)
    mine = insert(identities).values(**key, identity=own).on_conflict_do_nothing()
    await connection.execute(mine)
    owner = sa.select(identities.c.identity).filter_by(**key)
    kept_by = (await connection.execute(owner)).scalar_one()
    if kept_by != own:
        raise AnotherProjection(projection.name, projection.generation, kept_by, own)
    now = declaration(projection.tables)
    first = insert(declared_tables).values(**key, declaration=msgspec.json.encode(now).decode())
    await connection.execute(first.on_conflict_do_nothing())
    query = sa.select(declared_tables.c.declaration).filter_by(**key)
    kept = (await connection.execute(query)).scalar_one()
    before = msgspec.json.decode(kept, type=Declaration)
    if before != now:
        raise TablesDiffer(projection.name, projection.generation, difference(before, now))
    if applied:
        there = await connection.run_sync(lambda sync: _tables_there(sync, projection.tables))
        for name in sorted(set(now) - there):
            raise TablesDiffer(
                projection.name,
                projection.generation,
                f"its table {name} is gone, though events up to position {applied} are applied",
            )


def declaration(tables: sa.MetaData) -> Declaration:
    """Describe tables, so that a change shows whatever the version of SQLAlchemy."""
    return {
        table.fullname: {column.name: _described(column) for column in table.columns}
        for table in tables.sorted_tables
    }


def difference(before: Declaration, now: Declaration) -> str:
    """Say the first thing that differs."""
    for table in sorted({*before, *now}):
        if table not in before:
            return f"table {table} is new"
        if table not in now:
            return f"table {table} is not declared any more"
        was, columns = before[table], now[table]
        for column in sorted({*was, *columns}):
            if column not in was:
                return f"column {table}.{column} is new"
            if column not in columns:
                return f"column {table}.{column} is not declared any more"
            if was[column] != columns[column]:
                return f"column {table}.{column} was {was[column]} and is {columns[column]}"
    return "nothing"


def _described(column: sa.Column[object]) -> str:
    kind = column.type.compile(dialect=_dialect)
    if column.primary_key:
        return f"{kind} primary key"
    return kind if column.nullable else f"{kind} not null"


def _tables_there(connection: sa.Connection, tables: sa.MetaData) -> set[str]:
    inspector = sa.inspect(connection)
    return {
        table.fullname
        for table in tables.sorted_tables
        if inspector.has_table(table.name, schema=table.schema)
    }

"""``projector switch``: make another generation of a read model the one to be read."""

from __future__ import annotations

import sys
from typing import Annotated

import msgspec
from cyclopts import Parameter

from projector import config
from projector.cli.options import (
    DatabaseUrl,
    Generation,
    Json,
    ProjectionName,
    load,
    print_json,
)
from projector.postgres import PostgresReadModel
from projector.postgres_generations import switch as switch_generation

__all__ = ["Switched", "switch", "switch_to"]


class Switched(msgspec.Struct, frozen=True, kw_only=True):
    """Which generation is the one to be read, and which it was ``before``."""

    projection: str
    generation: int
    before: int


async def switch(
    projection: ProjectionName,
    /,
    *,
    generation: Generation = None,
    database_url: DatabaseUrl = None,
    even_if_behind: Annotated[
        bool,
        Parameter(
            negative="", help="Roll back to a generation that is behind: readers see it go back."
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Switch in one transaction; refused while the generation is behind the active one."""
    loaded = load(projection, generation)
    database = config.database_url(database_url)
    async with PostgresReadModel.open(database, loaded) as model:
        before = await switch_to(model, even_if_behind=even_if_behind)
    done = Switched(projection=loaded.name, generation=loaded.generation, before=before)
    if json:
        print_json(done)
    else:
        sys.stdout.write(
            f"{done.projection}: generation {done.generation} is active, before it {before}\n"
        )


async def switch_to(model: PostgresReadModel, *, even_if_behind: bool = False) -> int:
    """Make the model's generation the active one; return which was it before.

    Raises:
        GenerationUnknown, GenerationBehind, GenerationSetAside: it is refused.
        ReadModelUnavailable: no answer came.
    """
    async with model.transaction() as connection:
        return await switch_generation(connection, model.projection, even_if_behind=even_if_behind)

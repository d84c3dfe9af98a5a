"""``projector drop``: end a generation of a read model that nobody wants any more."""

from __future__ import annotations

import sys
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from eventstore.postgres.lease import PostgresLease, holder_of
from projector import config
from projector.cli.options import (
    DatabaseUrl,
    Json,
    ProjectionOrName,
    generation_lease,
    name_of,
    print_json,
)
from projector.errors import GenerationInUse
from projector.postgres_dropping import Dropped
from projector.postgres_dropping import drop as drop_generation

__all__ = ["drop"]


async def drop(
    projection: ProjectionOrName,
    /,
    *,
    generation: Annotated[
        int,
        Parameter(help="Which building of the read model.", validator=Number(gte=1)),
    ],
    database_url: DatabaseUrl = None,
    even_if_active: Annotated[
        bool,
        Parameter(negative="", help="Drop the one that is read, if it is the only one."),
    ] = False,
    yes: Annotated[
        bool, Parameter(negative="", help="Do it; without, it is only said what would go.")
    ] = False,
    json: Json = False,
) -> None:
    """Drop a generation: its tables, its checkpoint, and what was parked, held or skipped.

    Refused (exit 3) for the one that is read, for one that a projector or a rebuild keeps, whose
    changes are recorded, or whose tables something else depends on. The projection itself is not
    loaded. The log can build what was dropped again.
    """
    name = name_of(projection)
    database = config.database_url(database_url)
    lease_name = generation_lease(name, generation)
    async with PostgresLease.connect(database, lease_name) as lease:
        if not await lease.try_acquire():
            holder = await holder_of(database, lease_name)
            who = f"{holder.name} " if holder is not None and holder.name else ""
            raise GenerationInUse(
                name,
                generation,
                f"a projector or a rebuild {who}keeps it. Stop that one, and any that stands by.",
            )
        done = await drop_generation(
            database, name, generation, even_if_active=even_if_active, rehearse=not yes
        )
    if json:
        print_json(done)
    else:
        sys.stdout.write(_text(done))


def _text(done: Dropped) -> str:
    verb = "dropped" if done.dropped else "would drop"
    lines = [f"{verb} generation {done.generation} of {done.projection}"]
    lines += [f"  table {table}" for table in done.tables]
    lines.append(f"  checkpoint {done.position:,}, {done.set_aside:,} events set aside")
    lines += [f"left {table}: something else declares it too" for table in done.shared]
    if not done.dropped:
        lines.append("nothing was done: --yes does it")
    return "\n".join(lines) + "\n"

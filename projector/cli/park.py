"""``projector park``: the events that a projection has set aside, and why."""

from __future__ import annotations

import sys
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from eventstore.cli.tables import print_table
from eventstore.stream import Position
from projector import config
from projector.cli.exits import Exit
from projector.cli.options import (
    ActiveGeneration,
    DatabaseUrl,
    Json,
    ProjectionOrName,
    name_of,
    print_json,
)
from projector.errors import GenerationUnknown, NotSetAside
from projector.parking import Aside, AsideState
from projector.postgres_progress import PostgresProgress

__all__ = ["generation_of", "park"]

_COLUMNS = ("position", "attempts", "state", "order key", "type", "error")


async def park(
    projection: ProjectionOrName,
    /,
    *,
    generation: ActiveGeneration = None,
    database_url: DatabaseUrl = None,
    show: Annotated[
        int | None,
        Parameter(help="Show the event at this position, with its traceback."),
    ] = None,
    limit: Annotated[
        int, Parameter(help="How many to list at most, the oldest first.", validator=Number(gte=1))
    ] = 1000,
    json: Json = False,
) -> Exit:
    """List the events that are parked, held or skipped, or show one.

    Exit 4 if any is parked or held. `projector replay` applies them, `projector skip` leaves one
    out for good.
    """
    name = name_of(projection)
    async with PostgresProgress.open(config.database_url(database_url)) as progress:
        number = await generation_of(progress, name, generation)
        after = Position(0 if show is None else show - 1)
        until = None if show is None else Position(show)
        found = await progress.set_aside(name, number, after=after, until=until, limit=limit)
    if show is not None and not found:
        raise NotSetAside(
            f"projection {name!r}, generation {number}: nothing is set aside at position {show}."
        )
    if json:
        print_json(found if show is None else found[0])
    elif show is not None:
        sys.stdout.write(_text(found[0]))
    else:
        print_table(_COLUMNS, [_cells(one) for one in found], numbers=2, nothing="none")
    waiting = any(one.state is not AsideState.SKIPPED for one in found)
    return Exit.INCOMPLETE if waiting else Exit.OK


async def generation_of(progress: PostgresProgress, name: str, given: int | None) -> int:
    """Return the generation that is meant: the given one, else the active one.

    Raises:
        GenerationUnknown: it was never prepared.
    """
    states = await progress.states(name)
    for one in states:
        if one.active if given is None else one.generation == given:
            return one.generation
    raise GenerationUnknown(name, given or 1, [one.generation for one in states])


def _cells(one: Aside) -> tuple[str, ...]:
    error = "" if one.error_type is None else f"{one.error_type}: {one.error}"
    return (
        f"{one.position:,}",
        str(one.attempts),
        one.state,
        one.order_key,
        one.event_type,
        error.partition("\n")[0],
    )


def _text(one: Aside) -> str:
    return (
        f"position     {one.position:,}\n"
        f"state        {one.state}, since {one.since:%Y-%m-%d %H:%M:%S}\n"
        f"event        {one.event_id}, {one.event_type} in {one.stream}\n"
        f"order key    {one.order_key}\n"
        f"attempts     {one.attempts}\n"
        f"error        {one.error_type or 'never tried'}{f': {one.error}' if one.error else ''}\n"
        f"{one.traceback or ''}"
    )

"""``projector lag``: how far every read model of a database is behind the log."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from eventstore.cli.tables import print_table
from projector.cli.exits import Exit
from projector.cli.measuring import exit_for, measuring, seconds_text
from projector.cli.options import (
    DatabaseUrl,
    Json,
    NatsUrl,
    ProjectionOrName,
    StoreUrl,
    name_of,
    print_json,
)
from projector.errors import GenerationUnknown
from projector.lag import Lag

__all__ = ["COLUMNS", "cells", "lag"]

COLUMNS = ("position", "lag", "behind by", "parked", "held", "projection", "state")


async def lag(
    projection: ProjectionOrName | None = None,
    /,
    *,
    database_url: DatabaseUrl = None,
    nats_url: NatsUrl = None,
    store_url: StoreUrl = None,
    timeout_seconds: Annotated[
        float, Parameter(name="--timeout", help="How many seconds to wait for each answer.")
    ] = 5.0,
    json: Json = False,
) -> Exit:
    """Say how far each read model is behind the log, in events and seconds; of one, or of all.

    Parked and held events count, and so does what the stream lost: 0 means that the read model
    holds the whole log, but for what was skipped. Exit 4 if events are parked or held or a
    projection has halted, 1 if the log went back or has a hole.
    """
    name = None if projection is None else name_of(projection)
    async with measuring(
        name,
        database_url=database_url,
        nats_url=nats_url,
        store_url=store_url,
        timeout_seconds=timeout_seconds,
    ) as ask:
        measured = await ask()
    if name is not None and not measured:
        raise GenerationUnknown(name, 1, [])
    if json:
        print_json(measured)
    else:
        print_table(
            COLUMNS, [cells(one) for one in measured], numbers=5, nothing="no read model is here"
        )
    return exit_for(measured)


def cells(one: Lag) -> tuple[str, ...]:
    """The cells of a read model, for `COLUMNS`; the active generation has a star."""
    skipped = f", {one.skipped:,} skipped" if one.skipped else ""
    error = "" if one.last_error is None else f": {one.last_error}"
    return (
        f"{one.checkpoint:,}",
        "?" if one.lag is None else f"{one.lag:,}",
        seconds_text(one.lag_seconds),
        f"{one.parked:,}",
        f"{one.held:,}",
        f"{one.projection} {one.generation}{'*' if one.active else ''}",
        f"{one.state}{skipped}{error}".partition("\n")[0],
    )

"""``projector status``: how far a projection is, measured against the log itself."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

from cyclopts import Parameter

from projector.cli.exits import Exit
from projector.cli.measuring import exit_for, measuring, seconds_text
from projector.cli.options import (
    ActiveGeneration,
    DatabaseUrl,
    Json,
    NatsUrl,
    ProjectionOrName,
    StoreUrl,
    WithoutStore,
    name_of,
    print_json,
)
from projector.errors import GenerationUnknown
from projector.lag import Lag

__all__ = ["status"]


async def status(
    projection: ProjectionOrName,
    /,
    *,
    generation: ActiveGeneration = None,
    database_url: DatabaseUrl = None,
    nats_url: NatsUrl = None,
    store_url: StoreUrl = None,
    without_store: WithoutStore = False,
    timeout_seconds: Annotated[
        float,
        Parameter(name="--timeout", help="How many seconds to wait for each answer."),
    ] = 5.0,
    json: Json = False,
) -> Exit:
    """Say how far a projection is, and what it lacks.

    Exit 4 if events are parked or held or it has halted, 1 if the log went back or has a hole, 5 if
    a server cannot be asked.
    """
    name = name_of(projection)
    async with measuring(
        name,
        database_url=database_url,
        nats_url=nats_url,
        store_url=store_url,
        without_store=without_store,
        timeout_seconds=timeout_seconds,
    ) as ask:
        measured = await ask()
    found = [
        one
        for one in measured
        if (one.active if generation is None else one.generation == generation)
    ]
    if not found:
        raise GenerationUnknown(name, generation or 1, [one.generation for one in measured])
    (lag,) = found
    if json:
        print_json(lag)
    else:
        sys.stdout.write(_text(lag, measured))
    return exit_for(found)


def _text(found: Lag, generations: Sequence[Lag]) -> str:
    active = "active" if found.active else "not active"
    head = "not asked" if found.head is None else f"{found.head:,}"
    lag = (
        "unknown"
        if found.lag is None
        else f"{found.lag:,} events, {seconds_text(found.lag_seconds)}"
    )
    lines = [
        f"{found.projection}, generation {found.generation} ({active}): {found.state}",
        f"checkpoint       {found.checkpoint:,}",
        f"log head         {head}",
        f"lag              {lag}",
        f"stream           to {found.last_sequence:,}, {found.stream_holes:,} holes",
        f"set aside        {found.parked:,} parked, {found.held:,} held, {found.skipped:,} skipped",
    ]
    if len(generations) > 1:
        lines.append(f"generations      {', '.join(map(_generation, generations))}")
    if found.hole is not None:
        lines.append(f"hole             position {found.hole:,} is not in the log")
    if found.halted_at is not None:
        lines.append(f"halted at        {found.halted_at:,}")
    if found.last_error is not None:
        lines.append(f"last error       {found.last_error}")
    return "\n".join(lines) + "\n"


def _generation(one: Lag) -> str:
    return f"{one.generation}{'*' if one.active else ''} {one.state} at {one.checkpoint:,}"

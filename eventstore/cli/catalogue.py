"""``eventstore streams`` and ``eventstore stats``: what is in the log, and how large it is."""

from __future__ import annotations

import sys
from contextlib import AbstractAsyncContextManager
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number
from rich.filesize import decimal

from eventstore.cli.options import DatabaseUrl, Json, LogName, TimeoutSeconds, print_json
from eventstore.cli.tables import print_table
from eventstore.config import database_url as database_url_of
from eventstore.config import log_name as log_name_of
from eventstore.postgres.catalogue import Amount, Catalogue, Statistics

__all__ = ["stats", "streams"]


async def streams(
    *,
    category: Annotated[str | None, Parameter(help="Only streams of this category.")] = None,
    after: Annotated[str, Parameter(help="Begin after this name.")] = "",
    limit: Annotated[
        int, Parameter(help="List at most this many.", validator=Number(gte=1))
    ] = 1000,
    json: Json = False,
    timeout_seconds: TimeoutSeconds = 10.0,
    log_name: LogName = None,
    database_url: DatabaseUrl = None,
) -> None:
    """List streams by name, with their version and their last event."""
    async with _catalogue(database_url, log_name, timeout_seconds) as catalogue:
        found = await catalogue.streams(after=after, category=category, limit=limit)
    if not json and sys.stdout.isatty():
        rows = [
            (
                str(stream.version),
                str(stream.position),
                f"{stream.recorded_at:%Y-%m-%d %H:%M:%S}",
                stream.stream,
            )
            for stream in found
        ]
        columns = ("version", "position", "last event", "stream")
        print_table(columns, rows, numbers=2, nothing="no streams")
    else:
        for stream in found:
            print_json(stream)
    if len(found) == limit:
        last = found[-1].stream
        sys.stderr.write(f"the limit is reached: for more, go on with --after {last}\n")


async def stats(
    *,
    most: Annotated[
        int,
        Parameter(
            help="How many categories and types to list, the most frequent first.",
            validator=Number(gte=1),
        ),
    ] = 10,
    json: Json = False,
    timeout_seconds: TimeoutSeconds = 60.0,
    log_name: LogName = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Count events, streams, categories and types, and say how much room they take."""
    async with _catalogue(database_url, log_name, timeout_seconds) as catalogue:
        found = await catalogue.statistics(most=most)
    if json or not sys.stdout.isatty():
        print_json(found)
    else:
        sys.stdout.write(_text(found))


def _catalogue(
    database_url: str | None, log_name: str | None, timeout_seconds: float
) -> AbstractAsyncContextManager[Catalogue]:
    return Catalogue.open(
        database_url_of(database_url),
        log=log_name_of(log_name),
        timeout_seconds=timeout_seconds,
    )


def _text(found: Statistics) -> str:
    size = found.table_bytes + found.index_bytes
    each = f", {size / found.events:,.0f} bytes an event" if found.events else ""
    lines = [
        f"events      {found.events:,}",
        f"streams     {found.streams:,}",
        f"commits     {found.commits:,}",
        f"tags        {found.tags:,}",
        f"on disk     {decimal(size)}{each} (indexes {decimal(found.index_bytes)})",
    ]
    if found.first_recorded_at and found.last_recorded_at:
        first, last = found.first_recorded_at, found.last_recorded_at
        lines.append(f"recorded    {first:%Y-%m-%d %H:%M:%S} to {last:%Y-%m-%d %H:%M:%S} UTC")
    for title, amounts in (("categories", found.categories), ("types", found.types)):
        lines += [title, *_amounts(amounts)]
    return "\n".join(lines) + "\n"


def _amounts(amounts: list[Amount]) -> list[str]:
    return [f"{amount.events:>12,}  {amount.name}" for amount in amounts]

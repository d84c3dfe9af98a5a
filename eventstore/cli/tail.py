"""``eventstore tail``: the end of the log, and with ``-f`` whatever comes.

Who follows wants to go on when the server comes back: each event is printed once, since a position
says what was.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from random import Random
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from eventstore.backoff import Backoff
from eventstore.cli.options import (
    Categories,
    DatabaseUrl,
    Json,
    LogName,
    Tags,
    TimeoutSeconds,
    Types,
    open_store,
    print_json,
    selection,
)
from eventstore.cli.tables import event_cells
from eventstore.errors import (
    ArchiveDamaged,
    ArchiveMissing,
    ReadFailed,
    StoreUnavailable,
)
from eventstore.event import RecordedEvent
from eventstore.query import Query
from eventstore.store import READ_LIMIT_MAX, EventStore
from eventstore.stream import Position

__all__ = ["tail"]


async def tail(
    *,
    follow: Annotated[
        bool,
        Parameter(
            name=["--follow", "-f"],
            negative="",
            help="Go on with what is appended, until it is interrupted.",
        ),
    ] = False,
    lines: Annotated[
        int,
        Parameter(
            name=["--lines", "-n"],
            help="How many of the last events to print first.",
            validator=Number(gte=0, lte=READ_LIMIT_MAX),
        ),
    ] = 10,
    after: Annotated[
        int | None,
        Parameter(
            help="Begin after this position instead, such as the last one that was printed.",
            validator=Number(gte=0),
        ),
    ] = None,
    category: Categories = (),
    event_type: Types = (),
    tag: Tags = (),
    json: Json = False,
    timeout_seconds: TimeoutSeconds = 10.0,
    log_name: LogName = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Print the last events of the log, oldest first; with -f also each that comes, once."""
    query = selection(category, event_type, tag)
    as_lines = not json and sys.stdout.isatty()

    def show(event: RecordedEvent) -> None:
        if as_lines:
            print("  ".join(event_cells(event)))
        else:
            print_json(event)

    async with open_store(database_url, log_name, timeout_seconds, connections=2) as store:
        position = Position(after) if after is not None else await store.head()
        if after is None and lines:
            last = await store.read_log_backwards(
                before=Position(position + 1), limit=lines, query=query
            )
            for event in reversed(last):
                show(event)
        if after is None and not follow:
            return
        if follow:
            await _follow(store, position, query, show)
            return
        async for delivery in store.subscribe(after=position, query=query):
            for event in delivery.events:
                show(event)
            if delivery.caught_up:
                return


async def _follow(
    store: EventStore,
    position: Position,
    query: Query | None,
    show: Callable[[RecordedEvent], None],
) -> None:
    """Show what comes after a position, until it is cancelled, whatever becomes of the server."""
    waits = Backoff(first=0.2, limit=5.0, random=Random())  # noqa: S311
    lost = False
    while True:
        try:
            async for delivery in store.subscribe(after=position, query=query):
                for event in delivery.events:
                    show(event)
                sys.stdout.flush()
                position, lost = delivery.position, False
                waits.reset()
        except (ArchiveDamaged, ArchiveMissing):
            raise
        except (ReadFailed, StoreUnavailable) as error:
            if not lost:
                sys.stderr.write(
                    f"eventstore: {error}\nIt goes on after position {position} when the server "
                    "answers.\n"
                )
                sys.stderr.flush()
            lost = True
            await asyncio.sleep(waits.next())

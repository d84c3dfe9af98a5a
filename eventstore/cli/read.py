"""``eventstore read`` and ``eventstore head``: a table on a terminal, JSON lines otherwise."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from eventstore import reading
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
from eventstore.cli.tables import EVENT_COLUMNS, event_cells, print_table
from eventstore.errors import ConfigError
from eventstore.event import RecordedEvent
from eventstore.query import Query
from eventstore.store import EventStore
from eventstore.stream import Position, StreamName, StreamVersion, stream_name

__all__ = ["head", "read"]

After = Annotated[
    int | None,
    Parameter(
        help="Begin after this version, or with --log after this position.",
        validator=Number(gte=0),
    ),
]

Before = Annotated[
    int | None,
    Parameter(
        help="With --backwards: begin before this version or position; at the end, without.",
        validator=Number(gte=0),
    ),
]

Until = Annotated[
    int | None,
    Parameter(help="Read as the log was when it was at this position.", validator=Number(gte=0)),
]


async def read(
    stream: Annotated[str | None, Parameter(help="The stream to read.")] = None,
    /,
    *,
    log: Annotated[
        bool, Parameter(negative="", help="Read the whole log instead of a stream.")
    ] = False,
    category: Categories = (),
    event_type: Types = (),
    tag: Tags = (),
    after: After = None,
    before: Before = None,
    until: Until = None,
    backwards: Annotated[bool, Parameter(negative="", help="Read the last event first.")] = False,
    limit: Annotated[
        int, Parameter(help="Read at most this many events.", validator=Number(gte=1))
    ] = 1000,
    json: Json = False,
    timeout_seconds: TimeoutSeconds = 10.0,
    log_name: LogName = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Read a stream, the whole log, or what categories, types and tags select of it."""
    query = selection(category, event_type, tag)
    whole = log or query is not None
    if (stream is None) == (not whole):
        raise ConfigError(
            "name a stream, or pass --log to read the whole log, "
            "or --category, --type, --tag to read what they select."
        )
    if (after is not None and backwards) or (before is not None and not backwards):
        raise ConfigError("--after is where to begin forwards, --before with --backwards.")
    name = None if stream is None else stream_name(stream)
    rows: list[tuple[str, ...]] = []
    as_table = not json and sys.stdout.isatty()
    count, last = 0, 0
    bound = before if backwards else after
    async with open_store(database_url, log_name, timeout_seconds) as store:
        events = (
            _log(store, query, bound, until, min(limit, reading.PAGE_SIZE), backwards=backwards)
            if name is None
            else _stream(
                store, name, bound, until, min(limit, reading.PAGE_SIZE), backwards=backwards
            )
        )
        async for event in events:
            if as_table:
                rows.append(event_cells(event))
            else:
                print_json(event)
            count += 1
            last = event.position if name is None else event.version
            if count == limit:
                break
    if as_table:
        print_table(EVENT_COLUMNS, rows, numbers=2, nothing="no events")
    if count == limit:
        option = "--before" if backwards else "--after"
        sys.stderr.write(f"the limit is reached: for more, go on with {option} {last}\n")


async def head(
    *,
    json: Json = False,
    timeout_seconds: TimeoutSeconds = 10.0,
    log_name: LogName = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Print the position of the last event in the log, 0 if it is empty."""
    async with open_store(database_url, log_name, timeout_seconds) as store:
        position = await store.head()
    print_json({"head": position} if json else position)


def _log(
    store: EventStore,
    query: Query | None,
    bound: int | None,
    until: int | None,
    page: int,
    *,
    backwards: bool,
) -> AsyncIterator[RecordedEvent]:
    if not backwards:
        end = None if until is None else Position(until)
        return reading.log(
            store, after=Position(bound or 0), query=query, until=end, page_size=page
        )
    places = [place for place in (bound, None if until is None else until + 1) if place is not None]
    before = Position(min(places)) if places else None
    return reading.log_backwards(store, before=before, query=query, page_size=page)


def _stream(
    store: EventStore,
    name: StreamName,
    bound: int | None,
    until: int | None,
    page: int,
    *,
    backwards: bool,
) -> AsyncIterator[RecordedEvent]:
    end = None if until is None else Position(until)
    if not backwards:
        return reading.stream(
            store, name, after=StreamVersion(bound or 0), until=end, page_size=page
        )
    before = None if bound is None else StreamVersion(bound)
    return reading.stream_backwards(store, name, before=before, until=end, page_size=page)

"""``eventstore read`` and ``eventstore head``: a table on a terminal, JSON lines otherwise."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from typing import Annotated, Final, Literal

import msgspec
from cyclopts import Parameter
from cyclopts.validators import Number
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from eventstore import connect
from eventstore.cli.options import DatabaseUrl, Json, TimeoutSeconds, print_json
from eventstore.config import database_url as database_url_of
from eventstore.errors import ConfigError
from eventstore.event import RecordedEvent
from eventstore.store import EventStore
from eventstore.stream import Position, StreamName, StreamVersion, stream_name

__all__ = ["head", "read"]

_PAGE: Final = 1000
_GAP: Final = 2
_NUMBERS: Final = 2
_DATA_WIDTH: Final = 20


async def read(
    stream: Annotated[str | None, Parameter(help="The stream to read.")] = None,
    /,
    *,
    log: Annotated[
        bool, Parameter(negative="", help="Read the whole log instead of a stream.")
    ] = False,
    after: Annotated[
        int,
        Parameter(
            help="Begin after this version, or with --log after this position.",
            validator=Number(gte=0),
        ),
    ] = 0,
    limit: Annotated[
        int, Parameter(help="Read at most this many events.", validator=Number(gte=1))
    ] = 1000,
    json: Json = False,
    timeout_seconds: TimeoutSeconds = 10.0,
    database_url: DatabaseUrl = None,
) -> None:
    """Read a stream, or the whole log, forwards."""
    if (stream is None) == (not log):
        raise ConfigError("name a stream, or pass --log to read the whole log.")
    name = None if stream is None else stream_name(stream)
    rows: list[tuple[str, ...]] = []
    as_table = not json and sys.stdout.isatty()
    count, last = 0, after
    async with connect(
        database_url_of(database_url), pool_size=1, timeout_seconds=timeout_seconds
    ) as store:
        async for event in _events(store, name, after, limit):
            if as_table:
                rows.append(_cells(event))
            else:
                print_json(event)
            count += 1
            last = event.position if log else event.version
    if as_table:
        _print_table(rows)
    if count == limit:
        sys.stderr.write(f"the limit is reached: for more, go on with --after {last}\n")


async def head(
    *,
    json: Json = False,
    timeout_seconds: TimeoutSeconds = 10.0,
    database_url: DatabaseUrl = None,
) -> None:
    """Print the position of the last event in the log, 0 if it is empty."""
    async with connect(
        database_url_of(database_url), pool_size=1, timeout_seconds=timeout_seconds
    ) as store:
        position = await store.head()
    print_json({"head": position} if json else position)


async def _events(
    store: EventStore, stream: StreamName | None, after: int, limit: int
) -> AsyncIterator[RecordedEvent]:
    """Read page by page, so that a large read needs little memory."""
    while limit > 0:
        wanted = min(limit, _PAGE)
        if stream is None:
            page = await store.read_log(after=Position(after), limit=wanted)
        else:
            page = await store.read_stream(stream, after=StreamVersion(after), limit=wanted)
        for event in page:
            yield event
        if len(page) < wanted:
            return
        limit -= wanted
        after = page[-1].position if stream is None else page[-1].version


def _cells(event: RecordedEvent) -> tuple[str, ...]:
    return (
        str(event.position),
        str(event.version),
        f"{event.recorded_at:%Y-%m-%d %H:%M:%S}",
        event.stream,
        event.type,
        msgspec.json.encode(event.data).decode(),
    )


def _print_table(rows: list[tuple[str, ...]]) -> None:
    """Print events as a table; data gets the width that the other columns leave, and is cut."""
    console = Console(file=sys.stdout)
    if not rows:
        console.print("no events")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    left = console.width
    for index, header in enumerate(("position", "version", "recorded at", "stream", "type")):
        width = max(len(header), *(cell_len(row[index]) for row in rows))
        left -= width + _GAP
        justify: Literal["left", "right"] = "right" if index < _NUMBERS else "left"
        table.add_column(header, justify=justify, no_wrap=True, min_width=width)
    table.add_column("data", no_wrap=True, overflow="ellipsis", max_width=max(left, _DATA_WIDTH))
    for row in rows:
        # Text, since rich would take square brackets in a string for its own markup.
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)

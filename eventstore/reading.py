"""Reading more than a page: asynchronous iterators over the pages of a store.

Each holds a page at a time (the whole log: three, since two are on their way; of it, pages are also
bounded in bytes) and ends by itself;
`EventStore.subscribe` is the one that does not.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from itertools import islice
from typing import Final

from eventstore.errors import EventStoreError
from eventstore.event import RecordedEvent
from eventstore.query import Query
from eventstore.store import EventStore, LogPage
from eventstore.stream import Position, StreamName, StreamVersion

__all__ = ["log", "log_backwards", "stream", "stream_backwards"]

PAGE_SIZE = 1000

_AHEAD: Final = 2
"""How many pages are on their way while one is handed out: one is being made, one decoded."""


async def log(
    store: EventStore,
    *,
    after: Position = Position(0),
    query: Query | None = None,
    until: Position | None = None,
    page_size: int = PAGE_SIZE,
) -> AsyncGenerator[RecordedEvent, None]:
    """Iterate over the log as it is now (or was at ``until``), whatever is appended meanwhile.

    Without a query the pages after the first one are read ahead, two at a time: positions are
    dense, so where they begin and end is known. Who leaves before the end closes the iterator
    (`contextlib.aclosing`), else its reads go on for a moment.

    Raises:
        As `EventStore.read_log`.
    """
    if until is None:
        until = await store.head()
    while True:
        page = await store.read_log_page(after=after, limit=page_size, query=query, until=until)
        for event in page.events:
            yield event
        after = page.position
        if not page.more:
            return
        if query is None:
            async with aclosing(_pages_ahead(store, after, until, page_size)) as pages:
                async for page in pages:
                    for event in page.events:
                        yield event
                    after = page.position
        if after >= until:
            return


async def log_backwards(
    store: EventStore,
    *,
    before: Position | None = None,
    query: Query | None = None,
    page_size: int = PAGE_SIZE,
) -> AsyncIterator[RecordedEvent]:
    """Iterate over the log from its end, or from before a position, to its beginning.

    Raises:
        As `EventStore.read_log_backwards`.
    """
    while True:
        page = await store.read_log_backwards(before=before, limit=page_size, query=query)
        for event in page:
            yield event
        if len(page) < page_size:
            return
        before = page[-1].position


async def stream(
    store: EventStore,
    name: StreamName,
    *,
    after: StreamVersion = StreamVersion(0),
    until: Position | None = None,
    page_size: int = PAGE_SIZE,
) -> AsyncIterator[RecordedEvent]:
    """Iterate over a stream (as it was at ``until``) from its beginning to its end.

    Without ``until`` the end is where a page was not full: what is appended before that is part of
    it.

    Raises:
        As `EventStore.read_stream`.
    """
    while True:
        page = await store.read_stream(name, after=after, limit=page_size, until=until)
        for event in page:
            yield event
        if len(page) < page_size:
            return
        after = page[-1].version


async def stream_backwards(
    store: EventStore,
    name: StreamName,
    *,
    before: StreamVersion | None = None,
    until: Position | None = None,
    page_size: int = PAGE_SIZE,
) -> AsyncIterator[RecordedEvent]:
    """Iterate over a stream (as it was at ``until``) from its end to its beginning.

    Raises:
        As `EventStore.read_stream_backwards`.
    """
    while True:
        page = await store.read_stream_backwards(name, before=before, limit=page_size, until=until)
        for event in page:
            yield event
        if len(page) < page_size:
            return
        before = page[-1].version


async def _pages_ahead(
    store: EventStore, after: Position, until: Position, page_size: int
) -> AsyncGenerator[LogPage, None]:
    """Read pages of the log up to ``until``, or to one that lacks events, some of them ahead."""

    async def read(start: int, end: int) -> LogPage:
        return await store.read_log_page(
            after=Position(start), limit=page_size, until=Position(end)
        )

    starts = iter(range(after, until, page_size))
    under_way: deque[tuple[int, int, asyncio.Task[LogPage]]] = deque()

    def go_on() -> None:
        for start in islice(starts, _AHEAD - len(under_way)):
            end = min(start + page_size, until)
            under_way.append((start, end, asyncio.create_task(read(start, end))))

    try:
        go_on()
        while under_way:
            start, end, task = under_way.popleft()
            go_on()
            try:
                page = await task
            except EventStoreError:
                # Its time may have run out because the reader kept the event loop busy.
                page = await read(start, end)
            yield page
            lacking = end - start - len(page.events)
            while page.more:  # its events are large
                page = await read(page.position, end)
                yield page
                lacking -= len(page.events)
            if lacking:
                return
    finally:
        for *_, task in under_way:
            task.cancel()
        await asyncio.gather(*(task for *_, task in under_way), return_exceptions=True)

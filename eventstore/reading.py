"""Reading more than a page: asynchronous iterators over the pages of a store.

Each holds one page at a time and ends by itself; `EventStore.subscribe` is the one that does not.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from eventstore.event import RecordedEvent
from eventstore.query import Query
from eventstore.store import EventStore
from eventstore.stream import Position, StreamName, StreamVersion

__all__ = ["log", "log_backwards", "stream", "stream_backwards"]

PAGE_SIZE = 1000


async def log(
    store: EventStore,
    *,
    after: Position = Position(0),
    query: Query | None = None,
    until: Position | None = None,
    page_size: int = PAGE_SIZE,
) -> AsyncIterator[RecordedEvent]:
    """Iterate over the log as it is now (or was at ``until``), whatever is appended meanwhile.

    Raises:
        As `EventStore.read_log`.
    """
    if until is None:
        until = await store.head()
    while True:
        page = await store.read_log(after=after, limit=page_size, query=query, until=until)
        for event in page:
            yield event
        if len(page) < page_size:
            return
        after = page[-1].position


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

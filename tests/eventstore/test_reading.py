"""Iterators over whole logs and streams, page by page."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import aclosing

import msgspec
import pytest

from eventstore import (
    ANY,
    PAGE_BYTES,
    Event,
    InvalidRequest,
    LogPage,
    Position,
    Query,
    ReadFailed,
    RecordedEvent,
    StreamVersion,
    reading,
    stream_name,
)
from eventstore.memory import MemoryEventStore
from tests.support.stores import events

ORDER = stream_name("order-1")
OTHER = stream_name("other-1")
ORDERS = Query.of(categories=("order",))
START = Position(0)


async def listed(read: AsyncIterator[RecordedEvent]) -> list[RecordedEvent]:
    return [event async for event in read]


@pytest.fixture
async def store() -> MemoryEventStore:
    store = MemoryEventStore()
    for stream in (ORDER, OTHER, ORDER, OTHER):
        await store.append(stream, events(6), expected=ANY)
    return store


@pytest.mark.parametrize("page_size", [1, 2, 4, 5, 6, 7, 12, 24, 25, 1000])
async def test_every_page_size_reads_the_same(store: MemoryEventStore, page_size: int) -> None:
    log = await store.read_log()
    orders = [event for event in log if event.stream == ORDER]
    assert await listed(reading.log(store, page_size=page_size)) == log
    assert await listed(reading.log_backwards(store, page_size=page_size)) == log[::-1]
    assert await listed(reading.log(store, query=ORDERS, page_size=page_size)) == orders
    backwards = reading.log_backwards(store, query=ORDERS, page_size=page_size)
    assert await listed(backwards) == orders[::-1]
    assert await listed(reading.stream(store, ORDER, page_size=page_size)) == orders
    backwards = reading.stream_backwards(store, ORDER, page_size=page_size)
    assert await listed(backwards) == orders[::-1]


async def test_from_somewhere_to_somewhere(store: MemoryEventStore) -> None:
    log = await store.read_log()
    until = Position(15)
    assert (
        await listed(reading.log(store, after=Position(3), until=until, page_size=4)) == log[3:15]
    )
    assert await listed(reading.log_backwards(store, before=until, page_size=4)) == log[13::-1]
    orders = [event for event in log if event.stream == ORDER and event.position <= until]
    after = StreamVersion(2)
    assert await listed(reading.stream(store, ORDER, after=after, until=until)) == orders[2:]
    backwards = reading.stream_backwards(store, ORDER, before=StreamVersion(8), until=until)
    assert await listed(backwards) == orders[6::-1]


async def test_the_log_is_read_as_it_was_when_the_reading_began(store: MemoryEventStore) -> None:
    read = []
    async for event in reading.log(store, page_size=5):
        read.append(event.position)
        await store.append(ORDER, events(1), expected=ANY)
    assert read == list(range(1, 25))


async def test_nothing(store: MemoryEventStore) -> None:
    assert await listed(reading.stream(store, stream_name("order-2"))) == []
    assert await listed(reading.log(MemoryEventStore())) == []
    assert await listed(reading.log_backwards(MemoryEventStore())) == []


class Watched(MemoryEventStore):
    """A store that says which reads are under way, and may fail them or lack a position."""

    def __init__(self) -> None:
        super().__init__()
        self.under_way: set[int] = set()
        self.most = 0
        self.begun: list[int] = []
        self.failing: Counter[int] = Counter()
        self.missing: Position | None = None

    async def read_log_page(
        self,
        *,
        after: Position = START,
        limit: int = 1000,
        query: Query | None = None,
        until: Position | None = None,
        bytes_max: int = PAGE_BYTES,
    ) -> LogPage:
        self.begun.append(after)
        self.under_way.add(after)
        self.most = max(self.most, len(self.under_way))
        try:
            await asyncio.sleep(0.001)
            if self.failing[after]:
                self.failing[after] -= 1
                raise ReadFailed("no answer")
            page = await super().read_log_page(
                after=after, limit=limit, query=query, until=until, bytes_max=bytes_max
            )
            left = [event for event in page.events if event.position != self.missing]
            return msgspec.structs.replace(page, events=left)
        finally:
            self.under_way.discard(after)


@pytest.fixture
async def watched() -> Watched:
    store = Watched()
    await store.append(ORDER, events(40), expected=ANY)
    return store


async def test_the_pages_of_the_log_are_read_ahead(watched: Watched) -> None:
    assert len(await listed(reading.log(watched, page_size=5))) == 40
    assert watched.begun == list(range(0, 40, 5))
    assert watched.most == 3
    watched.most = 0
    assert len(await listed(reading.log(watched, page_size=5, query=ORDERS))) == 40
    assert watched.most == 1, "where the pages of a query begin is not known beforehand"


async def test_pages_that_are_cut_are_read_to_their_end(store: MemoryEventStore) -> None:
    """Twenty events of a megabyte are more than a page, and the log goes on behind them."""
    for number in range(20):
        big = Event(type="big", data=f"{number} " + "x" * 900_000)
        await store.append(ORDER, [big], expected=ANY)
    await store.append(OTHER, events(6), expected=ANY)
    log = await store.read_log()
    for page_size in (1, 10, 30, 1000):
        assert await listed(reading.log(store, page_size=page_size)) == log
    assert await listed(reading.log(store, query=ORDERS)) == [
        event for event in log if event.stream == ORDER
    ]


async def test_a_page_that_failed_ahead_is_read_again(watched: Watched) -> None:
    watched.failing[10] = watched.failing[20] = 1
    assert len(await listed(reading.log(watched, page_size=5))) == 40
    watched.failing[20] = 2
    with pytest.raises(ReadFailed):
        await listed(reading.log(watched, page_size=5))
    assert not watched.under_way


async def test_who_leaves_leaves_no_read_behind(watched: Watched) -> None:
    async with aclosing(reading.log(watched, page_size=5)) as log:
        async for event in log:
            if event.position == 7:
                break
        assert watched.begun == [0, 5, 10, 15]
    assert not watched.under_way
    assert len(asyncio.all_tasks()) == 1


async def test_no_event_comes_twice_where_one_is_missing(watched: Watched) -> None:
    """It is for others to find out; reading on is what a page at a time does, too."""
    watched.missing = Position(18)
    read = await listed(reading.log(watched, page_size=5))
    assert [event.position for event in read] == [*range(1, 18), *range(19, 41)]


async def test_until_may_lie_behind_the_end(watched: Watched) -> None:
    read = await listed(reading.log(watched, page_size=5, until=Position(2**62)))
    assert [event.position for event in read] == list(range(1, 41))


async def test_what_the_store_refuses_is_refused(store: MemoryEventStore) -> None:
    with pytest.raises(InvalidRequest):
        await listed(reading.log(store, page_size=0))

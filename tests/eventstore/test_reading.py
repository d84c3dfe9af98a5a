"""Iterators over whole logs and streams, page by page."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from eventstore import (
    ANY,
    InvalidRequest,
    Position,
    Query,
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


async def test_what_the_store_refuses_is_refused(store: MemoryEventStore) -> None:
    with pytest.raises(InvalidRequest):
        await listed(reading.log(store, page_size=0))

"""What the relay reads is what the store reads, as the messages of the contract."""

from __future__ import annotations

import asyncio

import pytest

from eventstore import wire_bytes
from eventstore.errors import SchemaMismatch, StoreUnavailable
from eventstore.event import Event
from eventstore.postgres.outgoing import PostgresOutgoingLog
from eventstore.postgres.store import PostgresEventStore
from eventstore.stream import ANY, Position, stream_name
from eventstore.wire_bytes import WireBytes
from tests.support.seeded import seeded

pytestmark = pytest.mark.stack

EVENTS = [
    Event(type="plain", data={"n": 1, "text": "späß", "deep": [1.5, None, True]}),
    Event(type="with metadata", data=None, metadata={"b": 1, "a": {"z": "ü"}}),
    Event(type="with.tags", data="x", tags=("customer:42", "größe")),
    Event(type="traced", data=[], metadata={"traceparent": f"00-{'1' * 32}-{'2' * 16}-01"}),
]


async def test_rows_become_the_messages_of_their_events(store_url: str) -> None:
    async with (
        PostgresEventStore.connect(store_url) as store,
        PostgresOutgoingLog.connect(store_url) as outgoing,
    ):
        for number in range(3):
            fresh = [
                Event(type=e.type, data=e.data, metadata=e.metadata, tags=e.tags) for e in EVENTS
            ]
            await store.append(stream_name(f"order-{number}.*"), fresh, expected=ANY)
        expected = [wire_bytes.encode(event) for event in await store.read_log()]
        assert len(expected) == 12
        assert await outgoing.read(after=Position(0), limit=100) == expected
        assert await outgoing.read(after=Position(5), limit=3) == expected[5:8]
        assert await outgoing.read(after=Position(12), limit=3) == []


SIZES = (10, 10, 700_000, 10, 800_000, 900_000, 900_000, 950_000, 10, 10, 900_000, 900_000, 10)


async def test_a_page_has_so_many_bytes(store_url: str) -> None:
    """However compressible its events are; and none is left out, or waited for."""
    async with (
        PostgresEventStore.connect(store_url) as store,
        PostgresOutgoingLog.connect(store_url, page_bytes=2_000_000) as outgoing,
    ):
        for number, size in enumerate(SIZES):
            text = "y" * size if number % 2 else random_text(size)
            await store.append(stream_name("big-1"), [Event(type="Big", data=text)], expected=ANY)
        pages: list[list[WireBytes]] = []
        read = 0
        while page := await outgoing.read(after=Position(read), limit=1000):
            pages.append(page)
            read = page[-1].position
            if read < len(SIZES):
                async with asyncio.timeout(60):
                    await outgoing.wait(after=Position(read), seconds=3600)
        messages = [one for page in pages for one in page]
        assert messages == [wire_bytes.encode(event) for event in await store.read_log()]
        assert all(sum(len(one.body) for one in page) <= 2_000_000 for page in pages)
        assert len(pages) <= len(SIZES) / 2, "those that fit come together"


async def test_a_page_has_one_event_at_least(store_url: str) -> None:
    async with (
        PostgresEventStore.connect(store_url) as store,
        PostgresOutgoingLog.connect(store_url, page_bytes=1) as outgoing,
    ):
        await store.append(
            stream_name("big-1"), [Event(type="Big", data=n) for n in range(3)], expected=ANY
        )
        for after in range(3):
            [one] = await outgoing.read(after=Position(after), limit=1000)
            assert one.position == after + 1


def random_text(size: int) -> str:
    """Text that PostgreSQL does not compress."""
    return seeded(size).randbytes(size // 2).hex()


async def test_what_is_wrong_is_said_when_it_connects(postgres_url: str) -> None:
    with pytest.raises(SchemaMismatch):
        async with PostgresOutgoingLog.connect(postgres_url):
            pass
    with pytest.raises(StoreUnavailable):
        async with PostgresOutgoingLog.connect("postgresql://127.0.0.1:1/none"):
            pass

"""What the relay reads is what the store reads, as the messages of the contract."""

from __future__ import annotations

import pytest

from eventstore import wire_bytes
from eventstore.errors import SchemaMismatch, StoreUnavailable
from eventstore.event import Event
from eventstore.postgres.outgoing import PostgresOutgoingLog
from eventstore.postgres.store import PostgresEventStore
from eventstore.stream import ANY, Position, stream_name

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


async def test_what_is_wrong_is_said_when_it_connects(postgres_url: str) -> None:
    with pytest.raises(SchemaMismatch):
        async with PostgresOutgoingLog.connect(postgres_url):
            pass
    with pytest.raises(StoreUnavailable):
        async with PostgresOutgoingLog.connect("postgresql://127.0.0.1:1/none"):
            pass

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import msgspec
import pytest

from eventstore import wire
from eventstore.dataplane import pulling
from eventstore.errors import StreamUnavailable
from eventstore.event import RecordedEvent
from eventstore.jetstream import Connection, connect
from eventstore.stream import Position
from projector.jetstream import AHEAD, JetStreamDelivery
from projector.projections.stream_totals import StreamTotals
from tests.support.recorded import log
from tests.support.relaying import messages, publisher
from verification.cluster.nats import NatsServer

pytestmark = pytest.mark.stack

CONSUMER = "stream-totals-1"


@contextlib.asynccontextmanager
async def delivery(
    nats_url: str, events: int
) -> AsyncIterator[tuple[Connection, JetStreamDelivery]]:
    """A delivery from a stream of so many events."""
    async with (
        connect(nats_url, name="test") as connection,
        publisher(nats_url) as stream,
        JetStreamDelivery.open(
            nats_url, StreamTotals(), name="test delivery", patience_seconds=0.3
        ) as delivers,
    ):
        await stream.create()
        if events:
            await stream.publish(messages(log(events)))
        yield connection, delivers


async def all_of(delivery: JetStreamDelivery, *, limit: int) -> list[RecordedEvent]:
    fetched: list[RecordedEvent] = []
    while events := await delivery.fetch(limit):
        assert len(events) <= limit
        fetched += events
    return fetched


@pytest.mark.parametrize("after", [0, 1, 29, 30])
async def test_it_delivers_everything_after_a_position_in_order(nats_url: str, after: int) -> None:
    async with delivery(nats_url, 30) as (_, delivers):
        await delivers.subscribe(Position(after))
        assert await all_of(delivers, limit=7) == log(30)[after:]
        assert await delivers.last_sequence() == 30


async def test_a_new_subscription_forgets_the_old_one(nats_url: str) -> None:
    async with delivery(nats_url, 30) as (_, delivers):
        await delivers.subscribe(Position(20))
        await delivers.fetch(5)
        await delivers.subscribe(Position(3))
        assert await all_of(delivers, limit=10) == log(30)[3:]


async def test_it_asks_for_a_bounded_number_ahead_of_time(nats_url: str) -> None:
    async with delivery(nats_url, 100) as (_, delivers):
        await delivers.subscribe(Position(0))
        for _ in range(10):
            fetched = await delivers.fetch(5)
            assert len(fetched) <= 5
            sizes = [len(msgspec.json.encode(event.data)) for event in fetched]
            assert delivers.fetched_bytes == sum(sizes)
            await asyncio.sleep(0.02)
            assert delivers._pull is not None
            ahead = len(delivers._pull.arrived) + delivers._pull._due
            assert 5 < ahead <= 5 * AHEAD


async def test_requests_that_expire_or_are_cut_are_made_again(
    nats_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulling, "_PULL_SECONDS", 1)
    monkeypatch.setattr(pulling, "_PULL_BYTES", 3000)
    async with delivery(nats_url, 0) as (_, delivers), publisher(nats_url) as stream:
        await delivers.subscribe(Position(0))
        for _ in range(5):
            assert await delivers.fetch(10) == [], "longer than a request lives"
        await stream.publish(messages(log(30)))
        assert await all_of(delivers, limit=10) == log(30)


async def test_a_consumer_that_somebody_deleted_is_noticed(nats_url: str) -> None:
    async with delivery(nats_url, 0) as (connection, delivers):
        await delivers.subscribe(Position(0))
        assert await delivers.fetch(10) == []
        await connection.api.delete_consumer(wire.STREAM, CONSUMER)
        with pytest.raises(StreamUnavailable, match="is gone: Consumer Deleted"):
            await delivers.fetch(10)
        await delivers.subscribe(Position(0))
        await connection.api.delete_consumer(wire.STREAM, CONSUMER)
        with pytest.raises(StreamUnavailable, match="is gone: there is none"):
            await delivers.fetch(10)


async def test_without_a_stream_there_is_nothing_to_subscribe_to(nats_url: str) -> None:
    async with JetStreamDelivery.open(nats_url, StreamTotals(), name="test") as delivers:
        with pytest.raises(StreamUnavailable, match=r"cannot subscribe .* stream not found"):
            await delivers.subscribe(Position(0))
        with pytest.raises(StreamUnavailable, match="stream not found"):
            await delivers.last_sequence()


async def test_a_server_that_was_killed_is_noticed(killable_nats: NatsServer) -> None:
    async with delivery(killable_nats.url, 3) as (connection, delivers):
        await delivers.subscribe(Position(0))
        await killable_nats.kill()
        for alarm in (connection.lost, *delivers.alarms):
            with pytest.raises(StreamUnavailable):
                await asyncio.wait_for(alarm, 20)
        with pytest.raises(StreamUnavailable):
            await delivers.subscribe(Position(0))

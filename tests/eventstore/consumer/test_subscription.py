"""Subscriptions on real servers."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from random import Random

import msgspec
import nats
import nats.js.errors
import pytest

from eventstore import wire
from eventstore.consumer import Selection, subscribe
from eventstore.errors import (
    ConfigError,
    ContentDiffers,
    ForeignMessage,
    InvalidRequest,
    PositionGap,
)
from eventstore.event import Event, RecordedEvent
from eventstore.grpc.client import GrpcEventStore
from eventstore.grpc.server import serve
from eventstore.jetstream import connect
from eventstore.postgres.store import PostgresEventStore
from eventstore.store import PAGE_BYTES, EventStore
from eventstore.stream import ANY, Position, StreamName, stream_name
from tests.support import relaying as support
from tests.support.consuming import consumer, received
from tests.support.recorded import recorded
from verification.cluster.nats import NatsServer

pytestmark = pytest.mark.stack


async def fill(store: EventStore) -> Position:
    for turn in range(30):
        for name in ("order-1", "order-2", "cart-1"):
            batch = [Event(type="Placed", data=turn), Event(type="Paid v1.0", data=turn)]
            appended = await store.append(stream_name(name), batch, expected=ANY)
    return appended.position


async def test_it_delivers_the_log_and_what_comes(store_url: str, nats_url: str) -> None:
    async with PostgresEventStore.connect(store_url) as store:
        head = await support.append(store, 1000)
        async with (
            support.relaying(store_url, nats_url),
            consumer(nats_url, store) as subscription,
        ):
            events = await received(subscription, head)
            head = await support.append(store, 5)
            events += await received(subscription, head)
        assert events == await support.whole_log(store)


@pytest.mark.parametrize(
    "selection",
    [
        Selection(categories=("order",)),
        Selection(streams=(StreamName("order-2"), StreamName("cart-1")), types=("Paid v1.0",)),
        Selection(types=("Placed",)),
    ],
)
async def test_it_selects_and_moves_on_over_what_it_does_not_want(
    store_url: str, nats_url: str, selection: Selection
) -> None:
    async with PostgresEventStore.connect(store_url) as store:
        head = await fill(store)
        async with (
            support.relaying(store_url, nats_url),
            consumer(nats_url, store, selection=selection) as subscription,
        ):
            await support.relayed(nats_url, head)
            # The last event is of one of the types only: the position gets to the end nevertheless.
            events = await received(subscription, head)
        assert events == [e for e in await support.whole_log(store) if selection.matches(e)]


async def test_it_resumes_after_a_position(store_url: str, nats_url: str) -> None:
    async with PostgresEventStore.connect(store_url) as store:
        head = await support.append(store, 300)
        async with support.relaying(store_url, nats_url):
            async with consumer(nats_url, store, page_size=7) as subscription:
                first = [e for _ in range(5) for e in (await anext(subscription)).events]
            async with consumer(nats_url, store, after=subscription.position) as subscription:
                rest = await received(subscription, head)
        assert first + rest == await support.whole_log(store)
        assert first
        assert rest


async def test_without_jetstream_and_without_a_relay_it_reads_the_log(
    store_url: str, killable_nats: NatsServer
) -> None:
    async with PostgresEventStore.connect(store_url) as store:
        head = await support.append(store, 250)
        async with consumer(killable_nats.url, store) as subscription:
            events = await received(subscription, head)  # there is no stream
            await killable_nats.kill()
            head = await support.append(store, 250)
            events += await received(subscription, head)
            await killable_nats.start()
            async with support.relaying(store_url, killable_nats.url):
                head = await support.append(store, 250)
                events += await received(subscription, head)
        assert events == await support.whole_log(store)


async def test_large_events_are_read_from_the_log_a_few_at_a_time(store_url: str) -> None:
    """A delivery of a thousand events of a megabyte would be a gigabyte."""
    async with PostgresEventStore.connect(store_url) as store:
        for number in range(40):
            big = Event(type="Big", data=f"{number} " * 300_000)
            await store.append(stream_name("big-1"), [big], expected=ANY)
        for selection in (None, Selection(types=("Big",))):
            sizes = []
            async with consumer("nats://127.0.0.1:1", store, selection=selection) as subscription:
                positions: list[Position] = []
                while len(positions) < 40:
                    delivery = await anext(subscription)
                    sizes.append(sum(len(msgspec.json.encode(e.data)) for e in delivery.events))
                    positions += [event.position for event in delivery.events]
            assert positions == list(range(1, 41))
            assert sum(sizes) > max(sizes)
            assert max(sizes) <= PAGE_BYTES


async def test_a_server_that_stands_still_is_gone_round(
    store_url: str, killable_nats: NatsServer
) -> None:
    async with (
        PostgresEventStore.connect(store_url) as store,
        consumer(killable_nats.url, store, timeout_seconds=1.0) as subscription,
    ):
        async with support.relaying(store_url, killable_nats.url):
            head = await support.append(store, 50)
            events = await received(subscription, head)
            await support.relayed(killable_nats.url, head)
        await killable_nats.pause()
        head = await support.append(store, 50)
        events += await received(subscription, head)
        await killable_nats.resume()
        async with support.relaying(store_url, killable_nats.url):
            head = await support.append(store, 50)
            events += await received(subscription, head)
        assert events == await support.whole_log(store)


async def test_what_jetstream_lacks_comes_over_grpc(store_url: str, nats_url: str) -> None:
    orders = Selection(categories=("order",), types=("Placed",))
    async with (
        PostgresEventStore.connect(store_url) as store,
        serve(store) as port,
        GrpcEventStore.connect(f"grpc://127.0.0.1:{port}") as client,
        consumer(nats_url, client) as everything,
        consumer(nats_url, client, selection=orders) as selected,
    ):
        head = await fill(store)  # and nobody relays it
        log = await support.whole_log(store)
        assert await received(everything, head) == log
        assert await received(selected, head) == [e for e in log if orders.matches(e)]


async def test_it_survives_the_deletion_of_the_stream(store_url: str, nats_url: str) -> None:
    async with PostgresEventStore.connect(store_url) as store:
        head = await fill(store)
        deletions = 0

        async def delete_stream(_: Position) -> None:
            nonlocal deletions
            if deletions < 3:
                async with connect(nats_url, name="test") as connection:
                    with contextlib.suppress(nats.js.errors.NotFoundError):  # not made again yet
                        await connection.api.delete_stream(wire.STREAM)
                        deletions += 1

        async with support.relaying(store_url, nats_url):
            for selection in (Selection(), Selection(types=("Placed",))):
                await support.relayed(nats_url, head)
                deletions = 0
                async with consumer(
                    nats_url, store, selection=selection, page_size=20
                ) as subscription:
                    events = await received(subscription, head, between=delete_stream)
                log = await support.whole_log(store)
                assert events == [event for event in log if selection.matches(event)]
                assert deletions > 0


async def test_it_survives_the_death_of_the_server(
    store_url: str, killable_nats: NatsServer
) -> None:
    async with PostgresEventStore.connect(store_url) as store:
        head = await support.append(store, 500)
        kills = 0

        async def kill(_: Position) -> None:
            nonlocal kills
            if kills < 3:
                kills += 1
                await killable_nats.kill()
                await killable_nats.start()

        async with (
            support.relaying(store_url, killable_nats.url),
            consumer(killable_nats.url, store, page_size=50) as subscription,
        ):
            await support.relayed(killable_nats.url, head)
            events = await received(subscription, head, between=kill)
        assert events == await support.whole_log(store)


async def make_stream(nats_url: str) -> None:
    """One that, unlike the relay's, may be purged."""
    async with connect(nats_url, name="test") as connection:
        await connection.api.add_stream(name=wire.STREAM, subjects=[wire.SUBJECTS])


async def publish(nats_url: str, *messages: wire.WireMessage) -> None:
    client = await nats.connect(nats_url)
    for message in messages:
        await client.jetstream().publish(message.subject, message.body, headers=message.headers)
    await client.close()


async def test_messages_of_strangers_are_refused(store_url: str, nats_url: str) -> None:
    async with PostgresEventStore.connect(store_url) as store:
        await make_stream(nats_url)
        messages = [wire.encode(recorded(n)) for n in (1, 2)]
        shifted = msgspec.structs.replace(messages[1], subject="events.count.count-1.Moved")
        await publish(nats_url, messages[0], wire.encode(recorded(5)), shifted)
        async with consumer(nats_url, None) as subscription:
            assert len((await anext(subscription)).events) == 1
            with pytest.raises(ForeignMessage, match=r"sequence 2, is not .* it says position 5"):
                await anext(subscription)
        assert await store.head() == 0


@pytest.mark.parametrize("selection", [Selection(), Selection(types=("Counted",))])
async def test_what_is_damaged_is_read_from_the_store(
    store_url: str,
    nats_url: str,
    caplog: pytest.LogCaptureFixture,
    selection: Selection,
) -> None:
    """The first, in the midst, two in a row, the last; said each time, and nothing is left out."""
    damage = {1: "body", 3: "headers", 6: "position", 7: "body", 9: "position"}
    async with PostgresEventStore.connect(store_url) as store:
        head = await support.append(store, 9)
        await support.damaged_stream(nats_url, store, damage)
        async with consumer(nats_url, store, selection=selection) as subscription:
            assert await received(subscription, head) == await support.whole_log(store)
    said = [one.getMessage() for one in caplog.records if one.levelno == logging.ERROR]
    assert len(said) == len(damage)
    for sequence, message in zip(damage, said, strict=True):
        assert f"sequence {sequence}, is not one of the log's" in message


async def test_a_stream_with_another_past_is_an_alarm(store_url: str, nats_url: str) -> None:
    """What came from the log first is compared with what is on the stream later."""
    async with PostgresEventStore.connect(store_url) as store:
        head = await support.append(store, 3)
        async with consumer(nats_url, store) as subscription:
            await received(subscription, head)
            await make_stream(nats_url)
            await publish(nats_url, *(wire.encode(recorded(n)) for n in (1, 2, 3)))
            with pytest.raises(ContentDiffers):
                async with asyncio.timeout(support.PATIENCE_SECONDS):
                    await anext(subscription)


async def test_without_a_store_a_purged_stream_is_an_error(store_url: str, nats_url: str) -> None:
    async with PostgresEventStore.connect(store_url):
        await make_stream(nats_url)
        await publish(nats_url, *(wire.encode(recorded(n)) for n in range(1, 6)))
        async with connect(nats_url, name="test") as connection:
            await connection.api.purge_stream(wire.STREAM, seq=4)
        async with consumer(nats_url, None) as subscription:
            with pytest.raises(PositionGap, match="position 1 is missing, the next one is 4"):
                await anext(subscription)
            assert subscription.position == 0


async def test_who_gives_up_waiting_loses_nothing(store_url: str, nats_url: str) -> None:
    random = Random(1)  # noqa: S311 - for waits
    async with PostgresEventStore.connect(store_url) as store:
        head = await support.append(store, 200)
        async with (
            support.relaying(store_url, nats_url),
            consumer(nats_url, store, page_size=5) as subscription,
        ):
            events: list[RecordedEvent] = []
            while len(events) < head:
                try:
                    async with asyncio.timeout(random.uniform(0, 0.002)):
                        delivery = await anext(subscription)
                except TimeoutError:
                    continue
                events += delivery.events
        assert events == await support.whole_log(store)


async def test_stop_ends_it_and_wakes_who_waits(store_url: str, nats_url: str) -> None:
    async with PostgresEventStore.connect(store_url) as store:
        head = await support.append(store, 10)
        async with support.relaying(store_url, nats_url):
            subscription = consumer(nats_url, store, page_size=4)
            events: list[RecordedEvent] = []

            async def follow() -> None:
                async for delivery in subscription:
                    events.extend(delivery.events)

            async def all_came() -> bool:
                return len(events) == head

            following = asyncio.ensure_future(follow())
            await support.until(all_came)
            subscription.stop()
            async with asyncio.timeout(support.PATIENCE_SECONDS):
                await following
        assert events == await support.whole_log(store)


def test_what_cannot_work_is_refused_at_once() -> None:
    with pytest.raises(InvalidRequest, match="0"):
        subscribe("nats://127.0.0.1:1", store=None, page_size=0)
    with pytest.raises(InvalidRequest, match="read after -1"):
        subscribe("nats://127.0.0.1:1", store=None, after=Position(-1))
    with pytest.raises(ConfigError, match="nats://"):
        subscribe("http://127.0.0.1:1", store=None)

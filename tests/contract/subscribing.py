"""Following the log: every event once, in order, from what is there to what comes."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

import pytest

from eventstore import (
    ANY,
    Delivery,
    Event,
    InvalidRequest,
    Position,
    Query,
    RecordedEvent,
    Subscription,
    stream_name,
)
from eventstore.store import EventStore
from tests.support.seeded import seeded
from tests.support.stores import events, whole_log

ORDER = stream_name("order-1")
OTHER = stream_name("other-1")


async def next_of(subscription: Subscription) -> Delivery:
    async with asyncio.timeout(20):
        return await anext(subscription)


async def collect(subscription: Subscription, until: int) -> list[RecordedEvent]:
    """Read on until everything up to a position is delivered."""
    read: list[RecordedEvent] = []
    position = 0
    while position < until:
        delivery = await next_of(subscription)
        assert delivery.position >= position
        assert all(position < event.position <= delivery.position for event in delivery.events)
        position = delivery.position
        read += delivery.events
    return read


class SubscribingContract:
    async def test_an_empty_log_is_caught_up_with_at_once(self, store: EventStore) -> None:
        async with aclosing(store.subscribe()) as subscription:
            first = await next_of(subscription)
            assert first == Delivery(events=(), position=Position(0), caught_up=True)
            waiting = asyncio.ensure_future(next_of(subscription))
            await asyncio.sleep(0.01)
            assert not waiting.done()
            await store.append(ORDER, events(2), expected=ANY)
            delivery = await waiting
            assert delivery.events == tuple(await whole_log(store))
            assert (delivery.position, delivery.caught_up) == (2, True)

    async def test_pages_then_the_mark(self, store: EventStore) -> None:
        await store.append(ORDER, events(10), expected=ANY)
        log = tuple(await whole_log(store))
        async with aclosing(store.subscribe(after=Position(1), page_size=3)) as subscription:
            read = [await next_of(subscription) for _ in range(4)]
        assert read == [
            Delivery(events=log[1:4], position=Position(4), caught_up=False),
            Delivery(events=log[4:7], position=Position(7), caught_up=False),
            Delivery(events=log[7:10], position=Position(10), caught_up=False),
            Delivery(events=(), position=Position(10), caught_up=True),
        ]

    async def test_a_selection_moves_on_with_the_log(self, store: EventStore) -> None:
        await store.append(ORDER, events(4), expected=ANY)
        await store.append(OTHER, events(3), expected=ANY)
        query = Query.of(categories=("order",))
        async with aclosing(store.subscribe(query=query, page_size=3)) as subscription:
            first, second = await next_of(subscription), await next_of(subscription)
            assert [e.version for e in (*first.events, *second.events)] == [1, 2, 3, 4]
            assert (first.position, first.caught_up) == (3, False)
            assert (second.position, second.caught_up) == (7, True)
            await store.append(OTHER, events(2), expected=ANY)
            assert await next_of(subscription) == Delivery(
                events=(), position=Position(9), caught_up=True
            )
            await store.append(ORDER, events(1), expected=ANY)
            (event,) = (await next_of(subscription)).events
            assert (event.position, event.version) == (10, 5)

    @pytest.mark.parametrize("query", [None, Query.of(tags=("wanted",))], ids=["all", "some"])
    async def test_it_goes_live_without_gap_or_repetition(
        self, store: EventStore, query: Query | None
    ) -> None:
        writers, appends = 6, 25

        async def append(number: int) -> None:
            chooser = seeded(number)
            for _ in range(appends):
                batch = [
                    Event(type="x", tags=("wanted",) if chooser.random() < 0.3 else ())
                    for _ in range(chooser.randint(1, 3))
                ]
                await store.append(stream_name(f"s-{chooser.randrange(4)}"), batch, expected=ANY)
                if chooser.random() < 0.2:
                    await asyncio.sleep(0.001)

        async def follow(start: float) -> list[RecordedEvent]:
            await asyncio.sleep(start)
            async with aclosing(store.subscribe(query=query, page_size=7)) as subscription:
                read: list[RecordedEvent] = []
                while True:
                    delivery = await next_of(subscription)
                    read += delivery.events
                    if end and delivery.position >= end[0]:
                        return read

        end: list[int] = []
        followers = [asyncio.ensure_future(follow(n / 100)) for n in range(4)]
        await asyncio.gather(*map(append, range(writers)))
        end.append(await store.head() + 1)
        await store.append(ORDER, events(1), expected=ANY)  # who waits already hears of the end
        # Some followers end before the last event, some after it.
        log = [e for e in await whole_log(store) if e.stream != ORDER]
        wanted = [e for e in log if query is None or e.tags == ("wanted",)]
        for read in await asyncio.gather(*followers):
            assert [e for e in read if e.stream != ORDER] == wanted

    async def test_giving_up_on_a_delivery_loses_nothing(self, store: EventStore) -> None:
        read: list[RecordedEvent] = []
        async with aclosing(store.subscribe(page_size=4)) as subscription:
            assert (await next_of(subscription)).caught_up
            for number in range(40):
                waiting = asyncio.ensure_future(anext(subscription))
                for _ in range(1 + number % 7):
                    await asyncio.sleep(0)
                await store.append(ORDER, events(1), expected=ANY)
                waiting.cancel()
                (given_up,) = await asyncio.gather(waiting, return_exceptions=True)
                if isinstance(given_up, Delivery):
                    read += given_up.events
            position = read[-1].position if read else 0
            if position < 40:
                read += await collect(subscription, 40)
        assert [event.position for event in read] == list(range(1, 41))

    async def test_it_ends_when_it_is_closed(self, store: EventStore) -> None:
        subscription = store.subscribe()
        assert (await next_of(subscription)).caught_up
        waiting = asyncio.ensure_future(anext(subscription, "the end"))
        await asyncio.sleep(0.01)
        await subscription.aclose()
        assert await waiting == "the end"
        assert [delivery async for delivery in subscription] == []

    async def test_a_slow_reader_gets_everything(self, store: EventStore) -> None:
        async with aclosing(store.subscribe(page_size=10)) as subscription:
            for _ in range(5):
                await store.append(ORDER, events(20), expected=ANY)
            read = await collect(subscription, 100)
        assert [event.position for event in read] == list(range(1, 101))

    @pytest.mark.parametrize(
        "wrong",
        [
            {"after": -1},
            {"after": True},
            {"page_size": 0},
            {"page_size": 10_001},
            {"query": Query(())},
        ],
        ids=str,
    )
    async def test_what_cannot_be_followed(self, store: EventStore, wrong: dict[str, Any]) -> None:
        with pytest.raises(InvalidRequest):
            await anext(store.subscribe(**wrong))

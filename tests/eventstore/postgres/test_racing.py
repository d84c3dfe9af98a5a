"""Sixteen racers on one boundary, 300 rounds: exactly one wins each."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from eventstore import (
    ANY,
    Appended,
    Boundary,
    BoundaryCrossed,
    Event,
    Position,
    Query,
    Write,
    stream_name,
)
from eventstore.postgres.store import PostgresEventStore
from eventstore.store import EventStore
from tests.support.stores import outcome

pytestmark = pytest.mark.stack

ROUNDS = 300
RACERS = 16
STORES = 4


async def race(stores: list[PostgresEventStore], number: int, after: Position) -> Appended:
    """One seat, sixteen buyers on four stores; some write to two streams. Returns who won."""
    boundary = Boundary(Query.of(tags=(f"seat:{number}",)), after)

    async def buy(racer: int) -> Appended:
        store: EventStore = stores[racer % STORES]
        sold = [Event(type="sold", tags=(f"seat:{number}",))]
        stream = stream_name(f"buyer-{racer}")
        if racer % 3:
            return await store.append(stream, sold, expected=ANY, boundary=boundary)
        seat = Write(stream=stream_name(f"seat-{number}"), events=[Event(type="x")], expected=ANY)
        buyer = Write(stream=stream, events=sold, expected=ANY)
        return (await store.append_all([seat, buyer], boundary=boundary))[1]

    results = await asyncio.gather(*(outcome(buy(racer)) for racer in range(RACERS)))
    (won,) = [result for result in results if isinstance(result, Appended)]
    lost = [result for result in results if isinstance(result, BoundaryCrossed)]
    assert [result.last_match for result in lost] == [won.position] * (RACERS - 1)
    return won


async def test_exactly_one_wins_each_round(store_url: str) -> None:
    async with AsyncExitStack() as opened:
        stores = [
            await opened.enter_async_context(PostgresEventStore.connect(store_url, pool_size=1))
            for _ in range(STORES)
        ]
        position = Position(0)
        for number in range(ROUNDS):
            position = (await race(stores, number, position)).position
            assert await stores[number % STORES].head() == position

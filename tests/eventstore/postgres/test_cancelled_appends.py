"""Appends that are cancelled at any moment: what became of each can be found out, and stays so."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from eventstore import ANY, Event, connect, stream_name
from eventstore.grpc.client import GrpcEventStore
from eventstore.grpc.server import serve
from eventstore.store import EventStore
from tests.support.seeded import seeded

pytestmark = pytest.mark.stack

ROUNDS, AT_ONCE = 8, 24


@asynccontextmanager
async def opened(url: str, how: str) -> AsyncIterator[EventStore]:
    async with connect(url) as store:
        if how == "here":
            yield store
            return
        async with (
            serve(store) as port,
            GrpcEventStore.connect(f"grpc://127.0.0.1:{port}") as remote,
        ):
            yield remote


@pytest.mark.parametrize("how", ["here", "over gRPC"])
async def test_the_outcome_of_each_can_be_found_out_and_stays(store_url: str, how: str) -> None:
    chooser, found = seeded(7), Counter[str]()

    async def one(store: EventStore, number: int) -> None:
        events = [Event(type="x") for _ in range(chooser.choice((1, 1, 3)))]
        ids, stream = [event.id for event in events], stream_name(f"s-{number % 5}")
        append = asyncio.ensure_future(store.append(stream, events, expected=ANY))
        for _ in range(chooser.randrange(12)):
            await asyncio.sleep(0)
        if chooser.random() < 0.7:
            await asyncio.sleep(chooser.random() * 0.01)
        append.cancel()
        (given_up,) = await asyncio.gather(append, return_exceptions=True)
        outcome = (await store.outcome(ids)).appended
        if not isinstance(given_up, asyncio.CancelledError):
            assert outcome is not None
            assert outcome[-1].position == given_up.position  # type: ignore[union-attr]
            found["answered"] += 1
        elif outcome is not None:
            found["stored"] += 1
        else:
            found["not stored"] += 1
            await asyncio.sleep(0.03)
            assert (await store.outcome(ids)).appended is None
        again = await store.append(stream, events, expected=ANY)
        assert again.repeated == (outcome is not None)
        found["events"] += len(events)

    async with opened(store_url, how) as store:
        for _ in range(ROUNDS):
            await asyncio.gather(*(one(store, number) for number in range(AT_ONCE)))
        assert await store.head() == found["events"]
    assert found["not stored"] > 0
    assert found["stored"] + found["answered"] > 0

"""Concurrent histories of thousands of operations, judged: streams, the log, and boundaries."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from typing import Any, cast

import pytest

from checker import HistoryBuilder, Verdict, check
from eventstore import Boundary, BoundaryCrossed, EventStore, StreamName, WrongExpectedVersion
from eventstore.memory import MemoryEventStore
from eventstore.postgres.store import PostgresEventStore
from tests.support import boundary_histories
from tests.support.stores import whole_log
from verification.recording import RecordingClient
from verification.run.traffic import read_everything
from verification.workloads.contended import ContendedWorkload, Traffic, streams_of

OPERATIONS = 3000
CLIENTS = 24
TRAFFIC = Traffic(hot_streams=3, cold_streams=10, think_seconds=0.002)


class Interleaved:
    """A store in memory whose requests overlap: others run before and after each."""

    def __init__(self, store: MemoryEventStore) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)

        async def call(*args: Any, **kwargs: Any) -> Any:
            await asyncio.sleep(0)
            try:
                return await method(*args, **kwargs)
            finally:
                await asyncio.sleep(0)

        return call


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.stack)])
def log_url(request: pytest.FixtureRequest) -> str | None:
    """The URL of an empty log, null for one in memory."""
    return request.getfixturevalue("store_url") if request.param == "postgres" else None


@pytest.fixture
async def stores(log_url: str | None) -> AsyncIterator[list[EventStore]]:
    """Stores on one log, each with connections and an appender of its own, as processes have."""
    if log_url is None:
        yield [cast("EventStore", Interleaved(MemoryEventStore()))]
        return
    async with AsyncExitStack() as opened:
        yield [
            await opened.enter_async_context(PostgresEventStore.connect(log_url)) for _ in range(3)
        ]


async def recorded(stores: Sequence[EventStore], operations: int) -> HistoryBuilder:
    """The history of clients on these stores, and of one who reads everything at the end."""
    builder = HistoryBuilder()

    async def run(number: int) -> None:
        store = stores[number % len(stores)]
        client = RecordingClient(store, builder, process=number, stride=CLIENTS)
        workload = ContendedWorkload(11, number, TRAFFIC)
        for _ in range(operations // CLIENTS):
            await asyncio.sleep(workload.think_seconds())
            request = workload.next()
            workload.learn(request, await client.perform(request))

    await asyncio.gather(*map(run, range(CLIENTS)))
    last = RecordingClient(stores[0], builder, process=10_000, stride=1)
    await read_everything(last, streams_of(TRAFFIC))
    return builder


async def test_streams_and_the_log_are_linearizable(stores: list[EventStore]) -> None:
    history = (await recorded(stores, OPERATIONS)).build()
    assert len(history) > OPERATIONS
    result = check(history, "stream")
    assert result.verdict is Verdict.VALID, result
    assert None in {partition.key for partition in result.partitions}  # the log as a whole


async def test_what_is_not_linearizable_is_convicted() -> None:
    class Losing(MemoryEventStore):
        """Shows the last events of a stream a moment later than those before."""

        async def read_stream(self, stream: StreamName, **kwargs: Any) -> Any:
            page = await super().read_stream(stream, **kwargs)
            return [e for e in page if e.position != await self.head()]

    history = (await recorded([cast("EventStore", Interleaved(Losing()))], 300)).build()
    assert check(history, "stream").verdict is Verdict.INVALID


async def test_boundaries_hold(stores: list[EventStore]) -> None:
    history = await boundary_histories.run_clients(stores, clients=24, appends=100)
    assert boundary_histories.judge(history, await whole_log(stores[0])) == []
    for kind in (tuple, BoundaryCrossed, WrongExpectedVersion):
        assert sum(isinstance(attempt.answer, kind) for attempt in history.attempts) > 50, kind


async def test_boundaries_that_do_not_hold_are_convicted() -> None:
    class Late(MemoryEventStore):
        """Looks for what crosses a boundary before it waits for its turn."""

        async def append(self, stream: StreamName, *args: Any, **kwargs: Any) -> Any:
            boundary: Boundary | None = kwargs.pop("boundary", None)
            if boundary is not None:
                self._check_boundary(stream, boundary)
            await asyncio.sleep(0)
            return await super().append(stream, *args, **kwargs)

    store = cast("EventStore", Late())
    history = await boundary_histories.run_clients([store], clients=24, appends=20)
    wrong = boundary_histories.judge(history, await whole_log(store))
    assert any("over Boundary" in words for words in wrong)

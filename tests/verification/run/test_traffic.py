"""The clients on the store in memory: concurrent, recorded, and at the end everything is read."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from checker import HistoryBuilder, Outcome
from eventstore import EventStore, ReadFailed
from eventstore.memory import MemoryEventStore
from verification.errors import NothingRead
from verification.recording import RecordingClient
from verification.run.traffic import read_everything, run_clients
from verification.scenarios import Scenario
from verification.workloads.contended import streams_of
from verification.workloads.requests import Reply

SCENARIO = Scenario(seed=5, seconds=3, clients=9)


class _Yielding:
    """Lets others run before and after every request, so that requests overlap."""

    def __init__(self, store: EventStore) -> None:
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


async def drive(store: MemoryEventStore, replies: int) -> HistoryBuilder:
    """Run the clients until they have had so many replies, then read everything."""
    over = asyncio.Event()
    builder = HistoryBuilder()
    heard: list[Reply] = []

    def answered(reply: Reply) -> None:
        heard.append(reply)
        if len(heard) >= replies:
            over.set()

    await run_clients([_Yielding(store)], builder, SCENARIO, over=over, answered=answered)
    client = RecordingClient(store, builder, process=10_000, stride=1)
    await read_everything(client, streams_of(SCENARIO.traffic))
    return builder


async def test_every_client_takes_part_and_all_of_it_is_recorded() -> None:
    history = (await drive(MemoryEventStore(), 120)).build()
    traffic = [operation for operation in history if operation.process != 10_000]
    assert len(traffic) >= 120
    assert {operation.process for operation in traffic} == set(range(SCENARIO.clients))
    assert all(operation.completed is not None for operation in history)


async def test_the_final_read_is_the_whole_log() -> None:
    store = MemoryEventStore()
    history = (await drive(store, 60)).build()
    final = [operation for operation in history if operation.process == 10_000]
    rows = [row for o in final if o.f == "read-log" for row in o.output["events"]]
    assert [row[3] for row in rows] == [str(event.id) for event in await store.read_log()]
    assert {operation.key for operation in final if operation.f == "read"} == set(
        streams_of(SCENARIO.traffic)
    )


async def test_a_store_that_answers_no_read_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_args: Any, **_kwargs: Any) -> Any:
        raise ReadFailed("no answer")

    async def no_time(_seconds: float) -> None:
        return None

    store = MemoryEventStore()
    monkeypatch.setattr(store, "read_stream", refuse)
    monkeypatch.setattr("verification.run.traffic.asyncio.sleep", no_time)
    builder = HistoryBuilder()
    client = RecordingClient(store, builder, process=0, stride=1)
    with pytest.raises(NothingRead, match="not answered in 40 attempts"):
        await read_everything(client, streams_of(SCENARIO.traffic))
    assert {operation.outcome for operation in builder.build()} == {Outcome.FAIL}

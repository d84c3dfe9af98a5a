"""The clients of a run: concurrent traffic until time is up, then one full read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from checker import Outcome
from eventstore import StreamName
from verification.errors import NothingRead
from verification.recording import UNAVAILABLE, HistorySink, RecordingClient
from verification.scenarios import Scenario
from verification.workloads.contended import ContendedWorkload
from verification.workloads.requests import ReadLog, ReadStream, Reply, Request, WorkloadStore

__all__ = ["read_everything", "run_clients"]

PAGE_LIMIT: Final = 1000
ATTEMPTS_MAX: Final = 40
PAUSE_SECONDS: Final = 0.25
UNREACHABLE_SECONDS: Final = 0.2
"""How much longer a client waits after it could not even connect: a refusal costs nothing, so it
would fill the history with refusals."""


async def run_clients(
    stores: Sequence[WorkloadStore],
    sink: HistorySink,
    scenario: Scenario,
    *,
    over: asyncio.Event,
    answered: Callable[[Reply], None],
) -> None:
    """Run the scenario's clients, spread over ``stores``, until ``over`` is set and all are idle.

    ``answered`` hears of every reply, for a progress display.
    """
    async with asyncio.TaskGroup() as group:
        for number in range(scenario.clients):
            client = RecordingClient(
                stores[number % len(stores)], sink, process=number, stride=scenario.clients
            )
            workload = ContendedWorkload(scenario.seed, number, scenario.traffic)
            group.create_task(_run_client(client, workload, over, answered))


async def _run_client(
    client: RecordingClient,
    workload: ContendedWorkload,
    over: asyncio.Event,
    answered: Callable[[Reply], None],
) -> None:
    while True:
        await asyncio.sleep(workload.think_seconds())
        if over.is_set():
            return
        request = workload.next()
        reply = await client.perform(request)
        workload.learn(request, reply)
        answered(reply)
        if reply.error is not None and reply.error["type"] == UNAVAILABLE:
            await asyncio.sleep(UNREACHABLE_SECONDS)


async def read_everything(client: RecordingClient, streams: Sequence[StreamName]) -> None:
    """Read every stream and the log to their ends, as operations of the history.

    Raises:
        NothingRead: a page was not answered, however often it was asked for.
    """
    for stream in streams:
        after = 0
        while True:
            page = await _insist(client, ReadStream(stream=stream, after=after, limit=PAGE_LIMIT))
            if len(page) < PAGE_LIMIT:
                break
            after = page[-1][0]
    after = 0
    while True:
        page = await _insist(client, ReadLog(after=after, limit=PAGE_LIMIT))
        if len(page) < PAGE_LIMIT:
            break
        after = page[-1][0]


async def _insist(client: RecordingClient, request: Request) -> list[list[int]]:
    reply = None
    for _ in range(ATTEMPTS_MAX):
        reply = await client.perform(request)
        if reply.outcome is Outcome.OK:
            events: list[list[int]] = reply.output["events"]
            return events
        await asyncio.sleep(PAUSE_SECONDS)
    raise NothingRead(request.f, ATTEMPTS_MAX, reply.error if reply else None)

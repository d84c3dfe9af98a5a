"""Each broken store, driven in memory without any server, is convicted under its own name."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from checker import HistoryBuilder, Verdict
from checker.delivery import Log, LogEntry
from eventstore import EventStore, StoreUnavailable
from eventstore.memory import MemoryEventStore
from verification.judge.history import judge_acknowledged, judge_linearizable
from verification.judge.property import appends_by_event
from verification.mutants.registry import MUTANTS, Mutant
from verification.run.traffic import run_clients
from verification.scenarios import Scenario
from verification.workloads.requests import Reply

SCENARIO = Scenario(seed=3, seconds=3)
REPLIES = 300
STORE_MUTANTS = [mutant for mutant in MUTANTS.values() if mutant.store is not None]


class _Slow:
    """A store whose requests take a few turns of the loop, and sometimes meet no server."""

    def __init__(self, store: EventStore, unavailable: float) -> None:
        self._store = store
        self._unavailable = unavailable
        self._draw = random.Random(1)  # noqa: S311 - decides when a server is away

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)

        async def call(*args: Any, **kwargs: Any) -> Any:
            await asyncio.sleep(0.001)
            if self._draw.random() < self._unavailable:
                raise StoreUnavailable("no connection")
            try:
                return await method(*args, **kwargs)
            finally:
                await asyncio.sleep(0.001)

        return call


async def names_found(mutant: Mutant | None) -> set[str]:
    """Drive a mutant, or the good store, and name what the judge finds in the history."""
    memory = MemoryEventStore()
    slow: EventStore = _Slow(memory, unavailable=0.05)
    clients = mutant.store(slow, SCENARIO.seed) if mutant and mutant.store else slow
    builder = HistoryBuilder()
    over = asyncio.Event()
    heard: list[Reply] = []

    def answered(reply: Reply) -> None:
        heard.append(reply)
        if len(heard) == REPLIES:
            over.set()

    await run_clients([clients], builder, SCENARIO, over=over, answered=answered)
    history = builder.build()
    log = Log(
        LogEntry(event.position, event.stream, event.version, str(event.id))
        for event in await memory.read_log(limit=10_000)
    )
    linearizable, _ = judge_linearizable(history)
    acknowledged = judge_acknowledged(history, log, appends_by_event(history))
    assert Verdict.UNKNOWN not in {linearizable.verdict, acknowledged.verdict}
    return {*linearizable.anomaly_types, *acknowledged.anomaly_types}


async def test_the_good_store_is_acquitted() -> None:
    assert await names_found(None) == set()


@pytest.mark.parametrize("mutant", STORE_MUTANTS, ids=lambda mutant: mutant.name)
async def test_a_broken_store_is_convicted_by_name(mutant: Mutant) -> None:
    assert await names_found(mutant) & mutant.anomalies


def test_the_mutants_of_the_issue_are_all_there() -> None:
    assert set(MUTANTS) >= {
        "lost-append",
        "stale-read",
        "naive-cursor",
        "cursor-before-apply",
        "unjustified-conflict",
    }


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=lambda mutant: mutant.name)
def test_every_mutant_is_planted_somewhere_and_must_be_found(mutant: Mutant) -> None:
    planted = (mutant.store, mutant.database, mutant.relay, mutant.projector, mutant.feed)
    assert any(place is not None for place in planted)
    assert mutant.anomalies
    assert mutant.summary

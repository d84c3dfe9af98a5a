"""Everybody dies at every step of the protocol, on real servers, while events come in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import nats
import nats.errors
import nats.js.errors
import pytest
from nats.js.api import StreamConfig

from checker import Verdict
from checker.delivery import Log, LogEntry
from eventstore import wire
from eventstore.errors import EventStoreError
from eventstore.postgres.store import PostgresEventStore
from tests.support import relaying as support
from tests.support.named_steps import (
    Step,
    Trap,
    Urls,
    Victim,
    project_until_cancelled,
    relay_until_cancelled,
)
from tests.support.seeded import seeded
from verification.artefacts import LogRow
from verification.cluster.nats import NatsServer
from verification.cluster.postgres import PostgresServer
from verification.judge.delivery import judge_applied, judge_read_model
from verification.run.postgres import checkpoint_of, read_applied, read_rows

pytestmark = [pytest.mark.stack, pytest.mark.slow]

PROJECTION = "stream-totals"
AT_A_SUBSCRIPTION = {Step.PROJECTOR_LOADS, Step.PROJECTOR_SUBSCRIBES, Step.PROJECTOR_SUBSCRIBED}
AT_A_CREATION = {Step.RELAY_CREATES, Step.RELAY_CREATED}
AT_A_REPLACEMENT = {Step.RELAY_REPLACES, Step.RELAY_DELETED, Step.RELAY_REPLACED}


class Course:
    """One system that everything happens to, so that what one death leaves meets the next."""

    def __init__(self, postgres: PostgresServer, broker: NatsServer, urls: Urls) -> None:
        self.postgres = postgres
        self.urls = urls
        self.database = urlsplit(urls.store).path.removeprefix("/")
        self.trap = Trap({Victim.NATS: broker, Victim.POSTGRES: postgres})

    @asynccontextmanager
    async def running(self) -> AsyncIterator[PostgresEventStore]:
        async with (
            PostgresEventStore.connect(self.urls.store, timeout_seconds=5) as store,
            support.running(relay_until_cancelled(self.urls, self.trap, seeded(1))),
            support.running(project_until_cancelled(self.urls, self.trap, seeded(2))),
        ):
            yield store

    async def strike(self, store: PostgresEventStore, step: Step, victim: Victim) -> None:
        """Have somebody die at a step, and wait until all is well again."""
        if step in AT_A_REPLACEMENT:
            await self.make_stream_that_can_be_damaged()
            await self.caught_up(store)
        self.trap.arm(step, victim)
        if step in AT_A_CREATION:
            await self.delete_stream()
        elif step in AT_A_REPLACEMENT:
            await self.lose_a_message(store)
        elif step in AT_A_SUBSCRIPTION:
            await self.end_subscription()
        await support.append_surely(store, 3, stream=f"count-{len(self.trap.hit) % 3}")
        async with asyncio.timeout(support.PATIENCE_SECONDS):
            await self.trap.sprung.wait()
        await self.caught_up(store)

    async def delete_stream(self) -> None:
        client = await nats.connect(self.urls.nats)
        await client.jetstream().delete_stream(wire.STREAM)
        await client.close()

    async def lose_a_message(self, store: PostgresEventStore) -> None:
        client = await nats.connect(self.urls.nats)
        for _ in range(50):
            try:
                await client.jetstream().delete_msg(wire.STREAM, 1)
                break
            except nats.js.errors.APIError:
                # The relay had not done with making one of its own, which forbids it.
                await self.make_stream_that_can_be_damaged()
                await self.caught_up(store)
        else:
            raise AssertionError("the relay was always first")
        await client.close()

    async def make_stream_that_can_be_damaged(self) -> None:
        """One of ours forbids it; the relay may be making one at the same time."""
        client = await nats.connect(self.urls.nats)
        api = client.jetstream()
        config = StreamConfig(name=wire.STREAM, subjects=[wire.SUBJECTS])
        for _ in range(50):
            try:
                await api.delete_stream(wire.STREAM)
                await api.add_stream(config)
                break
            except nats.js.errors.APIError:
                continue
        else:
            raise AssertionError("the relay was always first")
        await client.close()

    async def end_subscription(self) -> None:
        client = await nats.connect(self.urls.nats)
        await client.jetstream().delete_consumer(wire.STREAM, f"{PROJECTION}-1")
        await client.close()

    async def caught_up(self, store: PostgresEventStore) -> None:
        async def reached() -> bool:
            head = await store.head()
            return head == await checkpoint_of(self.postgres, self.database, PROJECTION)

        await support.until(reached)
        await support.relayed(self.urls.nats, await head_of(store))


async def head_of(store: PostgresEventStore) -> int:
    while True:
        try:
            return await store.head()
        except EventStoreError:
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("victim", Victim)
async def test_who_dies_at_whatever_step_nothing_is_lost_or_doubled(
    victim: Victim,
    killable_postgres: PostgresServer,
    killable_store_url: str,
    killable_nats: NatsServer,
) -> None:
    urls = Urls(killable_store_url, killable_nats.url)
    course = Course(killable_postgres, killable_nats, urls)
    async with course.running() as store:
        await support.append_surely(store, 3, stream="count-0")
        await course.caught_up(store)
        for step in Step:
            await course.strike(store, step, victim)
        assert course.trap.hit == {(step, victim) for step in Step}
        log = await support.whole_log(store)
        await support.assert_the_stream_is_the_log(store, urls.nats)
    entries = Log([LogEntry(e.position, e.stream, e.version, str(e.id)) for e in log])
    applied = await read_applied(killable_postgres, course.database)
    model = await read_rows(killable_postgres, course.database, PROJECTION)
    head = entries.head
    assert judge_applied(entries, applied, {}, until=head).verdict is Verdict.VALID
    rows = list(map(LogRow.of, log))
    assert judge_read_model(rows, model, until=head).verdict is Verdict.VALID

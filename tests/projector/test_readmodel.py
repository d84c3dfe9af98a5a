"""Reads at a position: what was appended is in the read model, or the reader is told it is not."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest
import sqlalchemy as sa

from checker import HistoryBuilder, Outcome, Verdict, check
from eventstore.postgres.store import PostgresEventStore
from eventstore.stream import Position, StreamName, stream_name
from projector import readmodel
from projector.errors import (
    ProjectionFailed,
    ReadModelBehind,
    ReadModelIncomplete,
    ReadModelUnavailable,
)
from projector.parking import AsideState, Cause
from projector.postgres import PostgresReadModel
from projector.postgres_documents import DocumentTable
from projector.postgres_generations import switch
from projector.postgres_progress import PostgresProgress, Reached
from projector.projections.latest_events import LatestEvents
from projector.readmodel import OpenReadModel, open_read_model
from projector.rebuild import rebuild
from tests.support import projecting as support
from tests.support import relaying
from tests.support.seeded import seeded
from verification.cluster.nats import NatsServer
from verification.cluster.postgres import PostgresServer

pytestmark = pytest.mark.stack

KEYS = [stream_name(f"account-{n}") for n in range(3)]
CLIENTS = 8
OPERATIONS = 60


def latest(generation: int = 1) -> DocumentTable:
    return DocumentTable(LatestEvents(), generation)


async def value(model: OpenReadModel, key: str) -> Any:
    document = await model.document(key)
    return None if document is None else document["data"]


async def test_a_reader_reads_its_own_write_and_is_woken_to_it(
    store_url: str, nats_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Never by looking for itself: that would take longer than the test may.
    monkeypatch.setattr(readmodel, "POLL_SECONDS", 1_000)
    async with (
        PostgresEventStore.connect(store_url) as store,
        relaying.relaying(store_url, nats_url),
        support.projecting(store_url, nats_url, projection=latest()),
        open_read_model(store_url, "latest-events", nats_url=nats_url) as model,
    ):
        for number in range(1, 21):
            position = await relaying.append_data(store, KEYS[0], number)
            reached = await model.at(position, timeout_seconds=60)
            assert (reached.position >= position, reached.generation) == (True, 1)
            assert await value(model, KEYS[0]) == number


async def test_a_thousand_readers_look_together(store_url: str) -> None:
    looks = 0
    async with (
        PostgresEventStore.connect(store_url) as store,
        PostgresReadModel.open(store_url, latest()) as writer,
        PostgresProgress.open(store_url) as progress,
    ):
        ask = progress.reached

        async def counted(projection: str) -> Reached | None:
            nonlocal looks
            looks += 1
            return await ask(projection)

        progress.reached = counted  # type: ignore[method-assign]
        model = OpenReadModel("latest-events", progress)
        await writer.prepare()
        position = await relaying.append_data(store, KEYS[0], 1)
        waiting = [
            asyncio.create_task(model.at(position, timeout_seconds=60)) for _ in range(1_000)
        ]
        waiting.append(asyncio.create_task(model.at(position, timeout_seconds=60)))
        await asyncio.sleep(0)
        waiting.pop(0).cancel()  # whoever began the look gives up
        await rebuild(store, writer)
        model.announce(await writer.checkpoint())
        assert {reached.position for reached in await asyncio.gather(*waiting)} == {position}
        assert looks < 100


async def test_what_is_not_there_in_time_says_how_far_it_is(store_url: str) -> None:
    async with open_read_model(store_url, "latest-events") as model:
        with pytest.raises(ReadModelBehind, match="at position 0, not yet at 1 after"):
            await model.at(Position(1), timeout_seconds=0.01)
        with pytest.raises(ReadModelUnavailable, match="no such read model"):
            await model.document("account-1")
        async with PostgresReadModel.open(store_url, latest()) as writer:
            await writer.prepare()
        with pytest.raises(ReadModelBehind, match=r"Does its projector run\?"):
            await model.at(Position(1), timeout_seconds=0.01)
        assert (await model.at(Position(0))).position == 0


async def test_tables_of_an_older_version_are_no_empty_read_model(store_url: str) -> None:
    async with PostgresProgress.open(store_url) as progress:
        assert await progress.states() == []
        assert await progress.set_aside("latest-events", 1) == []
    async with PostgresReadModel.open(store_url, latest()) as writer:
        await writer.prepare()
        async with writer.transaction() as connection:
            await connection.execute(sa.text("DROP TABLE projector.set_aside_events"))
        async with PostgresProgress.open(store_url) as progress:
            with pytest.raises(
                ReadModelUnavailable, match="Start a projector of this version once"
            ):
                await progress.states()
        with pytest.raises(ReadModelUnavailable, match="set_aside_events"):
            await writer.checkpoint()
        await writer.prepare()
        assert (await writer.checkpoint()).position == 0


async def test_it_answers_from_the_active_generation(store_url: str) -> None:
    async with (
        PostgresEventStore.connect(store_url) as store,
        PostgresReadModel.open(store_url, latest()) as first,
        PostgresReadModel.open(store_url, latest(2)) as second,
        open_read_model(store_url, "latest-events") as model,
    ):
        await first.prepare()
        await second.prepare()
        position = await relaying.append_data(store, KEYS[0], "x")
        await rebuild(store, second)
        with pytest.raises(ReadModelBehind):
            await model.at(position, timeout_seconds=0.01)
        waiting = asyncio.create_task(model.at(position, timeout_seconds=60))
        async with second.transaction() as connection:
            await switch(connection, second.projection)
        assert (await waiting).generation == 2
        assert await value(model, KEYS[0]) == "x"


async def test_a_read_model_that_parked_an_event_is_not_at_its_position(store_url: str) -> None:
    async with (
        PostgresEventStore.connect(store_url) as store,
        PostgresReadModel.open(store_url, latest()) as writer,
        open_read_model(store_url, "latest-events") as model,
    ):
        for key in (KEYS[0], KEYS[1], KEYS[1], KEYS[0]):
            await relaying.append_data(store, key, 1)
        events = await relaying.whole_log(store)
        await writer.prepare()
        reached = await writer.commit(events[:1], await writer.checkpoint())
        cause = Cause.of(ProjectionFailed("latest-events", events[1:2], "no"))
        reached = await writer.set_aside(events[1], reached, AsideState.PARKED, cause, 1)
        await writer.commit(events[2:], reached)
        assert (await model.at(Position(1))).position == 4
        with pytest.raises(
            ReadModelIncomplete, match="lacks events up to position 2, the first at 2"
        ):
            await model.at(Position(2))
        with pytest.raises(
            ReadModelIncomplete, match="lacks events up to position 4, the first at 2"
        ):
            await model.linearizable(store)


async def test_a_server_that_is_gone_is_said(killable_postgres: PostgresServer) -> None:
    url = killable_postgres.url
    async with open_read_model(url, "latest-events", timeout_seconds=2) as model:
        await killable_postgres.kill()
        with pytest.raises(ReadModelUnavailable, match=r"no answer .* 127\.0\.0\.1"):
            await model.at(Position(0))
        await killable_postgres.start()
        with pytest.raises(ReadModelBehind):
            await model.at(Position(1), timeout_seconds=0.01)


async def recorded(store_url: str, nats_url: str, *, at_head: bool) -> HistoryBuilder:
    """Clients that write through the store and read through the read model, all at once."""
    builder = HistoryBuilder()
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(PostgresEventStore.connect(store_url))
        models = [
            await stack.enter_async_context(
                open_read_model(store_url, "latest-events", nats_url=nats_url)
            )
            for _ in range(2)
        ]

        async def read(client: int, model: OpenReadModel, key: StreamName) -> None:
            builder.invoke(client, "read", key=key)
            if at_head:
                await model.linearizable(store, timeout_seconds=60)
            builder.complete(client, Outcome.OK, output=await value(model, key))

        async def run(client: int) -> None:
            random = seeded(client)
            for turn in range(OPERATIONS):
                key = random.choice(KEYS)
                if random.random() < 0.5:
                    written = client * OPERATIONS + turn
                    builder.invoke(client, "write", key=key, value=written)
                    await relaying.append_data(store, key, written)
                    builder.complete(client, Outcome.OK)
                else:
                    await read(client, models[client % 2], key)

        await asyncio.gather(*map(run, range(CLIENTS)))
    return builder


async def test_reads_at_the_head_are_linearizable(store_url: str, nats_url: str) -> None:
    async with (
        relaying.relaying(store_url, nats_url),
        support.projecting(store_url, nats_url, projection=latest()),
    ):
        history = (await recorded(store_url, nats_url, at_head=True)).build()
    assert len(history) == CLIENTS * OPERATIONS
    result = check(history, "kv")
    assert result.verdict is Verdict.VALID, result


async def test_they_are_while_nats_and_the_projector_come_and_go(
    store_url: str, killable_nats: NatsServer
) -> None:
    nats_url = killable_nats.url
    async with relaying.relaying(store_url, nats_url):
        clients = asyncio.create_task(recorded(store_url, nats_url, at_head=True))
        for seed in (1, 2):
            async with support.projecting(store_url, nats_url, projection=latest(), seed=seed):
                await asyncio.sleep(0.1)
                await killable_nats.kill()
                await asyncio.sleep(0.1)
                await killable_nats.start()
                await asyncio.sleep(0.2)
        async with support.projecting(store_url, nats_url, projection=latest(), seed=3):
            history = (await clients).build()
    result = check(history, "kv")
    assert result.verdict is Verdict.VALID, result


async def test_reads_without_a_position_are_not(store_url: str, nats_url: str) -> None:
    """The judge sees the difference: this read model runs so far behind that it never moves."""
    async with PostgresReadModel.open(store_url, latest()) as model:
        await model.prepare()
    history = (await recorded(store_url, nats_url, at_head=False)).build()
    assert check(history, "kv").verdict is Verdict.INVALID

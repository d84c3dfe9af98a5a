from __future__ import annotations

import asyncio
import sys

import pytest
import sqlalchemy as sa

from eventstore.epoch import Epoch
from eventstore.jetstream import connect
from eventstore.postgres.epochs import record_epoch_at
from eventstore.postgres.store import PostgresEventStore
from eventstore.relay.jetstream_stream import replace
from eventstore.stream import Position
from projector.cli.rebuild import rebuild
from projector.errors import EpochBegan
from projector.postgres import PostgresReadModel
from projector.postgres_epochs import keep_epoch
from projector.postgres_tables import checkpoints
from projector.projections.stream_totals import StreamTotals
from tests.support import projecting as support
from tests.support import relaying

pytestmark = pytest.mark.stack


def epoch(number: int, *, after: int) -> Epoch:
    return Epoch(number=number, after=Position(after))


async def test_a_read_model_goes_on_in_an_epoch_that_began_after_it(postgres_url: str) -> None:
    async with PostgresReadModel.open(postgres_url, StreamTotals()) as model:
        await model.prepare()
        await keep_epoch(model, Epoch())
        async with model.transaction() as connection:
            await connection.execute(sa.update(checkpoints).values(position=6))
        with pytest.raises(EpochBegan, match="at position 6, but in epoch 5 the log has other"):
            await keep_epoch(model, epoch(5, after=3))
        await keep_epoch(model, epoch(5, after=6))
        await keep_epoch(model, Epoch())  # lost with all of JetStream
        await keep_epoch(model, epoch(5, after=3))  # the one it is in
        with pytest.raises(EpochBegan, match="other events after position 2"):
            await keep_epoch(model, epoch(9, after=2))


async def test_one_that_never_saw_an_epoch_takes_the_one_there_is(postgres_url: str) -> None:
    async with PostgresReadModel.open(postgres_url, StreamTotals()) as model:
        await model.prepare()
        await keep_epoch(model, epoch(5, after=3))


async def test_a_rebuild_asks_the_log_itself(store_url: str) -> None:
    """It does without NATS; what it would go on with is of another history."""
    async with (
        PostgresEventStore.connect(store_url) as store,
        PostgresReadModel.open(store_url, StreamTotals()) as model,
    ):
        await relaying.append(store, 4)
        await rebuild("stream-totals", database_url=store_url)
        await keep_epoch(model, Epoch())
        await relaying.append(store, 2)
        await record_epoch_at(store_url, "EVENTS", epoch(5, after=3))
        with pytest.raises(EpochBegan, match="other events after position 3"):
            await rebuild("stream-totals", database_url=store_url)
        assert (await model.checkpoint()).position == 4


async def run_for_a_while(store_url: str, nats_url: str) -> asyncio.subprocess.Process:
    urls = ["--database-url", store_url, "--nats-url", nats_url]
    arguments = ["-m", "projector.cli", "run", "stream-totals", *urls]
    return await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stderr=asyncio.subprocess.PIPE
    )


async def test_a_projector_stops_and_says_why(store_url: str, nats_url: str) -> None:
    async with (
        PostgresEventStore.connect(store_url) as store,
        relaying.relaying(store_url, nats_url),
    ):
        await relaying.relayed(nats_url, await relaying.append(store, 5))
        running = await run_for_a_while(store_url, nats_url)
        try:
            await support.projected(store_url, 5)
            async with connect(nats_url, name="test") as link:
                lost = epoch(7, after=3)
                await replace(link, reason="the log went back", epoch=lost)
            _, said = await asyncio.wait_for(running.communicate(), 30)
        finally:
            if running.returncode is None:
                running.kill()
                await running.wait()
    assert running.returncode == 1
    assert b"in epoch 7 the log has other events after position 3" in said
    assert b"Traceback" not in said

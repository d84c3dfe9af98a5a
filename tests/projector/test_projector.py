from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Sequence
from pathlib import Path

import nats
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from eventstore import wire
from eventstore.errors import ForeignMessage
from eventstore.event import RecordedEvent
from eventstore.postgres.store import PostgresEventStore
from eventstore.stream import Position
from projector import projector
from projector.errors import LogWentBack, ProjectionFailed
from projector.postgres import PostgresReadModel
from projector.postgres_tables import checkpoints
from projector.projection import identity_of
from projector.projections.stream_totals import StreamTotals
from tests.support import projecting as support
from tests.support import relaying
from tests.support.seeded import seeded
from verification.cluster.nats import NatsServer
from verification.cluster.postgres import PostgresServer

pytestmark = pytest.mark.stack


async def test_the_read_model_becomes_the_fold_of_the_log(store_url: str, nats_url: str) -> None:
    async with PostgresEventStore.connect(store_url) as store:
        await relaying.append(store, 700)
        async with (
            relaying.relaying(store_url, nats_url),
            support.projecting(store_url, nats_url),
        ):
            await support.projected(store_url, 700)
            head = await relaying.append(store, 3, stream="count-2")
            await support.projected(store_url, head)
        await support.assert_each_was_applied_once(store_url, await relaying.whole_log(store))


@pytest.mark.slow
async def test_each_event_is_applied_once_when_servers_are_killed(
    killable_postgres: PostgresServer, killable_store_url: str, killable_nats: NatsServer
) -> None:
    url, nats_url = killable_store_url, killable_nats.url

    async def append_all(store: PostgresEventStore, stream: str) -> None:
        for _ in range(40):
            await relaying.append_surely(store, 50, stream=stream)
            await asyncio.sleep(0.02)

    async with PostgresEventStore.connect(url, timeout_seconds=5) as store:
        async with relaying.relaying(url, nats_url), support.projecting(url, nats_url):
            async with asyncio.TaskGroup() as tasks:
                for n in (1, 2):
                    tasks.create_task(append_all(store, f"count-{n}"))
                for server in (killable_nats, killable_postgres) * 2:
                    await asyncio.sleep(0.3)
                    await server.kill()
                    await server.start()
            await support.projected(url, 4000)
        await support.assert_each_was_applied_once(url, await relaying.whole_log(store))


async def test_it_resumes_after_its_checkpoint(store_url: str, nats_url: str) -> None:
    async with (
        PostgresEventStore.connect(store_url) as store,
        relaying.relaying(store_url, nats_url),
    ):
        for _ in range(3):
            head = await relaying.append(store, 40)
            async with support.projecting(store_url, nats_url):
                await support.projected(store_url, head)
        await support.assert_each_was_applied_once(store_url, await relaying.whole_log(store))


async def test_two_projectors_of_one_name_apply_each_event_once(
    store_url: str, nats_url: str
) -> None:
    async with (
        PostgresEventStore.connect(store_url) as store,
        relaying.relaying(store_url, nats_url),
        support.projecting(store_url, nats_url, seed=1),
        support.projecting(store_url, nats_url, seed=2),
    ):
        for _ in range(10):
            head = await relaying.append(store, 40)
            await asyncio.sleep(0.02)
        await support.projected(store_url, head)
        await support.assert_each_was_applied_once(store_url, await relaying.whole_log(store))


async def test_a_stream_that_went_back_and_came_again_is_no_trouble(
    store_url: str, nats_url: str
) -> None:
    async with (
        PostgresEventStore.connect(store_url) as store,
        support.projecting(store_url, nats_url),
    ):
        async with relaying.relaying(store_url, nats_url):
            await support.projected(store_url, await relaying.append(store, 60))
        client = await nats.connect(nats_url)
        await client.jetstream().delete_stream(wire.STREAM)
        await client.close()
        head = await relaying.append(store, 60, stream="count-2")
        async with relaying.relaying(store_url, nats_url):
            await support.projected(store_url, head)
        await support.assert_each_was_applied_once(store_url, await relaying.whole_log(store))


async def test_a_nats_that_was_restored_from_an_older_copy_is_no_trouble(
    store_url: str, killable_nats: NatsServer, tmp_path: Path
) -> None:
    copy, store_folder = tmp_path / "copy", killable_nats.folder / "jetstream"
    async with (
        PostgresEventStore.connect(store_url) as store,
        relaying.relaying(store_url, killable_nats.url),
        support.projecting(store_url, killable_nats.url),
    ):
        await support.projected(store_url, await relaying.append(store, 50))
        await killable_nats.kill()
        await asyncio.to_thread(shutil.copytree, store_folder, copy)
        await killable_nats.start()
        await support.projected(store_url, await relaying.append(store, 50, stream="count-2"))
        await killable_nats.kill()
        await asyncio.to_thread(shutil.rmtree, store_folder)
        await asyncio.to_thread(shutil.copytree, copy, store_folder)
        await killable_nats.start()
        await support.projected(store_url, await relaying.append(store, 50, stream="count-3"))
        await relaying.assert_the_stream_is_the_log(store, killable_nats.url)
        await support.assert_each_was_applied_once(store_url, await relaying.whole_log(store))


@pytest.mark.parametrize("holes", [[3], [1, 2], [4, 5, 6, 9], [10], list(range(1, 11))])
async def test_a_hole_in_the_stream_is_filled_from_the_log(
    store_url: str, nats_url: str, holes: list[int]
) -> None:
    async with PostgresEventStore.connect(store_url) as store:
        await relaying.append(store, 10)
        await relaying.holed_stream(nats_url, store, holes)
        async with support.projecting(store_url, nats_url):
            await support.projected(store_url, 10)
        await support.assert_each_was_applied_once(store_url, await relaying.whole_log(store))


async def test_without_a_log_a_hole_in_the_stream_is_said_and_waited_out(
    store_url: str, nats_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    missing = "position 3 is missing: the stream goes on with 4"

    async def said() -> bool:
        return any(missing in message for message in caplog.messages)

    async with PostgresEventStore.connect(store_url) as store:
        await relaying.append(store, 5)
        await relaying.holed_stream(nats_url, store, [3])
        async with support.projecting(store_url, nats_url, with_log=False):
            await relaying.until(said)
            await support.projected(store_url, 2)
        log = await relaying.whole_log(store)
        await support.assert_each_was_applied_once(store_url, log[:2])


async def test_a_relay_that_stands_still_is_noticed(
    store_url: str, nats_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    async def said() -> bool:
        return "waiting for the relay: the stream is behind the log" in caplog.messages

    async with PostgresEventStore.connect(store_url) as store:
        async with relaying.relaying(store_url, nats_url):
            await relaying.relayed(nats_url, await relaying.append(store, 2))
        await relaying.append(store, 2)
        async with support.projecting(store_url, nats_url):
            await relaying.until(said)
            async with relaying.relaying(store_url, nats_url):
                await support.projected(store_url, 4)


async def test_a_log_that_went_back_is_refused(store_url: str, nats_url: str) -> None:
    async with PostgresEventStore.connect(store_url) as store:
        async with relaying.relaying(store_url, nats_url):
            await relaying.relayed(nats_url, await relaying.append(store, 5))
        async with support.projecting(store_url, nats_url):
            await support.projected(store_url, 5)
    session = support.projector_session(store_url, nats_url, projection=StreamTotals())
    async with (
        PostgresReadModel.open(store_url, StreamTotals()) as model,
        model.transaction() as connection,
    ):
        await connection.execute(sa.update(checkpoints).values(position=6))
    with pytest.raises(LogWentBack, match="is at position 6, the log ends at 5"):
        async with asyncio.timeout(relaying.PATIENCE_SECONDS):
            await projector.run(session, random=seeded(1))


async def test_a_foreign_message_is_never_applied(store_url: str, nats_url: str) -> None:
    async with PostgresEventStore.connect(store_url) as store:
        async with relaying.relaying(store_url, nats_url):
            await relaying.relayed(nats_url, await relaying.append(store, 2))
        client = await nats.connect(nats_url)
        await client.jetstream().publish("events.count.count-1.Forged", b"{}")
        await client.close()
        session = support.projector_session(store_url, nats_url, projection=StreamTotals())
        with pytest.raises(ForeignMessage, match="Content-Type is missing"):
            async with asyncio.timeout(relaying.PATIENCE_SECONDS):
                await projector.run(session, random=seeded(1))
        await support.projected(store_url, 2)
        await support.assert_each_was_applied_once(store_url, await relaying.whole_log(store))


async def test_what_is_damaged_on_the_stream_is_read_from_the_log(
    store_url: str, nats_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The first, in the midst, two in a row, the last; said each time, and nothing is left out."""
    damage = {1: "body", 3: "headers", 6: "position", 7: "body", 9: "position"}
    async with PostgresEventStore.connect(store_url) as store:
        await relaying.append(store, 9)
        await relaying.damaged_stream(nats_url, store, damage)
        strangers: list[None] = []
        session = support.projector_session(
            store_url,
            nats_url,
            projection=StreamTotals(),
            count_stranger=lambda: strangers.append(None),
        )
        async with relaying.running(projector.run(session, random=seeded(1))):
            await support.projected(store_url, 9)
        await support.assert_each_was_applied_once(store_url, await relaying.whole_log(store))
    said = [one.getMessage() for one in caplog.records if one.levelno == logging.ERROR]
    assert len(strangers) == len(said) == len(damage)
    for sequence, message in zip(damage, said, strict=True):
        assert f"sequence {sequence}, is not one of the log's" in message


class Fragile(StreamTotals):
    """Fails at one position, for as long as it is told to."""

    identity = identity_of(StreamTotals())

    def __init__(self, position: int, *, times: int) -> None:
        self.position = Position(position)
        self.times = times

    async def apply(self, connection: AsyncConnection, events: Sequence[RecordedEvent]) -> None:
        await super().apply(connection, events)
        if self.times and any(event.position == self.position for event in events):
            self.times -= 1
            await connection.execute(sa.text("select 1/0"))


async def test_an_event_that_cannot_be_projected_stops_it_there(
    store_url: str, nats_url: str
) -> None:
    async with PostgresEventStore.connect(store_url) as store:
        async with relaying.relaying(store_url, nats_url):
            await relaying.relayed(nats_url, await relaying.append(store, 10))
        log = await relaying.whole_log(store)
        poison = Fragile(7, times=-1)
        session = support.projector_session(store_url, nats_url, projection=poison)
        with pytest.raises(ProjectionFailed, match=r"position 7 .* division by zero"):
            async with asyncio.timeout(relaying.PATIENCE_SECONDS):
                await projector.run(session, random=seeded(1))
        await support.assert_each_was_applied_once(store_url, log[:6])
        async with support.projecting(store_url, nats_url):
            await support.projected(store_url, 10)
        await support.assert_each_was_applied_once(store_url, log)


async def test_a_projection_that_fails_for_a_while_is_tried_again(
    store_url: str, nats_url: str
) -> None:
    async with PostgresEventStore.connect(store_url) as store:
        async with relaying.relaying(store_url, nats_url):
            await relaying.relayed(nats_url, await relaying.append(store, 10))
        async with support.projecting(store_url, nats_url, projection=Fragile(7, times=3)):
            await support.projected(store_url, 10)
        await support.assert_each_was_applied_once(store_url, await relaying.whole_log(store))

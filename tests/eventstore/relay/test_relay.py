from __future__ import annotations

import asyncio
import logging

import nats
import pytest

from eventstore import wire
from eventstore.errors import ConfigError, StreamDiverged
from eventstore.migrate import migrate
from eventstore.postgres.store import PostgresEventStore
from eventstore.relay import relay
from tests.support import relaying as support
from tests.support.seeded import seeded
from verification.cluster.nats import NatsServer
from verification.cluster.postgres import PostgresServer

pytestmark = pytest.mark.stack


async def run_until_it_gives_up(store_url: str, nats_url: str) -> None:
    session = support.relay_session(store_url, nats_url)
    async with asyncio.timeout(support.PATIENCE_SECONDS):
        await relay.run(session, random=seeded(1))


async def test_the_stream_becomes_the_log(store_url: str, nats_url: str) -> None:
    async with PostgresEventStore.connect(store_url) as store:
        head = await support.append(store, 1000)
        async with support.relaying(store_url, nats_url):
            await support.relayed(nats_url, head)
            head = await support.append(store, 3, stream="count-2")
            await support.relayed(nats_url, head)
        await support.assert_the_stream_is_the_log(store, nats_url)


@pytest.mark.slow
async def test_nothing_is_lost_doubled_or_reordered_when_servers_are_killed(
    killable_postgres: PostgresServer, killable_store_url: str, killable_nats: NatsServer
) -> None:
    async with PostgresEventStore.connect(killable_store_url, timeout_seconds=5) as store:

        async def append_all(stream: str) -> None:
            for _ in range(50):
                await support.append_surely(store, 50, stream=stream)
                await asyncio.sleep(0.02)

        async with support.relaying(killable_store_url, killable_nats.url):
            async with asyncio.TaskGroup() as tasks:
                appends = [tasks.create_task(append_all(f"count-{n}")) for n in (1, 2)]
                for server in (killable_nats, killable_postgres) * 2:
                    await asyncio.sleep(0.3)
                    await server.kill()
                    await server.start()
            assert all(task.done() for task in appends)
            await support.relayed(killable_nats.url, 5000)
        await support.assert_the_stream_is_the_log(store, killable_nats.url)


async def test_two_relays_without_a_lease_are_safe(store_url: str, nats_url: str) -> None:
    async with PostgresEventStore.connect(store_url) as store:
        async with (
            support.relaying(store_url, nats_url, seed=1),
            support.relaying(store_url, nats_url, seed=2),
        ):
            for _ in range(20):
                head = await support.append(store, 40)
                await asyncio.sleep(0.01)
            await support.relayed(nats_url, head)
        await support.assert_the_stream_is_the_log(store, nats_url)


async def test_a_lost_stream_is_made_again_from_the_log(
    store_url: str, nats_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with PostgresEventStore.connect(store_url) as store:
        head = await support.append(store, 300)
        async with support.relaying(store_url, nats_url):
            await support.relayed(nats_url, head)
            client = await nats.connect(nats_url)
            await client.jetstream().delete_stream(wire.STREAM)
            await client.close()
            await support.relayed(nats_url, head)
        await support.assert_the_stream_is_the_log(store, nats_url)
    assert caplog.messages.count("created the stream") == 2


async def test_a_stream_of_another_log_is_refused(
    postgres_server: PostgresServer, store_url: str, nats_url: str
) -> None:
    async with PostgresEventStore.connect(store_url) as store:
        head = await support.append(store, 5)
        async with support.relaying(store_url, nats_url):
            await support.relayed(nats_url, head)
    other_url = await postgres_server.create_database("another_log")
    try:
        await migrate(other_url)
        async with PostgresEventStore.connect(other_url) as other:
            with pytest.raises(StreamDiverged, match="at sequence 5, the log ends before it"):
                await run_until_it_gives_up(other_url, nats_url)
            await support.append(other, 7)
            with pytest.raises(StreamDiverged, match="sequence 5 holds event"):
                await run_until_it_gives_up(other_url, nats_url)
    finally:
        await postgres_server.drop_database("another_log")


async def test_a_stream_that_somebody_else_published_to_is_refused(
    store_url: str, nats_url: str
) -> None:
    async with PostgresEventStore.connect(store_url) as store:
        head = await support.append(store, 2)
        async with support.relaying(store_url, nats_url):
            await support.relayed(nats_url, head)
            client = await nats.connect(nats_url)
            await client.jetstream().publish("events.count.count-1.Forged", b"{}")
            await client.close()
        await support.append(store, 2)
        with pytest.raises(StreamDiverged, match="somebody else published"):
            await run_until_it_gives_up(store_url, nats_url)


async def test_a_stream_that_cannot_carry_the_log_is_refused(store_url: str, nats_url: str) -> None:
    client = await nats.connect(nats_url)
    await client.jetstream().add_stream(name=wire.STREAM, subjects=["events.order.>"])
    await client.close()
    with pytest.raises(ConfigError, match=r"takes \['events.order.>'\], not events.> alone"):
        await run_until_it_gives_up(store_url, nats_url)


async def test_a_stream_whose_place_is_taken_is_refused(store_url: str, nats_url: str) -> None:
    client = await nats.connect(nats_url)
    await client.jetstream().add_stream(name="OTHER", subjects=["events.>"])
    await client.close()
    with pytest.raises(ConfigError, match="refuses to create the stream EVENTS"):
        await run_until_it_gives_up(store_url, nats_url)


async def test_it_waits_for_servers_that_are_not_there_yet(
    store_url: str, killable_nats: NatsServer
) -> None:
    await killable_nats.kill()
    async with PostgresEventStore.connect(store_url) as store:
        head = await support.append(store, 2)
        async with support.relaying(store_url, killable_nats.url):
            await asyncio.sleep(0.2)
            await killable_nats.start()
            await support.relayed(killable_nats.url, head)


async def test_a_paused_nats_is_waited_out(store_url: str, killable_nats: NatsServer) -> None:
    async with PostgresEventStore.connect(store_url) as store:
        async with support.relaying(store_url, killable_nats.url):
            await support.relayed(killable_nats.url, await support.append(store, 2))
            await killable_nats.pause()
            head = await support.append(store, 40)
            await asyncio.sleep(0.3)
            await killable_nats.resume()
            await support.relayed(killable_nats.url, head)
        await support.assert_the_stream_is_the_log(store, killable_nats.url)


async def test_a_stream_that_holds_a_beginning_is_continued(store_url: str, nats_url: str) -> None:
    async with PostgresEventStore.connect(store_url) as store:
        await support.append(store, 2)
        async with support.publisher(nats_url) as stream:
            await stream.create()
            await stream.publish(support.messages(await store.read_log(limit=1)))
        async with support.relaying(store_url, nats_url):
            await support.relayed(nats_url, 2)
        await support.assert_the_stream_is_the_log(store, nats_url)

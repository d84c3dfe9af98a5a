from __future__ import annotations

import logging
import shutil
from pathlib import Path

import nats
import pytest
from nats.js.api import StreamConfig

from eventstore import wire
from eventstore.epoch import Epoch
from eventstore.jetstream import connect
from eventstore.postgres.store import PostgresEventStore
from eventstore.relay.jetstream_stream import Inspection, create, inspect, replace
from tests.support import relaying as support
from verification.cluster.nats import NatsServer

pytestmark = pytest.mark.stack


async def looked_at(nats_url: str) -> Inspection | None:
    async with connect(nats_url, name="test") as connection:
        return await inspect(connection)


async def inspected(nats_url: str) -> Inspection:
    found = await looked_at(nats_url)
    assert found is not None
    return found


async def made_by_somebody(nats_url: str, *, max_msgs: int = -1) -> None:
    """A stream that carries the log and, other than one of ours, lets messages be deleted."""
    client = await nats.connect(nats_url)
    config = StreamConfig(name=wire.STREAM, subjects=[wire.SUBJECTS], max_msgs=max_msgs)
    await client.jetstream().add_stream(config)
    await client.close()


async def heal_what(
    harm: str, store_url: str, nats_url: str, caplog: pytest.LogCaptureFixture
) -> Inspection:
    """Harm a stream of 300 events under a relay; return the stream it made of that."""
    caplog.set_level(logging.INFO)
    await made_by_somebody(nats_url)
    async with PostgresEventStore.connect(store_url) as store:
        head = await support.append(store, 300)
        async with support.relaying(store_url, nats_url):
            await support.relayed(nats_url, head)
            client = await nats.connect(nats_url)
            api = client.jetstream()
            match harm:
                case "purge":
                    await api.purge_stream(wire.STREAM)
                case "end":
                    await api.delete_msg(wire.STREAM, head)
                case _:
                    await api.delete_msg(wire.STREAM, 17)
            await client.close()

            async def healed() -> bool:
                found = await looked_at(nats_url)  # none just while it is made anew
                return (
                    found is not None
                    and found.state.last_sequence == head
                    and not found.state.missing
                )

            await support.until(healed)
        await support.assert_the_stream_is_the_log(store, nats_url)
    return await inspected(nats_url)


@pytest.mark.parametrize(("harm", "lost"), [("middle", 1), ("end", 1), ("purge", 300)])
async def test_lost_messages_are_noticed_and_the_stream_made_anew(
    harm: str, lost: int, store_url: str, nats_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    found = await heal_what(harm, store_url, nats_url, caplog)
    said = [message for message in caplog.messages if "made the stream anew" in message]
    assert said == [f"made the stream anew, to fill it from the log: it had lost {lost} messages"]
    assert found.reason == f"it had lost {lost} messages"
    assert found.epoch == Epoch(), "the same events"


async def test_what_a_limit_removed_is_not_missing(store_url: str, nats_url: str) -> None:
    await made_by_somebody(nats_url, max_msgs=10)
    async with PostgresEventStore.connect(store_url) as store:
        head = await support.append(store, 50)
        async with support.relaying(store_url, nats_url):
            await support.relayed(nats_url, head)
    found = await inspected(nats_url)
    assert (found.first, found.state.last_sequence, found.state.missing) == (41, 50, 0)


async def test_an_old_copy_of_the_stream_gets_the_rest(
    store_url: str,
    killable_nats: NatsServer,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    data, copy = killable_nats.folder / "jetstream", tmp_path / "copy"
    async with PostgresEventStore.connect(store_url) as store:
        async with support.relaying(store_url, killable_nats.url):
            await support.relayed(killable_nats.url, await support.append(store, 40))
            await killable_nats.kill()
            shutil.copytree(data, copy)
            await killable_nats.start()
            head = await support.append(store, 60)
            await support.relayed(killable_nats.url, head)
            await killable_nats.kill()
            shutil.rmtree(data)
            shutil.copytree(copy, data)
            await killable_nats.start()
            await support.relayed(killable_nats.url, head)
        await support.assert_the_stream_is_the_log(store, killable_nats.url)
    went_back = "JetStream went back from sequence 100 to 40: publishing what it lost again"
    assert went_back in caplog.messages


async def test_a_stream_that_is_made_anew_begins_where_it_began(
    store_url: str, nats_url: str
) -> None:
    async with PostgresEventStore.connect(store_url) as store:
        head = await support.append(store, 30)
        async with connect(nats_url, name="test") as connection:
            await create(connection, replicas=1, first=21)
            await replace(connection, reason="a test")
        async with support.relaying(store_url, nats_url):
            await support.relayed(nats_url, head)
    found = await inspected(nats_url)
    assert (found.first, found.begins_at, found.reason) == (21, 21, "a test")


async def test_a_stream_can_begin_late(store_url: str, nats_url: str) -> None:
    async with PostgresEventStore.connect(store_url) as store:
        head = await support.append(store, 30)
        async with connect(nats_url, name="test") as connection:
            await create(connection, replicas=1, first=21)
        async with support.relaying(store_url, nats_url):
            await support.relayed(nats_url, head)
    found = await inspected(nats_url)
    assert (found.first, found.state.last_sequence, found.state.missing) == (21, 30, 0)
    assert min(sequence for sequence, _ in await support.stream_content(nats_url)) == 21

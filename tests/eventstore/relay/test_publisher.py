from __future__ import annotations

import asyncio
from uuid import UUID

import msgspec
import nats
import pytest

from eventstore import wire
from eventstore.encoding import DATA_BYTES_MAX, METADATA_BYTES_MAX, TAGS_MAX
from eventstore.errors import PublishRefused, PublishUnanswered, StreamUnavailable
from eventstore.jetstream import connect
from eventstore.relay.ports import LastMessage, StreamState
from eventstore.stream import Position, StreamName
from tests.support.recorded import log, recorded
from tests.support.relaying import messages, publisher, stream_content
from verification.cluster.nats import NatsServer

pytestmark = pytest.mark.stack

MANY = 40
"""So many that they go as a batch, where the server takes one."""


async def test_without_a_stream_there_is_nothing_to_inspect(nats_url: str) -> None:
    async with publisher(nats_url) as stream:
        assert await stream.inspect() is None
        await stream.create()
        await stream.create()
        assert await stream.inspect() == StreamState(last_sequence=0, last=None)


@pytest.mark.parametrize("events", [1, 7, 24, 25, MANY])
async def test_a_window_and_a_batch_store_the_same(nats_url: str, events: int) -> None:
    async with publisher(nats_url) as stream:
        await stream.create()
        await stream.inspect()
        await stream.publish(messages(log(events)))
        last = LastMessage(position=Position(events), event_id=UUID(int=events))
        assert await stream.inspect() == StreamState(last_sequence=events, last=last)
    assert await stream_content(nats_url) == [(event.position, event) for event in log(events)]


async def test_publishes_may_overlap(nats_url: str) -> None:
    events = log(3 * MANY)
    async with publisher(nats_url) as stream:
        await stream.create()
        await stream.inspect()
        parts = [events[:MANY], events[MANY : MANY + 5], events[MANY + 5 :]]
        await asyncio.gather(*(stream.publish(messages(part)) for part in parts))
    assert [sequence for sequence, _ in await stream_content(nats_url)] == list(
        range(1, len(events) + 1)
    )


@pytest.mark.parametrize("events", [3, MANY])
async def test_what_does_not_follow_the_last_message_is_refused(nats_url: str, events: int) -> None:
    async with publisher(nats_url) as stream:
        await stream.create()
        await stream.inspect()
        await stream.publish(messages(log(2)))
        with pytest.raises(PublishRefused, match="wrong last sequence: 2") as caught:
            await stream.publish(messages(log(events + 9)[9:]))
        assert caught.value.last_sequence == 2
    assert len(await stream_content(nats_url)) == 2


@pytest.mark.parametrize("events", [5, MANY])
async def test_what_was_published_before_is_stored_once(nats_url: str, events: int) -> None:
    async with publisher(nats_url) as stream:
        await stream.create()
        await stream.inspect()
        await stream.publish(messages(log(2)))
        with pytest.raises(PublishRefused):
            await stream.publish(messages(log(events)))
    content = await stream_content(nats_url)
    assert content == [(event.position, event) for event in log(len(content))]


async def test_without_a_stream_a_publish_is_refused(nats_url: str) -> None:
    async with publisher(nats_url) as stream:
        with pytest.raises(PublishRefused, match="no stream takes it"):
            await stream.publish(messages(log(1)))


async def test_a_stream_without_batches_gets_windows(nats_url: str) -> None:
    client = await nats.connect(nats_url)
    await client.jetstream().add_stream(name=wire.STREAM, subjects=[wire.SUBJECTS])
    await client.close()
    async with publisher(nats_url) as stream:
        await stream.inspect()
        await stream.publish(messages(log(MANY)))
    assert len(await stream_content(nats_url)) == MANY


async def test_the_largest_event_that_a_store_takes_can_be_carried(nats_url: str) -> None:
    name = "." * 120 + "-" + "." * 134
    largest = msgspec.structs.replace(
        recorded(1),
        stream=StreamName(name),
        type="*" * 255,
        data="x" * (DATA_BYTES_MAX - 2),
        metadata={"k": "é" * (METADATA_BYTES_MAX // 2 - 4)},
        tags=tuple(f"{number:x}" + "é" * 127 for number in range(TAGS_MAX)),
    )
    assert len(msgspec.json.encode(largest.data)) == DATA_BYTES_MAX
    assert len(msgspec.json.encode(largest.metadata)) == METADATA_BYTES_MAX
    async with publisher(nats_url) as stream:
        await stream.create()
        await stream.publish(messages([largest]))
    assert await stream_content(nats_url) == [(1, largest)]


async def test_large_events_are_published_in_portions(nats_url: str) -> None:
    large = [msgspec.structs.replace(event, data="x" * 300_000) for event in log(MANY)]
    async with publisher(nats_url) as stream:
        await stream.create()
        await stream.inspect()
        await stream.publish(messages(large))
    assert await stream_content(nats_url) == [(event.position, event) for event in large]


async def test_an_event_above_the_servers_limit_is_refused_and_what_is_before_it_stored(
    nats_url: str,
) -> None:
    events = log(MANY)
    events[-1] = msgspec.structs.replace(events[-1], data="x" * 2_000_000)
    async with publisher(nats_url) as stream:
        await stream.create()
        await stream.inspect()
        for left in (events, events[-1:]):
            with pytest.raises(PublishRefused, match="raise its max_payload"):
                await stream.publish(messages(left))
            state = await stream.inspect()
            assert state is not None
            assert state.last_sequence == MANY - 1


async def test_a_server_that_stands_still_is_not_waited_for(killable_nats: NatsServer) -> None:
    async with publisher(killable_nats.url, ack_seconds=0.3) as stream:
        await stream.create()
        await killable_nats.pause()
        with pytest.raises(PublishUnanswered, match=r"sequence 1 within 0\.3 s"):
            await stream.publish(messages(log(2)))
        with pytest.raises(StreamUnavailable, match="cannot inspect the stream EVENTS"):
            await stream.inspect()
        await killable_nats.resume()


async def test_a_lost_connection_is_said_at_once_and_stays_lost(killable_nats: NatsServer) -> None:
    async with publisher(killable_nats.url) as stream:
        await stream.create()
        await killable_nats.kill()
        for alarm in stream.alarms:
            with pytest.raises(StreamUnavailable, match="is lost"):
                await asyncio.wait_for(alarm, 20)
        await killable_nats.start()
        with pytest.raises(StreamUnavailable, match="connection"):
            await stream.publish(messages(log(1)))
        with pytest.raises(StreamUnavailable, match="connection"):
            await stream.inspect()


async def test_no_password_is_in_an_error() -> None:
    with pytest.raises(StreamUnavailable) as caught:
        async with connect("nats://user:hidden-password@127.0.0.1:1", name="test"):
            pass
    assert "hidden-password" not in str(caught.value)
    assert "127.0.0.1:1" in str(caught.value)


@pytest.mark.parametrize("lost", [101, 102, 163, 164, 165, 299])
async def test_a_message_that_is_lost_on_the_way_is_noticed(nats_url: str, lost: int) -> None:
    before, rest = messages(log(100)), messages(log(300)[100:])
    async with publisher(nats_url) as stream:
        await stream.create()
        await stream.publish(before)
        with pytest.raises(PublishRefused, match="wrong last sequence"):
            await stream.publish([one for one in rest if one.position != lost])
        state = await stream.inspect()
        assert state is not None
        assert state.last_sequence == lost - 1

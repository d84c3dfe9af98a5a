from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from nats.js.api import AckPolicy, ConsumerConfig

from eventstore import jetstream
from eventstore.dataplane.frames import Message
from eventstore.dataplane.opening import connect
from eventstore.dataplane.pulling import Delivered, Pull, delivered
from eventstore.errors import ForeignMessage, StreamUnavailable
from tests.support.relaying import until

STREAM = "PULLED"


def message(reply: bytes) -> Message:
    return Message(1, b"events.a.a-1.X", reply, b"", b"")


@pytest.mark.parametrize(
    "reply",
    [
        b"$JS.ACK.EVENTS.consumer.1.41.7.1700000000000000000.3",
        b"$JS.ACK.hub.ACCOUNT.EVENTS.consumer.1.41.7.1700000000000000000.3.random",
        b"$JS.ACK._.ACCOUNT.EVENTS.consumer.1.41.7.1700000000000000000.3",
    ],
)
def test_a_delivery_says_where_it_is(reply: bytes) -> None:
    assert delivered(message(reply)) == Delivered(sequence=41, ordinal=7, pending=3)


@pytest.mark.parametrize("reply", [b"", b"_INBOX.x", b"$JS.ACK.EVENTS.c.1.x.7.1.3", b"a." * 10])
def test_what_is_no_delivery_is_refused(reply: bytes) -> None:
    with pytest.raises(ForeignMessage, match="did not deliver it"):
        delivered(message(reply))


@asynccontextmanager
async def pulling(nats_url: str, messages: int) -> AsyncIterator[tuple[Pull, jetstream.Connection]]:
    """A pull of a stream that holds some messages."""
    async with (
        jetstream.connect(nats_url, name="test") as connection,
        connect(nats_url, name="test") as plane,
    ):
        await connection.api.add_stream(name=STREAM, subjects=["pulled"])
        for number in range(messages):
            await connection.api.publish("pulled", b"%d" % number)
        await connection.api.add_consumer(
            STREAM, ConsumerConfig(durable_name="c", ack_policy=AckPolicy.NONE)
        )
        yield Pull(plane, STREAM, "c"), connection


@pytest.mark.stack
async def test_no_more_than_was_asked_for_is_ever_here(nats_url: str) -> None:
    async with pulling(nats_url, 25) as (pull, connection):
        bodies: list[bytes] = []
        while len(bodies) < 25:
            await pull.wait(10, 1.0)
            assert 0 < len(pull.arrived) <= 10
            places = [delivered(message) for message in pull.arrived]
            assert [place.ordinal for place in places] == [place.sequence for place in places]
            bodies += [pull.arrived.popleft().body for _ in range(len(pull.arrived))]
        assert bodies == [b"%d" % number for number in range(25)]
        info = await connection.api.consumer_info(STREAM, "c")
        assert info.num_pending == 0


@pytest.mark.stack
async def test_who_does_not_take_is_sent_no_more(nats_url: str) -> None:
    async with pulling(nats_url, 25) as (pull, connection):
        for _ in range(5):
            await pull.wait(10, 0.1)

        async def all_arrived() -> bool:
            return len(pull.arrived) == 10

        await until(all_arrived)
        assert (await connection.api.consumer_info(STREAM, "c")).num_pending == 15


@pytest.mark.stack
async def test_a_consumer_that_is_gone_is_noticed_after_what_it_had_sent(nats_url: str) -> None:
    async with pulling(nats_url, 3) as (pull, connection):
        await pull.wait(10, 1.0)
        await connection.api.delete_consumer(STREAM, "c")

        async def take_for_ever() -> None:
            while True:
                await pull.wait(10, 0.2)
                pull.arrived.clear()

        with pytest.raises(StreamUnavailable, match="the consumer c is gone"):
            await asyncio.wait_for(take_for_ever(), 10)


@pytest.mark.stack
async def test_silence_is_no_error(nats_url: str) -> None:
    async with pulling(nats_url, 0) as (pull, connection):
        await pull.wait(10, 0.05)
        assert not pull.arrived
        await connection.api.publish("pulled", b"late")
        await pull.wait(10, 5.0)
        assert [message.body for message in pull.arrived] == [b"late"]

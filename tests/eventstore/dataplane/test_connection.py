"""The data plane on a real NATS server: what is sent arrives, and what is lost says so."""

from __future__ import annotations

import asyncio
import socket

import pytest

from eventstore.dataplane.connection import DataPlane
from eventstore.dataplane.frames import Message, publish_with_headers_frame
from eventstore.dataplane.opening import connect
from eventstore.errors import StreamUnavailable
from verification.cluster.nats import NatsServer

pytestmark = pytest.mark.stack

PATIENCE_SECONDS = 20.0


async def gathered(plane: DataPlane, subject: str, amount: int) -> asyncio.Future[list[Message]]:
    """Listen to a subject until so many messages came."""
    messages: list[Message] = []
    done: asyncio.Future[list[Message]] = asyncio.get_running_loop().create_future()

    def take(message: Message) -> None:
        messages.append(message)
        if len(messages) == amount:
            done.set_result(messages)

    plane.subscribe(subject, take)
    await plane.answered()
    return done


async def test_messages_arrive_in_order_with_headers_reply_and_body(nats_url: str) -> None:
    async with connect(nats_url, name="one") as plane, connect(nats_url, name="two") as other:
        done = await gathered(plane, "plane.test.*", 2001)
        other.publish("plane.test.first", b"", reply="answer.here")
        for number in range(2000):
            other.write(
                publish_with_headers_frame(
                    b"plane.test.%d" % number, b"N: %d\r\n" % number, b"x" * number
                )
            )
            await other.drained(PATIENCE_SECONDS)
        messages = await asyncio.wait_for(done, PATIENCE_SECONDS)
    assert messages[0].reply == b"answer.here"
    assert messages[0].headers == b""
    assert [len(message.body) for message in messages[1:]] == list(range(2000))
    assert messages[1001].headers == b"NATS/1.0\r\nN: 1000\r\n\r\n"


async def test_an_ended_subscription_gets_nothing_more(nats_url: str) -> None:
    async with connect(nats_url, name="one") as plane:
        heard: list[bytes] = []
        number = plane.subscribe("ended", lambda message: heard.append(message.body))
        plane.publish("ended", b"before")
        await plane.answered()
        plane.unsubscribe(number)
        plane.publish("ended", b"after")
        await plane.answered()
    assert heard == [b"before"]


async def test_the_server_says_how_large_a_message_may_be(nats_url: str) -> None:
    async with connect(nats_url, name="one") as plane:
        assert plane.info.max_payload >= 1024 * 1024


async def test_a_closed_connection_refuses_to_send(nats_url: str) -> None:
    async with connect(nats_url, name="one") as plane:
        pass
    with pytest.raises(StreamUnavailable, match="closed"):
        plane.publish("subject", b"")


async def test_a_handler_that_raises_ends_the_connection_with_its_reason(nats_url: str) -> None:
    def refuse(_: Message) -> None:
        raise ValueError("not mine")

    async with connect(nats_url, name="one") as plane:
        plane.subscribe("refused", refuse)
        plane.publish("refused", b"")
        with pytest.raises(StreamUnavailable, match="not mine"):
            await asyncio.wait_for(asyncio.shield(plane.lost), PATIENCE_SECONDS)


async def test_a_server_that_is_killed_is_noticed(killable_nats: NatsServer) -> None:
    async with connect(killable_nats.url, name="one") as plane:
        await killable_nats.kill()
        with pytest.raises(StreamUnavailable, match="is lost"):
            await asyncio.wait_for(asyncio.shield(plane.lost), PATIENCE_SECONDS)
        with pytest.raises(StreamUnavailable):
            await plane.drained(PATIENCE_SECONDS)


async def test_nobody_there_is_said_without_a_password() -> None:
    with pytest.raises(StreamUnavailable, match=r"127\.0\.0\.1:1") as caught:
        async with connect("nats://someone:secret@127.0.0.1:1", name="one"):
            pass
    assert "secret" not in str(caught.value)


async def test_a_server_that_greets_nobody_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(StreamUnavailable, match="does not answer"):
            async with connect(f"nats://127.0.0.1:{port}", name="one", timeout_seconds=0.2):
                pass

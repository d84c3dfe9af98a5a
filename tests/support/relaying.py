"""Relays and streams on real servers, for tests."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

import msgspec
import nats

from eventstore import wire, wire_bytes
from eventstore.errors import EventStoreError
from eventstore.event import Event, RecordedEvent
from eventstore.jetstream import connect
from eventstore.postgres.outgoing import PostgresOutgoingLog
from eventstore.relay import relay
from eventstore.relay.jetstream import JetStreamPublisher
from eventstore.relay.jetstream_stream import inspect
from eventstore.store import EventStore
from eventstore.stream import ANY, Position, StreamName
from eventstore.wire_bytes import WireBytes
from tests.support.seeded import seeded

PATIENCE_SECONDS = 60


@contextlib.asynccontextmanager
async def publisher(
    nats_url: str, *, ack_seconds: float = 5.0
) -> AsyncIterator[JetStreamPublisher]:
    async with JetStreamPublisher.open(nats_url, name="test", ack_seconds=ack_seconds) as made:
        yield made


def messages(events: Sequence[RecordedEvent]) -> list[WireBytes]:
    """Events as the relay publishes them."""
    return [wire_bytes.encode(event) for event in events]


def relay_session(store_url: str, nats_url: str) -> relay.OpenSession:
    """Sessions without a lease: what a relay does is right without one."""

    @contextlib.asynccontextmanager
    async def open_session() -> AsyncIterator[relay.Session]:
        async with (
            PostgresOutgoingLog.connect(store_url) as log,
            JetStreamPublisher.open(nats_url, name="test relay", epoch=log.epoch) as stream,
        ):
            yield relay.Session(log=log, stream=stream, alarms=stream.alarms)

    return open_session


@contextlib.asynccontextmanager
async def running(service: Awaitable[object]) -> AsyncIterator[asyncio.Future[object]]:
    """A service in the background: cancelled at the end, and an error of its own is raised."""
    task = asyncio.ensure_future(service)
    try:
        yield task
        if task.done():
            task.result()
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def relaying(
    store_url: str, nats_url: str, *, seed: int = 1
) -> contextlib.AbstractAsyncContextManager[asyncio.Future[object]]:
    return running(relay.run(relay_session(store_url, nats_url), random=seeded(seed)))


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait until a condition holds; servers may come and go meanwhile."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            with contextlib.suppress(EventStoreError):
                if await condition():
                    return
            await asyncio.sleep(0.05)


async def relayed(nats_url: str, position: int) -> None:
    """Wait until the stream's last sequence is a position."""

    async def reached() -> bool:
        async with connect(nats_url, name="test") as connection:
            found = await inspect(connection)
            return found is not None and found.state.last_sequence == position

    await until(reached)


async def append(store: EventStore, events: int, *, stream: str = "count-1") -> Position:
    batch = [Event(type="Counted", data={"n": n}) for n in range(events)]
    return (await store.append(StreamName(stream), batch, expected=ANY)).position


async def append_data(store: EventStore, stream: StreamName, data: object) -> Position:
    event = Event(type="Counted", data=data)
    return (await store.append(stream, [event], expected=ANY)).position


async def append_surely(store: EventStore, events: int, *, stream: str) -> None:
    """Append, repeating with the same ids until it is acknowledged."""
    batch = [Event(type="Counted", data={"n": n}) for n in range(events)]

    async def acknowledged() -> bool:
        await store.append(StreamName(stream), batch, expected=ANY)
        return True

    await until(acknowledged)


async def stream_content(nats_url: str) -> list[tuple[int, RecordedEvent]]:
    """All messages of the stream with their sequences, read message by message."""
    client = await nats.connect(nats_url)
    try:
        api = client.jetstream()
        state = (await api.stream_info(wire.STREAM)).state
        content = []
        for sequence in range(state.first_seq, state.last_seq + 1):
            message = await api.get_msg(wire.STREAM, sequence)
            event = wire.decode(message.subject or "", message.headers, message.data or b"")
            content.append((sequence, event))
        return content
    finally:
        await client.close()


async def whole_log(store: EventStore) -> list[RecordedEvent]:
    events: list[RecordedEvent] = []
    while page := await store.read_log(
        after=events[-1].position if events else Position(0), limit=1000
    ):
        events += page
    return events


async def assert_the_stream_is_the_log(store: EventStore, nats_url: str) -> None:
    log = await whole_log(store)
    assert await stream_content(nats_url) == [(event.position, event) for event in log]


async def damaged_stream(nats_url: str, store: EventStore, damage: Mapping[int, str]) -> None:
    """A stream of the whole log, some of whose messages cannot be read any more, or say another.

    What is wrong with a sequence is ``body``, ``headers`` or ``position``.
    """
    client = await nats.connect(nats_url)
    api = client.jetstream()
    await api.add_stream(name=wire.STREAM, subjects=[wire.SUBJECTS])
    for event in await whole_log(store):
        message = wire.encode(event)
        headers, body = dict(message.headers), message.body
        match damage.get(event.position):
            case "body":
                body = b'{"amount": '
            case "headers":
                del headers[wire.POSITION]
            case "position":
                headers = wire.encode(msgspec.structs.replace(event, position=10**9)).headers
        await api.publish(message.subject, body, headers=headers)
    await client.close()


async def holed_stream(nats_url: str, store: EventStore, holes: Sequence[int]) -> None:
    """A stream that lost messages in its midst, as a damaged file does."""
    client = await nats.connect(nats_url)
    api = client.jetstream()
    await api.add_stream(name=wire.STREAM, subjects=[wire.SUBJECTS])
    async with publisher(nats_url) as stream:
        await stream.publish(messages(await whole_log(store)))
    for sequence in holes:
        await api.delete_msg(wire.STREAM, sequence)
    await client.close()

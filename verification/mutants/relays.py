"""Bugs of a relay, as programs that take its place.

Both are what one writes first: poll the log above a cursor, publish what comes, go on. Neither asks
JetStream to refuse what does not follow. They survive the loss of either server, since a relay that
died would be convicted of the wrong thing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final, NoReturn

import nats.js.errors
from nats.js.api import StreamConfig
from nats.js.client import JetStreamContext

from eventstore import EventStore, EventStoreError, wire
from eventstore.event import RecordedEvent
from eventstore.jetstream import answered, connect
from eventstore.postgres.store import PostgresEventStore
from eventstore.stream import Position

__all__ = ["for_ever", "forgetful_relay", "naive_relay"]

_log = logging.getLogger(__name__)

POLL_SECONDS: Final = 0.01
RETRY_SECONDS: Final = 0.2
PAGE: Final = 100
FORGOTTEN: Final = 10
"""How many events behind its last publish the forgetful relay had saved its cursor."""


async def naive_relay(database_url: str, nats_url: str) -> NoReturn:
    """Poll ``position > cursor``: what commits later with a lower position is never seen."""
    await for_ever(lambda: _relay(database_url, nats_url, forgotten=0))


async def forgetful_relay(database_url: str, nats_url: str) -> NoReturn:
    """Save the cursor now and then: after a restart the last events are published once more."""
    await for_ever(lambda: _relay(database_url, nats_url, forgotten=FORGOTTEN))


async def for_ever(
    session: Callable[[], Awaitable[None]],
    *,
    breaks: tuple[type[Exception], ...] = (EventStoreError,),
) -> NoReturn:
    """Begin a session anew, a little later, when one of ``breaks`` ends it."""
    while True:
        try:
            await session()
        except breaks as error:
            _log.warning("beginning anew: %s", type(error).__name__)
        await asyncio.sleep(RETRY_SECONDS)


async def _relay(database_url: str, nats_url: str, *, forgotten: int) -> None:
    async with (
        PostgresEventStore.connect(database_url, pool_size=1) as store,
        connect(nats_url, name="mutant relay", timeout_seconds=2) as connection,
    ):
        with answered("publish"):
            cursor = max(0, await _last_position(connection.api) - forgotten)
            await _poll(store, connection.api, cursor)


async def _last_position(jetstream: JetStreamContext) -> int:
    """Return the position of the last message, of a stream that is made if there is none."""
    try:
        info = await jetstream.stream_info(wire.STREAM)
    except nats.js.errors.NotFoundError:
        config = StreamConfig(name=wire.STREAM, subjects=[wire.SUBJECTS], duplicate_window=0.1)
        info = await jetstream.add_stream(config)
    if not info.state.messages:
        return 0
    message = await jetstream.get_msg(wire.STREAM, info.state.last_seq)
    return int((message.headers or {})[wire.POSITION])


async def _poll(store: EventStore, jetstream: JetStreamContext, cursor: int) -> None:
    while True:
        page = await store.read_log(after=Position(cursor), limit=PAGE)
        for event in page:
            await _publish(jetstream, event)
            cursor = event.position
        if not page:
            await asyncio.sleep(POLL_SECONDS)


async def _publish(jetstream: JetStreamContext, event: RecordedEvent) -> None:
    message = wire.encode(event)
    await jetstream.publish(message.subject, message.body, headers=message.headers)

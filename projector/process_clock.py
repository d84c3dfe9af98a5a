"""Time as events: what a process manager goes by, so that what it does can be repeated.

A tick is an event ``ticked`` in a stream, every so many seconds. Its id is made of the stream and
the number of the tick since the epoch, so any number of clocks may run: each tick is in the log
once. A process manager goes by a tick's data, not by when it came.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final, NoReturn
from uuid import UUID, uuid5

from eventstore.errors import EventStoreError
from eventstore.event import Event
from eventstore.store import EventStore
from eventstore.stream import ANY, Position, StreamName, stream_name

__all__ = ["CLOCK", "TICKED", "keep_time", "tick"]

TICKED: Final = "ticked"
"""The type of the event; its data is ``{"time": SECONDS}``, since 1970."""

CLOCK: Final = stream_name("clock-1")

_NAMESPACE: Final = UUID("0a6d0f0c-9f0b-5a52-8d6a-2c4f7b1d9e31")
_LOG: Final = logging.getLogger("projector")


async def tick(
    store: EventStore, *, now: float, period_seconds: int = 60, stream: StreamName = CLOCK
) -> Position:
    """Append the tick that is due at ``now``, seconds since 1970, unless it is there already.

    Returns:
        Its position.

    Raises:
        As `EventStore.append`.
    """
    due = int(now // period_seconds) * period_seconds
    event = Event(
        type=TICKED,
        data={"time": due},
        id=uuid5(_NAMESPACE, f"{stream} {period_seconds} {due}"),
    )
    return (await store.append(stream, [event], expected=ANY)).position


async def keep_time(
    store: EventStore,
    *,
    period_seconds: int = 60,
    stream: StreamName = CLOCK,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> NoReturn:
    """Tick for ever, now and at every multiple of the period; a tick that fails is tried again."""
    while True:
        now = clock()
        try:
            await tick(store, now=now, period_seconds=period_seconds, stream=stream)
        except EventStoreError as error:
            _LOG.warning("no tick: %s; trying again", error)
            await sleep(min(1.0, period_seconds))
        else:
            await sleep(period_seconds - now % period_seconds)

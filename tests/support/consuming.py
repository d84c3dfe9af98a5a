"""Consumers on real servers, for tests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from eventstore.consumer import ConsumerSubscription, Selection, subscribe
from eventstore.consumer.epochs import EpochStore
from eventstore.event import RecordedEvent
from eventstore.store import EventStore
from eventstore.stream import Position
from tests.support.relaying import PATIENCE_SECONDS
from tests.support.seeded import seeded


def consumer(
    nats_url: str,
    store: EventStore | None,
    *,
    after: Position = Position(0),
    epochs: EpochStore | None = None,
    selection: Selection | None = None,
    page_size: int = 100,
    timeout_seconds: float = 5.0,
) -> ConsumerSubscription:
    """A subscription that loses its patience soon."""
    return subscribe(
        nats_url,
        store=store,
        after=after,
        epochs=epochs,
        selection=selection,
        page_size=page_size,
        patience_seconds=0.1,
        timeout_seconds=timeout_seconds,
        random=seeded(1),
    )


async def received(
    subscription: ConsumerSubscription,
    position: Position,
    *,
    between: Callable[[Position], Awaitable[None]] | None = None,
) -> list[RecordedEvent]:
    """Take deliveries until a position is reached; ``between`` may do harm after each."""
    events: list[RecordedEvent] = []
    async with asyncio.timeout(PATIENCE_SECONDS):
        while subscription.position < position:
            delivery = await anext(subscription)
            events += delivery.events
            if between is not None:
                await between(delivery.position)
    return events

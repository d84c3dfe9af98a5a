"""The load of a campaign: writers that append until they are acknowledged, and remember what was.

An append that failed is repeated with the same ids, as a client should, so that in the end every
append was acknowledged once; what the store then holds must be that, each event once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from random import Random
from typing import Final
from uuid import UUID

from checker.delivery import Acknowledged
from eventstore import Event, EventStore, EventStoreError, StreamName, stream_name
from eventstore.stream import ANY

__all__ = ["Load"]

WRITERS: Final = 4
STREAMS: Final = 6
BATCH_EVENTS_MAX: Final = 3
BURST_PROBABILITY: Final = 0.05
BURST_EVENTS_MAX: Final = 200
"""Now and then many at once, so that the relay is struck in the midst of windows and batches."""

THINK_SECONDS: Final = 0.03
RETRY_SECONDS: Final = 0.1


class Load:
    """Writers on some stores; ``acknowledged`` is what they were told. `over` ends them."""

    def __init__(self, stores: Sequence[EventStore], seed: int) -> None:
        self._stores = stores
        self._seed = seed
        self.over = asyncio.Event()
        self.acknowledged: list[Acknowledged] = []
        self.retries = 0

    async def run(self) -> None:
        """Write until `over` is set and everything that was begun is acknowledged."""
        async with asyncio.TaskGroup() as group:
            for number in range(WRITERS):
                group.create_task(self._write(number))

    async def _write(self, number: int) -> None:
        draw = Random(f"load/{self._seed}/{number}")  # noqa: S311 - traffic, not secrets
        store = self._stores[number % len(self._stores)]
        while not self.over.is_set():
            await asyncio.sleep(draw.expovariate(1 / THINK_SECONDS))
            stream = stream_name(f"load-{draw.randrange(STREAMS)}")
            most = BURST_EVENTS_MAX if draw.random() < BURST_PROBABILITY else BATCH_EVENTS_MAX
            events = [
                Event(id=UUID(int=draw.getrandbits(128), version=4), type="happened", data={"n": n})
                for n in range(draw.randint(1, most))
            ]
            await self._append(store, stream, events)

    async def _append(self, store: EventStore, stream: StreamName, events: list[Event]) -> None:
        while True:
            try:
                result = await store.append(stream, events, expected=ANY)
            except EventStoreError:
                self.retries += 1
                await asyncio.sleep(RETRY_SECONDS)
                continue
            self.acknowledged.append(
                Acknowledged(
                    operation=len(self.acknowledged),
                    stream=stream,
                    ids=tuple(str(event.id) for event in events),
                    position=result.position,
                )
            )
            return

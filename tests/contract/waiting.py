"""Read your writes: waiting until the log that is read has reached a position."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from eventstore import ANY, InvalidRequest, Position, PositionNotReached, stream_name
from eventstore.store import EventStore
from tests.support.stores import events

ORDER = stream_name("order-1")


class WaitingContract:
    async def test_what_is_there_already(self, store: EventStore) -> None:
        assert await store.wait_for(Position(0), 0) == 0
        appended = await store.append(ORDER, events(3), expected=ANY)
        assert await store.wait_for(appended.position, 0) == 3
        assert await store.wait_for(Position(1), 10) == 3

    async def test_what_is_not(self, store: EventStore) -> None:
        await store.append(ORDER, events(3), expected=ANY)
        for seconds in (0, 0.05):
            with pytest.raises(PositionNotReached) as caught:
                await store.wait_for(Position(4), seconds)
            assert caught.value.definite
            assert (caught.value.position, caught.value.head) == (4, 3)

    async def test_what_comes_while_waiting(self, store: EventStore) -> None:
        waiting = asyncio.ensure_future(store.wait_for(Position(4), 30))
        for _ in range(3):
            await store.append(ORDER, events(1), expected=ANY)
        await asyncio.sleep(0.01)
        assert not waiting.done()
        await store.append(ORDER, events(2), expected=ANY)
        assert await waiting == 5

    @pytest.mark.parametrize(
        ("position", "seconds"), [(-1, 1), (True, 1), (1, -1), (1, float("inf")), (1, float("nan"))]
    )
    async def test_what_cannot_be_waited_for(
        self, store: EventStore, position: Any, seconds: float
    ) -> None:
        with pytest.raises(InvalidRequest):
            await store.wait_for(position, seconds)

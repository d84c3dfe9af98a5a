"""What became of an append whose answer was lost: asked by its event ids."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from eventstore import (
    ABSENT,
    ANY,
    Appended,
    EventIdReused,
    InvalidRequest,
    Outcome,
    Position,
    StreamVersion,
    Write,
    stream_name,
)
from eventstore.store import EventStore
from tests.support.stores import events, ids, outcome

AT = StreamVersion
FIRST = stream_name("order-1")
SECOND = stream_name("order-2")


class OutcomeContract:
    async def test_of_nothing(self, store: EventStore) -> None:
        assert await store.outcome([uuid4()]) == Outcome(appended=None, head=Position(0))
        await store.append(FIRST, events(3), expected=ABSENT)
        assert await store.outcome([uuid4(), uuid4()]) == Outcome(appended=None, head=Position(3))

    async def test_of_an_append(self, store: EventStore) -> None:
        await store.append(SECOND, events(2), expected=ABSENT)
        batch = events(3)
        appended = await store.append(FIRST, batch, expected=ABSENT)
        await store.append(FIRST, events(1), expected=ANY)
        repeated = msgspec.structs.replace(appended, repeated=True)
        assert await store.outcome(ids(batch)) == Outcome(appended=(repeated,), head=Position(6))
        assert await store.append(FIRST, batch, expected=ABSENT) == repeated
        (part,) = (await store.outcome(ids(batch[1:2]))).appended or ()
        assert part == Appended(
            stream=FIRST, version=AT(2), position=Position(4), events=1, repeated=True
        )

    async def test_of_an_append_to_several_streams(self, store: EventStore) -> None:
        writes = [
            Write(stream=FIRST, events=events(2), expected=ABSENT),
            Write(stream=SECOND, events=events(1), expected=ABSENT),
        ]
        first = await store.append_all(writes)
        found = await store.outcome([i for w in writes for i in ids(w.events)])
        assert found.appended == tuple(msgspec.structs.replace(a, repeated=True) for a in first)

    @pytest.mark.parametrize("asked", ["1 new", "new 1", "2 1", "1 3", "2 4"])
    async def test_of_ids_that_are_no_append(self, store: EventStore, asked: str) -> None:
        batch = events(4)
        await store.append(FIRST, batch[:2], expected=ABSENT)
        await store.append(SECOND, batch[2:], expected=ABSENT)
        named = {"1": batch[0].id, "2": batch[1].id, "3": batch[2].id, "4": batch[3].id}
        asked_ids = [named.get(name, uuid4()) for name in asked.split()]
        with pytest.raises(EventIdReused) as caught:
            await store.outcome(asked_ids)
        assert caught.value.event_id == next(i for i in asked_ids if i in ids(batch))
        assert caught.value.stream == FIRST

    @pytest.mark.parametrize("asked", [[], ["x"], [uuid4()] * 2, [uuid4() for _ in range(1001)]])
    async def test_of_what_no_append_has(self, store: EventStore, asked: Any) -> None:
        with pytest.raises(InvalidRequest):
            await store.outcome(asked)

    async def test_it_stands_behind_appends_that_are_under_way(self, store: EventStore) -> None:
        """An append that was given up on is there when asked for, or never will be."""
        for number in range(30):
            batch = events(2)
            under_way = asyncio.ensure_future(
                outcome(store.append(stream_name(f"s-{number}"), batch, expected=ABSENT))
            )
            for _ in range(1 + number % 10):
                await asyncio.sleep(0)
            under_way.cancel()
            await asyncio.gather(under_way, return_exceptions=True)
            found = await store.outcome(ids(batch))
            await asyncio.sleep(0.002)
            version = await store.stream_version(stream_name(f"s-{number}"))
            assert version == (2 if found.appended else 0)

from __future__ import annotations

import datetime as dt

import pytest

from eventstore import ABSENT, stream_name
from eventstore.memory import MemoryEventStore
from tests.contract.event_store import EventStoreContract
from tests.support.stores import events


class TestMemoryEventStore(EventStoreContract):
    @pytest.fixture
    def store(self) -> MemoryEventStore:
        return MemoryEventStore()


async def test_the_clock_is_injected() -> None:
    noon = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
    store = MemoryEventStore(clock=lambda: noon)
    await store.append(stream_name("a-1"), events(1), expected=ABSENT)
    assert [event.recorded_at for event in await store.read_log()] == [noon]


def test_no_part_of_the_contract_hides_another() -> None:
    names = [
        name
        for part in EventStoreContract.__mro__
        for name in vars(part)
        if name.startswith("test_")
    ]
    assert sorted(set(names)) == sorted(names)

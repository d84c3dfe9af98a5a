from __future__ import annotations

import pytest

from eventstore import stream_name
from eventstore.snapshots import MemorySnapshotStore
from tests.contract.snapshot_store import ORDER, SnapshotStoreContract, snapshot


class TestMemorySnapshotStore(SnapshotStoreContract):
    @pytest.fixture
    def snapshots(self) -> MemorySnapshotStore:
        return MemorySnapshotStore()


async def test_it_is_bounded() -> None:
    snapshots = MemorySnapshotStore(limit=3)
    for number in range(5):
        await snapshots.save(snapshot(1, stream=stream_name(f"order-{number}")))
    await snapshots.save(snapshot(2, stream=stream_name("order-2")))
    kept = [n for n in range(5) if await snapshots.load(stream_name(f"order-{n}"), "total", 1)]
    assert kept == [2, 3, 4]


async def test_what_is_kept_is_a_copy() -> None:
    snapshots = MemorySnapshotStore()
    state = {"sum": 1}
    await snapshots.save(snapshot(1, state=state))
    state["sum"] = 2
    loaded = await snapshots.load(ORDER, "total", 1)
    assert loaded is not None
    loaded.state["sum"] = 3
    again = await snapshots.load(ORDER, "total", 1)
    assert again is not None
    assert again.state == {"sum": 1}

"""The contract of a snapshot store, as tests that every one passes."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from eventstore import Position, StreamVersion, stream_name
from eventstore.snapshots import Snapshot, SnapshotStore

ORDER = stream_name("order-1")


def snapshot(version: int, *, schema_version: int = 1, **changed: Any) -> Snapshot:
    made = Snapshot(
        stream=ORDER,
        kind="total",
        schema_version=schema_version,
        version=StreamVersion(version),
        position=Position(version + 10),
        state={"sum": version, "é": [None, 1.5]},
    )
    return msgspec.structs.replace(made, **changed)


class SnapshotStoreContract:
    async def test_what_was_saved_is_loaded(self, snapshots: SnapshotStore) -> None:
        assert await snapshots.load(ORDER, "total", 1) is None
        await snapshots.save(snapshot(3))
        assert await snapshots.load(ORDER, "total", 1) == snapshot(3)
        assert await snapshots.load(ORDER, "other", 1) is None
        assert await snapshots.load(stream_name("order-2"), "total", 1) is None

    async def test_the_last_one_is_kept(self, snapshots: SnapshotStore) -> None:
        await snapshots.save(snapshot(3))
        await snapshots.save(snapshot(5))
        await snapshots.save(snapshot(4))
        assert await snapshots.load(ORDER, "total", 1) == snapshot(5)
        again = snapshot(5, state="again")
        await snapshots.save(again)
        assert await snapshots.load(ORDER, "total", 1) == again

    async def test_a_later_schema_wins(self, snapshots: SnapshotStore) -> None:
        await snapshots.save(snapshot(5))
        await snapshots.save(snapshot(2, schema_version=2))
        await snapshots.save(snapshot(9))
        assert await snapshots.load(ORDER, "total", 1) is None
        assert await snapshots.load(ORDER, "total", 2) == snapshot(2, schema_version=2)

    async def test_streams_and_kinds_are_apart(self, snapshots: SnapshotStore) -> None:
        kept = [
            snapshot(1),
            snapshot(2, kind="other"),
            snapshot(3, stream=stream_name("order-2")),
        ]
        for one in kept:
            await snapshots.save(one)
        for one in kept:
            assert await snapshots.load(one.stream, one.kind, 1) == one
        await snapshots.discard(ORDER, "total")
        await snapshots.discard(ORDER, "nothing")
        assert await snapshots.load(ORDER, "total", 1) is None
        assert await snapshots.load(ORDER, "other", 1) == kept[1]

    @pytest.mark.parametrize("state", [None, 1, "x", [], {"a": [{}]}, 2**64 - 1], ids=repr)
    async def test_any_json_is_a_state(self, snapshots: SnapshotStore, state: Any) -> None:
        await snapshots.save(snapshot(1, state=state))
        loaded = await snapshots.load(ORDER, "total", 1)
        assert loaded is not None
        assert loaded.state == state

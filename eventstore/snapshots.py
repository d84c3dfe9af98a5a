"""Snapshots: what a stream's events came to at some version, so that they need not be read again.

A snapshot is a cache and never the truth: it can be deleted at any time, and one that no longer
fits is ignored. It has the version of its state's shape (``schema_version``); when the shape, or
the function that makes it, changes, the next version makes all old ones useless. It names the
position of its last event, by which a snapshot of another history (a log that was restored from an
older backup) is told apart.
"""

from __future__ import annotations

import copy
from typing import Any, Protocol

import msgspec

from eventstore.stream import Position, StreamName, StreamVersion

__all__ = ["MemorySnapshotStore", "Snapshot", "SnapshotStore"]


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a stream after its event ``version``, which is at ``position`` of the log.

    ``kind`` is what the state is for: one stream can have several. ``state`` is a JSON value.
    """

    stream: StreamName
    kind: str
    schema_version: int
    version: StreamVersion
    position: Position
    state: Any


class SnapshotStore(Protocol):
    """Keeps the last snapshot of each stream and kind."""

    async def save(self, snapshot: Snapshot) -> None:
        """Keep a snapshot, unless there is a later one, or one of a later schema version.

        Raises:
            UpdateFailed, StoreUnavailable: no answer came; the log has it all the same.
        """
        ...

    async def load(self, stream: StreamName, kind: str, schema_version: int) -> Snapshot | None:
        """Return the snapshot of that schema version, null if there is none.

        Raises:
            ReadFailed, StoreUnavailable: no answer came.
        """
        ...

    async def discard(self, stream: StreamName, kind: str) -> None:
        """Delete a snapshot, if there is one."""
        ...


class MemorySnapshotStore:
    """A `SnapshotStore` in memory, for tests and for what a process keeps for itself.

    ``limit`` is how many it keeps; of more, those that were saved first are forgotten.
    """

    def __init__(self, *, limit: int = 10_000) -> None:
        self._limit = limit
        self._kept: dict[tuple[StreamName, str], Snapshot] = {}

    async def save(self, snapshot: Snapshot) -> None:
        """Keep a snapshot, as `SnapshotStore.save` says."""
        key = (snapshot.stream, snapshot.kind)
        kept = self._kept.get(key)
        if kept is None or _order(kept) <= _order(snapshot):
            self._kept.pop(key, None)
            self._kept[key] = copy.deepcopy(snapshot)
        if len(self._kept) > self._limit:
            del self._kept[next(iter(self._kept))]

    async def load(self, stream: StreamName, kind: str, schema_version: int) -> Snapshot | None:
        """Return the snapshot of that schema version, null if there is none."""
        kept = self._kept.get((stream, kind))
        if kept is None or kept.schema_version != schema_version:
            return None
        return copy.deepcopy(kept)

    async def discard(self, stream: StreamName, kind: str) -> None:
        """Delete a snapshot, if there is one."""
        self._kept.pop((stream, kind), None)


def _order(snapshot: Snapshot) -> tuple[int, int]:
    return snapshot.schema_version, snapshot.version

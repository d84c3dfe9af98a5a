"""Snapshots in PostgreSQL, beside the log that they are of."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from eventstore.config import DEFAULT_LOG
from eventstore.postgres.engine import TIMEOUT_SECONDS, ConnectionPool
from eventstore.postgres.statements import fetch, update
from eventstore.snapshots import Snapshot
from eventstore.stream import Position, StreamName, StreamVersion

__all__ = ["PostgresSnapshotStore"]


class PostgresSnapshotStore:
    """A `SnapshotStore` in PostgreSQL. Made by `connect`; safe to share between tasks."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool

    @classmethod
    @asynccontextmanager
    async def connect(
        cls,
        url: str,
        *,
        log: str = DEFAULT_LOG,
        pool_size: int = 2,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> AsyncIterator[PostgresSnapshotStore]:
        """Connect to the snapshots of a log; closed at the end of the block.

        Raises:
            ConfigError: the URL cannot be used, or ``log`` cannot be a name.
        """
        async with ConnectionPool.open(
            url, size=pool_size, timeout_seconds=timeout_seconds, log=log
        ) as pool:
            yield cls(pool)

    async def save(self, snapshot: Snapshot) -> None:
        """Keep a snapshot, as `SnapshotStore.save` says."""
        await update(
            self._pool,
            "snapshot_save",
            snapshot.stream,
            snapshot.kind,
            snapshot.schema_version,
            snapshot.version,
            snapshot.position,
            msgspec.json.encode(snapshot.state).decode(),
        )

    async def load(self, stream: StreamName, kind: str, schema_version: int) -> Snapshot | None:
        """Return the snapshot of that schema version, null if there is none."""
        rows = await fetch(self._pool, "snapshot_load", stream, kind, schema_version)
        if not rows:
            return None
        [(version, position, text)] = rows
        try:
            state = msgspec.json.decode(text)
        except msgspec.DecodeError:
            return None  # PostgreSQL takes as JSON what is none, such as half a surrogate
        return Snapshot(
            stream=stream,
            kind=kind,
            schema_version=schema_version,
            version=StreamVersion(version),
            position=Position(position),
            state=state,
        )

    async def discard(self, stream: StreamName, kind: str) -> None:
        """Delete a snapshot, if there is one."""
        await update(self._pool, "snapshot_discard", stream, kind)

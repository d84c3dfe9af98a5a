"""What the projector left in its database, read past it: checkpoint, applications, rows."""

from __future__ import annotations

from typing import Any, Final

import asyncpg
import msgspec

from verification.artefacts import AppliedRow, ReadModel
from verification.cluster.postgres import PostgresServer
from verification.errors import ServerFailed

__all__ = ["checkpoint_of", "documents_of", "read_applied", "read_rows", "recorded_changes"]

_CHECKPOINT: Final = "SELECT max(position) FROM projector.checkpoints WHERE projection = $1"
_APPLIED: Final = "SELECT serial, position, event_id FROM applied_events ORDER BY serial"
_ROWS: Final = "SELECT stream, events, version, position, digest FROM stream_totals"
_RECORDED: Final = "SELECT last_number FROM projector.feeds WHERE projection = $1"
_DOCUMENTS: Final = "SELECT key, document::text FROM {table}"

_UNANSWERED: Final = (
    ServerFailed,
    OSError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what asyncpg may say when the server dies under a request
)


async def checkpoint_of(postgres: PostgresServer, database: str, projection: str) -> int | None:
    """Return how far a projection says it is; None if it never began, or nobody answers."""
    try:
        async with postgres.connection(database) as connection:
            if await connection.fetchval("SELECT to_regclass('projector.checkpoints')") is None:
                return None
            position: int | None = await connection.fetchval(_CHECKPOINT, projection)
            return position
    except _UNANSWERED:
        return None


async def recorded_changes(postgres: PostgresServer, database: str, projection: str) -> int | None:
    """Return the number of a feed's last change; None if there is no feed, or nobody answers."""
    try:
        async with postgres.connection(database) as connection:
            number: int | None = await connection.fetchval(_RECORDED, projection)
            return number
    except _UNANSWERED:
        return None


async def documents_of(
    postgres: PostgresServer, database: str, projection: str, table: str
) -> tuple[int, dict[str, Any]]:
    """Read a projection's checkpoint and its documents, as of one moment; ``table`` is quoted."""
    async with (
        postgres.connection(database) as connection,
        connection.transaction(isolation="repeatable_read"),
    ):
        checkpoint = await connection.fetchval(_CHECKPOINT, projection)
        rows = await connection.fetch(_DOCUMENTS.format(table=table))
    return checkpoint or 0, {row["key"]: msgspec.json.decode(row["document"]) for row in rows}


async def read_applied(postgres: PostgresServer, database: str) -> list[AppliedRow]:
    """Read what was applied, in the order in which it was."""
    async with postgres.connection(database) as connection:
        rows = await connection.fetch(_APPLIED)
    return [
        AppliedRow(ordinal=ordinal, position=row["position"], id=str(row["event_id"]))
        for ordinal, row in enumerate(rows, start=1)
    ]


async def read_rows(postgres: PostgresServer, database: str, projection: str) -> ReadModel:
    """Read the read model, and its checkpoint."""
    async with postgres.connection(database) as connection:
        rows = await connection.fetch(_ROWS)
        checkpoint = await connection.fetchval(_CHECKPOINT, projection)
    totals: dict[str, Any] = {
        row["stream"]: {name: row[name] for name in ("events", "version", "position", "digest")}
        for row in rows
    }
    return ReadModel(checkpoint=checkpoint or 0, rows=totals)

"""What the statements answer, as the store's own types."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

import asyncpg
import msgspec

from eventstore.event import RecordedEvent
from eventstore.store import Appended

__all__ = ["acknowledged", "recorded"]

_decode: Final = msgspec.json.Decoder().decode


def recorded(rows: Sequence[asyncpg.Record]) -> list[RecordedEvent]:
    """Make recorded events of the rows of a read."""
    # One by one, making UUIDs would take longer than all the rest.
    ids = msgspec.convert([row["event_id"].bytes for row in rows], list[UUID])
    return [
        RecordedEvent(
            position=position,
            stream=stream,
            version=version,
            recorded_at=recorded_at,
            id=event_id,
            type=event_type,
            tags=tuple(tags) if tags else (),
            data=_decode(data),
            metadata=_decode(metadata),
        )
        for event_id, (
            position,
            stream,
            version,
            recorded_at,
            _,
            event_type,
            tags,
            data,
            metadata,
        ) in zip(ids, rows, strict=True)
    ]


def acknowledged(rows: Iterable[asyncpg.Record]) -> tuple[Appended, ...]:
    """Acknowledge again what stands side by side in the log: one answer a run of one stream."""
    runs = (list(run) for _, run in itertools.groupby(rows, key=lambda row: row["stream"]))
    return tuple(
        Appended(
            stream=run[-1]["stream"],
            version=run[-1]["version"],
            position=run[-1]["position"],
            events=len(run),
            repeated=True,
        )
        for run in runs
    )

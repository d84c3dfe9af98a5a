"""What the statements answer, as the store's own types.

Reading a long log is bound by what is done for each event here, so whole columns are converted at
once, and what the driver would make slowly (times, ids, arrays) is asked for as bytes or text.
"""

from __future__ import annotations

import datetime as dt
import itertools
import struct
from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec

from eventstore.errors import EventDamaged
from eventstore.event import RecordedEvent
from eventstore.store import Appended
from eventstore.stream import StreamName
from eventstore.uncollected import uncollected

__all__ = ["acknowledged", "recorded", "times_of"]

_EPOCH_MICROSECONDS: Final = 946_684_800_000_000
"""From the beginning of Unix time to that of PostgreSQL's, 2000-01-01."""

_decode: Final = msgspec.json.Decoder(Any).decode


def recorded(
    rows: Sequence[asyncpg.Record | tuple[Any, ...]], stream: StreamName | None = None
) -> list[RecordedEvent]:
    """Make recorded events of the rows of a read; all of ``stream``, if the rows do not say which.

    Raises:
        EventDamaged: what one says cannot be decoded.
    """
    if not rows:
        return []
    with uncollected():
        return _recorded(rows, stream)


def _recorded(
    rows: Sequence[asyncpg.Record | tuple[Any, ...]], stream: StreamName | None
) -> list[RecordedEvent]:
    positions, streams, versions, times, ids, types, tags, data, metadata = zip(*rows, strict=True)
    # By position, in the order of the struct's fields: by name it takes almost twice as long.
    return list(
        map(
            RecordedEvent,
            msgspec.convert(ids, list[UUID]),
            types,
            _decoded(positions, data),
            [{} for _ in metadata]  # as most are
            if metadata.count("{}") == len(metadata)
            else _decoded(positions, metadata),
            streams if stream is None else itertools.repeat(stream),
            versions,
            positions,
            times_of(times),
            [tuple(text.split(" ")) if text else () for text in tags]
            if any(tags)
            else itertools.repeat(()),
        )
    )


def _decoded(positions: Sequence[int], texts: Sequence[str]) -> list[Any]:
    """Decode a column. PostgreSQL takes as JSON what is none, such as half a surrogate."""
    try:
        return list(map(_decode, texts))
    except msgspec.DecodeError:
        for position, text in zip(positions, texts, strict=True):
            try:
                _decode(text)
            except msgspec.DecodeError as error:
                raise EventDamaged.at(position, str(error)) from error
        raise


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


def times_of(sent: Sequence[bytes]) -> list[dt.datetime]:
    """Make times of what PostgreSQL sends: microseconds since 2000; exact until the year 2106.

    Events that were appended together have one time: it is made once.
    """
    distinct = tuple(dict.fromkeys(sent))
    microseconds = struct.unpack(f">{len(distinct)}q", b"".join(distinct))
    seconds = [(number + _EPOCH_MICROSECONDS) / 1e6 for number in microseconds]
    times = msgspec.convert(seconds, list[dt.datetime], strict=False)
    if len(times) == len(sent):
        return times
    return list(map(dict(zip(distinct, times, strict=True)).__getitem__, sent))

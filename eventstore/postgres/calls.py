"""The three functions that append, as calls: their arguments, and what they answer.

``append_one`` is the short way of one event, ``append_singles`` that of a batch of them;
``append_batch`` takes any number of any kind. They are described where they are made, in
``migrations/sql``. What a batch of single events has many of goes as one text a column (see the
statement): it is cheaper for the client, and for large batches dearer for the server, which is what
these wait for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec

from eventstore.encoding import SEPARATOR, EncodedEvent
from eventstore.errors import (
    BoundaryCrossed,
    EventIdReused,
    EventStoreError,
    WrongExpectedVersion,
)
from eventstore.postgres.batching import PendingAppend
from eventstore.store import Appended, Boundary
from eventstore.stream import Expect, ExpectedVersion, Position, StreamVersion
from eventstore.validation import EncodedWrite

__all__ = [
    "Answer",
    "batch_answers",
    "batch_arguments",
    "is_simple",
    "one_answer",
    "one_arguments",
    "singles_arguments",
]

Answer = tuple[Appended, ...] | EventStoreError
"""What became of one append: an acknowledgement a write, or why it was refused."""

_BOUNDS: Final[dict[Expect, tuple[int, int | None]]] = {
    Expect.ANY: (0, None),
    Expect.EXISTS: (1, None),
    Expect.ABSENT: (0, 0),
}


def _bounds(expected: ExpectedVersion) -> tuple[int, int | None]:
    return _BOUNDS[expected] if isinstance(expected, Expect) else (expected, expected)


def is_simple(append: PendingAppend[Any]) -> bool:
    """Whether the short way will do: one event, no boundary."""
    return append.events == 1 and append.boundary is None


def one_arguments(append: PendingAppend[Any]) -> tuple[Any, ...]:
    """Return the arguments of ``append_one``."""
    (write,) = append.writes
    (event,) = write.events
    at_least, at_most = _bounds(write.expected)
    return (
        write.stream,
        at_least,
        at_most,
        event.id,
        event.type,
        event.data,
        event.metadata,
        " ".join(event.tags),
    )


def one_answer(append: PendingAppend[Any], row: asyncpg.Record) -> Answer:
    """Say what ``append_one`` answered."""
    ((outcome, version, position, reused),) = row
    if outcome == "appended":
        return (_appended(append.writes[0], version, position),)
    return _answer(append, [outcome], [version], [position], [reused])


def singles_arguments(batch: Sequence[PendingAppend[Any]]) -> tuple[str | None, ...]:
    """Return the arguments of ``append_singles`` for appends that are all simple."""
    writes = [append.writes[0] for append in batch]
    events = [write.events[0] for write in writes]
    streams = [write.stream for write in writes]
    bounds = [_bounds(write.expected) for write in writes]
    return (
        SEPARATOR.join(streams),
        _array([at_least for at_least, _ in bounds]),
        _array([at_most for _, at_most in bounds]),
        _array(_ahead(writes)) if len(set(streams)) < len(streams) else None,
        _array([event.id for event in events]),
        SEPARATOR.join([event.type for event in events]),
        _tags(events),
        SEPARATOR.join([event.data for event in events]),
        SEPARATOR.join([event.metadata for event in events]),
    )


def batch_arguments(batch: Sequence[PendingAppend[Any]]) -> tuple[Any, ...]:
    """Return the arguments of ``append_batch``."""
    writes = [write for append in batch for write in append.writes]
    bounds = [_bounds(write.expected) for write in writes]
    events = [event for write in writes for event in write.events]
    return (
        [number for number, append in enumerate(batch, 1) for _ in append.writes],
        [write.stream for write in writes],
        [at_least for at_least, _ in bounds],
        [at_most for _, at_most in bounds],
        [len(write.events) for write in writes],
        _ahead(writes),
        [number for number, write in enumerate(writes, 1) for _ in write.events],
        [place for write in writes for place in range(1, len(write.events) + 1)],
        [event.id for event in events],
        [event.type for event in events],
        [" ".join(event.tags) for event in events],
        [event.data for event in events],
        [event.metadata for event in events],
        [_boundary(append.boundary) for append in batch]
        if any(append.boundary for append in batch)
        else None,
    )


def batch_answers(batch: Sequence[PendingAppend[Any]], row: asyncpg.Record) -> list[Answer]:
    """Say what ``append_batch`` or ``append_singles`` answered to each append."""
    versions, positions = row["last_versions"], row["last_positions"]
    if row["outcomes"] is None and len(versions) == len(batch):
        return [
            (_appended(append.writes[0], version, position),)
            for append, version, position in zip(batch, versions, positions, strict=True)
        ]
    outcomes = row["outcomes"] or ["appended"] * len(versions)
    reused = row["reused"] or [None] * len(versions)
    answers: list[Answer] = []
    start = 0
    for append in batch:
        end = start + len(append.writes)
        answers.append(
            _answer(
                append,
                outcomes[start:end],
                versions[start:end],
                positions[start:end],
                reused[start:end],
            )
        )
        start = end
    return answers


def _array(values: Sequence[int | None] | Sequence[UUID]) -> str:
    """Write numbers or ids as PostgreSQL writes arrays, which is JSON but for the brackets."""
    return f"{{{msgspec.json.encode(values)[1:-1].decode()}}}"


def _tags(events: Sequence[EncodedEvent]) -> str | None:
    """Join the tags of each event by spaces, and these; null if there are none at all."""
    if not any(event.tags for event in events):
        return None
    return SEPARATOR.join([" ".join(event.tags) for event in events])


def _ahead(writes: Sequence[EncodedWrite]) -> list[int]:
    """Count, for each write, the events that those before it have for its stream."""
    so_far: dict[str, int] = {}
    ahead: list[int] = []
    for write in writes:
        before = so_far.get(write.stream, 0)
        ahead.append(before)
        so_far[write.stream] = before + len(write.events)
    return ahead


def _boundary(boundary: Boundary | None) -> str | None:
    if boundary is None:
        return None
    return msgspec.json.encode({"items": boundary.query.items, "after": boundary.after}).decode()


def _answer(
    append: PendingAppend[Any],
    outcomes: Sequence[str | None],
    versions: Sequence[int | None],
    positions: Sequence[int | None],
    reused: Sequence[UUID | None],
) -> Answer:
    if all(outcome in {"appended", "repeated"} for outcome in outcomes):
        return tuple(
            _appended(write, version, position, repeated=outcome == "repeated")
            for write, outcome, version, position in zip(
                append.writes, outcomes, versions, positions, strict=True
            )
        )
    at_fault = next(n for n, outcome in enumerate(outcomes) if outcome)
    write = append.writes[at_fault]
    return _refusal(
        append, write, outcomes[at_fault], versions[at_fault], positions[at_fault], reused[at_fault]
    )


def _appended(
    write: EncodedWrite, version: Any, position: Any, *, repeated: bool = False
) -> Appended:
    return Appended(
        stream=write.stream,
        version=version,
        position=position,
        events=len(write.events),
        repeated=repeated,
    )


def _refusal(
    append: PendingAppend[Any],
    write: EncodedWrite,
    outcome: str | None,
    version: int | None,
    position: int | None,
    reused: UUID | None,
) -> EventStoreError:
    first = append.writes[0].stream
    match outcome:
        case "wrong-version" if version is not None:
            return WrongExpectedVersion(write.stream, write.expected, StreamVersion(version))
        case "boundary-crossed" if position is not None and append.boundary is not None:
            return BoundaryCrossed(first, append.boundary.after, Position(position))
        case "id-reused" if reused is not None:
            return EventIdReused(first, UUID(bytes=reused.bytes))
        case _:
            return EventStoreError(f"the append was answered {outcome!r}, which is unknown here.")

"""Recorded events for tests that need a log but no store."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, TypeVar
from uuid import UUID

from hypothesis import strategies as st

from eventstore.event import RecordedEvent
from eventstore.stream import Position, StreamName, StreamVersion

NOON = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)


def recorded(position: int, *, streams: int = 3, epoch: int = 0) -> RecordedEvent:
    """The event at a position of a log whose streams take turns; an epoch is another history."""
    turn, stream = divmod(position - 1, streams)
    return RecordedEvent(
        id=UUID(int=(epoch << 64) | position),
        type="Counted",
        data={"n": position},
        metadata={},
        stream=StreamName(f"count-{stream}"),
        version=StreamVersion(turn + 1),
        position=Position(position),
        recorded_at=NOON + dt.timedelta(milliseconds=position),
    )


def log(events: int, *, streams: int = 3, epoch: int = 0) -> list[RecordedEvent]:
    return [recorded(n, streams=streams, epoch=epoch) for n in range(1, events + 1)]


T = TypeVar("T")


def page(events: Sequence[T], after: int, limit: int) -> list[T]:
    return list(events[after : after + limit])


# What Postgres can hold as text and as jsonb: any Unicode but NUL and surrogates.
text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**80), 2**80)
    | st.floats(allow_nan=False, allow_infinity=False)
    | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=12,
)

_visible = st.characters(exclude_categories=["Cs", "Cc", "Cf", "Co", "Cn", "Zs", "Zl", "Zp"])

stream_names: st.SearchStrategy[StreamName] = st.builds(
    lambda category, identifier: StreamName(f"{category}-{identifier}"),
    st.text(_visible.filter(lambda c: c != "-"), min_size=1, max_size=100),
    st.text(_visible, min_size=1, max_size=150),
)

recorded_events: st.SearchStrategy[RecordedEvent] = st.builds(
    RecordedEvent,
    id=st.uuids(),
    type=text.filter(lambda value: 0 < len(value) <= 255),
    data=json_values,
    metadata=st.dictionaries(text, json_values, max_size=3),
    stream=stream_names,
    version=st.integers(1, 2**63 - 1).map(StreamVersion),
    position=st.integers(1, 2**63 - 1).map(Position),
    tags=st.lists(text, max_size=3).map(tuple),
    recorded_at=st.datetimes(min_value=dt.datetime(1970, 1, 2), timezones=st.just(dt.UTC)),  # noqa: DTZ001 - hypothesis adds the zone
)

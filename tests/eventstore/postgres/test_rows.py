"""Whole columns converted at once are what the driver would have made of each value."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventstore import ANY, Event, EventDamaged, RecordedEvent, StreamVersion, stream_name
from eventstore.cli.exits import Exit, exit_of
from eventstore.postgres.rows import recorded, times_of
from eventstore.postgres.store import PostgresEventStore
from eventstore.stream import Position
from projector.cli import exits as projector_exits
from tests.support.stores import json_values

EPOCH = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
YEAR_2106 = dt.datetime(2106, 1, 1, tzinfo=dt.UTC)


@given(
    st.lists(
        st.datetimes(
            min_value=dt.datetime(1970, 1, 2),  # noqa: DTZ001
            max_value=YEAR_2106.replace(tzinfo=None),
            timezones=st.just(dt.UTC),
        ),
        max_size=50,
    )
)
def test_times_are_exact(times: list[dt.datetime]) -> None:
    sent = [
        ((time - EPOCH) // dt.timedelta(microseconds=1)).to_bytes(8, "big", signed=True)
        for time in times
    ]
    assert times_of(sent) == times


def test_a_time_that_comes_again_is_the_same() -> None:
    first, second = (number.to_bytes(8, "big", signed=True) for number in (-1, 10**15))
    assert times_of([second, first, second]) == [
        EPOCH + dt.timedelta(microseconds=10**15),
        EPOCH - dt.timedelta(microseconds=1),
        EPOCH + dt.timedelta(microseconds=10**15),
    ]


def test_no_rows_are_no_events() -> None:
    assert recorded([]) == []


def sent(event: RecordedEvent) -> tuple[Any, ...]:
    """A row of a statement that reads events, as the driver hands it over."""
    microseconds = (event.recorded_at - EPOCH) // dt.timedelta(microseconds=1)
    return (
        event.position,
        event.stream,
        event.version,
        microseconds.to_bytes(8, "big", signed=True),
        event.id.bytes,
        event.type,
        " ".join(event.tags) or None,
        json.dumps(event.data, indent=1),
        json.dumps(event.metadata),
    )


texts = st.text(min_size=1, max_size=8)
few_times = st.sampled_from(
    [EPOCH, EPOCH - dt.timedelta(days=1), YEAR_2106 - dt.timedelta.resolution]
)


@given(
    st.lists(
        st.builds(
            RecordedEvent,
            id=st.uuids(),
            type=texts,
            data=json_values,
            metadata=st.dictionaries(texts, json_values, max_size=2),
            stream=texts,
            version=st.integers(min_value=1, max_value=2**63 - 1),
            position=st.integers(min_value=1, max_value=2**63 - 1),
            recorded_at=few_times,
            tags=st.lists(st.text("abc:1", min_size=1), max_size=3).map(tuple),
        ),
        max_size=20,
    )
)
def test_columns_at_once_are_what_each_row_says(events: list[RecordedEvent]) -> None:
    rows = [sent(event) for event in events]
    assert recorded(rows) == events
    assert all(type(event.tags) is tuple for event in recorded(rows))
    # Of one stream, its name does not come with the rows.
    nameless = [(row[0], None, *row[2:]) for row in rows]
    of_one = [msgspec.structs.replace(event, stream="s-1") for event in events]
    assert recorded(nameless, stream_name("s-1")) == of_one


def test_events_share_no_metadata() -> None:
    event = RecordedEvent(
        id=UUID(int=1),
        type="x",
        data={},
        metadata={},
        stream=stream_name("s-1"),
        version=StreamVersion(1),
        position=Position(1),
        recorded_at=EPOCH,
    )
    first, second = recorded([sent(event), sent(event)])
    first.metadata["mine"] = first.data["mine"] = 1
    assert (second.metadata, second.data) == ({}, {})


@pytest.mark.stack
@pytest.mark.parametrize("column", ["data", "metadata"])
async def test_an_event_that_cannot_be_decoded_is_named_and_not_passed_over(
    store_url: str, column: str
) -> None:
    async with PostgresEventStore.connect(store_url) as store:
        events = [Event(type="placed", data=number) for number in range(5)]
        await store.append(stream_name("order-1"), events, expected=ANY)
        past_the_store = await asyncpg.connect(store_url)
        await past_the_store.execute("SET session_replication_role = replica")
        await past_the_store.execute(
            f"UPDATE eventstore.events SET {column} = $1 WHERE position = 3",  # noqa: S608
            '{"half a surrogate": "\\ud800"}',
        )
        await past_the_store.close()
        with pytest.raises(EventDamaged, match="event at position 3 cannot be decoded") as refused:
            await store.read_log(after=Position(0), limit=10)
        assert exit_of(refused.value) is Exit.VIOLATION
        assert projector_exits.exit_of(refused.value) is projector_exits.Exit.VIOLATION
        assert [event.data for event in await store.read_log(after=Position(3), limit=10)] == [3, 4]
        assert [event.data for event in await store.read_log(after=Position(0), limit=2)] == [0, 1]

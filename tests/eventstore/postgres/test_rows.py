"""Whole columns converted at once are what the driver would have made of each value."""

from __future__ import annotations

import datetime as dt

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventstore import ANY, Event, EventDamaged, stream_name
from eventstore.cli.exits import Exit, exit_of
from eventstore.postgres.rows import recorded, times_of
from eventstore.postgres.store import PostgresEventStore
from eventstore.stream import Position
from projector.cli import exits as projector_exits

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

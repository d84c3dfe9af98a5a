"""Whole columns converted at once are what the driver would have made of each value."""

from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from eventstore.postgres.rows import recorded, times_of

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

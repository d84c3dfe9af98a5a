"""Epochs: which one it is, and up to where an earlier one had the same events."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from eventstore.epoch import Epoch
from eventstore.stream import Position

BEGAN = st.dictionaries(st.integers(2, 30), st.integers(0, 99).map(Position), max_size=5).map(
    lambda began: tuple(sorted(began.items()))
)


@given(BEGAN, st.integers(1, 30))
def test_it_shares_what_none_of_the_later_ones_left_behind(
    began: tuple[tuple[int, Position], ...], known: int
) -> None:
    epoch = Epoch.of(began)
    assert epoch.began == began
    assert (epoch.number, epoch.after) == ((1, 0), *began)[-1]
    later = [after for number, after in began if number > known]
    assert epoch.shared_with(known) == (min(later) if later else None)
    assert Epoch.of(reversed(epoch.began)) == epoch


@given(BEGAN, BEGAN)
def test_joined_it_knows_all_that_either_knows(
    one: tuple[tuple[int, Position], ...], other: tuple[tuple[int, Position], ...]
) -> None:
    joined = Epoch.of(one).joined(Epoch.of(other))
    assert set(joined.began) == {*one, *other}
    assert joined == Epoch.of(other).joined(Epoch.of(one))
    assert joined.joined(Epoch()) == joined

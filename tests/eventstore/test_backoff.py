from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventstore.backoff import Backoff
from tests.support.seeded import seeded


@given(st.randoms(use_true_random=False), st.floats(0.001, 1), st.floats(1, 60))
@settings(deadline=None)
def test_waits_double_within_bounds_and_never_vanish(
    random: Random, first: float, limit: float
) -> None:
    backoff = Backoff(first=first, limit=limit, random=random)
    for attempt in range(20):
        bound = min(limit, first * 2**attempt)
        assert bound / 2 <= backoff.next() <= bound


def test_after_a_success_it_begins_anew() -> None:
    backoff = Backoff(first=0.1, limit=10, random=seeded(1))
    for _ in range(8):
        backoff.next()
    backoff.reset()
    assert backoff.next() <= 0.1


def test_the_same_seed_gives_the_same_waits() -> None:
    one, other = (Backoff(first=0.1, limit=10, random=seeded(7)) for _ in range(2))
    assert [one.next() for _ in range(9)] == [other.next() for _ in range(9)]


@pytest.mark.parametrize(("first", "limit"), [(0, 1), (-1, 1), (2, 1)])
def test_bounds_that_cannot_work_are_refused(first: float, limit: float) -> None:
    with pytest.raises(ValueError, match="cannot grow"):
        Backoff(first=first, limit=limit, random=seeded(1))

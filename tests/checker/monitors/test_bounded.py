"""Work in Python that is over before it is done, and what may happen at the same time."""

from __future__ import annotations

import cProfile
import threading
from collections.abc import Callable

import pytest

from checker import CancelToken, Limits, Outcome, Verdict, check
from checker.history.history import History
from checker.models import Stream
from checker.monitors.bounded import bounded
from tests.support.drafts import Draft, arrange

# An interruption may fall into a callback of the garbage collector (hypothesis has one), which
# says so and drops it; the next one is what counts.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def endless() -> int:
    number = 0
    while True:
        number += 1


def after(calls: int) -> Callable[[], bool]:
    left = iter(range(calls))
    return lambda: next(left, None) is None


def test_work_that_is_done_in_time_is_not_disturbed() -> None:
    assert bounded(lambda: 7, lambda: False) == 7
    assert bounded(lambda: 7, lambda: True) in (7, None)


def test_work_that_is_over_ends() -> None:
    assert bounded(endless, lambda: True) is None
    assert bounded(endless, after(3)) is None


def test_what_the_work_raises_comes_through() -> None:
    def fail() -> None:
        raise ValueError("no such thing")

    for is_over in (lambda: False, lambda: True):
        with pytest.raises(ValueError, match="no such thing"):
            bounded(fail, is_over)


def test_nothing_arrives_after_the_work() -> None:
    for calls in range(40):
        done = threading.Event()

        def work(until: threading.Event = done) -> str:
            until.wait(0.02)
            return "done"

        assert bounded(work, after(calls % 3)) in ("done", None)
        assert sum(range(1000)) == 499_500


def test_an_interruption_that_something_swallows_is_repeated() -> None:
    swallowed = []

    def stubborn() -> str:
        for _ in range(2):
            try:
                endless()
            except BaseException as interruption:  # noqa: BLE001 - as a callback of the collector does
                swallowed.append(interruption)
        return str(endless())

    assert bounded(stubborn, lambda: True) is None
    assert len(swallowed) == 2


@pytest.mark.parametrize("is_over", [lambda: False, lambda: True], ids=["in time", "over"])
def test_it_leaves_nothing_behind_that_hangs_a_profiler(is_over: Callable[[], bool]) -> None:
    profile = cProfile.Profile()
    profile.enable()
    try:
        bounded(lambda: sum(range(10**6)), is_over)
        after(1)
    finally:
        profile.disable()
    codes = [entry.code for entry in profile.getstats()]
    assert "after" in {code.co_name for code in codes if not isinstance(code, str)}


def long_stream(count: int) -> History:
    return arrange(
        Draft(
            "append",
            key="s",
            value={"ids": [place], "expected": place},
            output={"version": place + 1},
            outcome=Outcome.OK,
            invoked=2.0 * place,
            completed=2.0 * place + 1,
        )
        for place in range(count)
    )


@pytest.mark.parametrize("count", [10, 20_000], ids=["short", "long"])
@pytest.mark.parametrize("consistency", ["linearizable", "sequential"])
def test_a_monitor_in_python_keeps_to_the_limit(count: int, consistency: str) -> None:
    model = Stream(hints={"of no event": 1})
    history = long_stream(count)
    assert check(history, model, consistency=consistency).verdict is Verdict.VALID
    result = check(history, model, consistency=consistency, limits=Limits(timeout_seconds=0.0))
    assert result.verdict is Verdict.UNKNOWN
    assert "raise --timeout" in result.reason
    cancelled = CancelToken()
    cancelled.cancel()
    assert check(history, model, consistency=consistency, cancel=cancelled).verdict is (
        Verdict.UNKNOWN
    )


def test_work_that_takes_long_to_clear_away_is_interrupted_once_and_quietly() -> None:
    def wasteful() -> int:
        kept: list[object] = []
        while True:
            # Freed when it is interrupted: long enough for another interruption to be sent.
            kept += [[number] for number in range(50_000)]
            if len(kept) > 400_000:
                return endless() + len(kept)

    for calls in (4, 10):
        assert bounded(wasteful, after(calls)) is None

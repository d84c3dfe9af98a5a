"""Waiting for the line to catch up: caught up, stalled, and out of time are three answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from verification.artefacts import Convergence, FeedProgress
from verification.run.convergence import Progress, await_convergence


class _Time:
    """A clock that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


def at(head: int | None, carried: int | None, applied: int | None) -> Progress:
    return Progress(head=head, carried=carried, applied=applied)


async def wait(next_progress: Callable[[], Progress]) -> Convergence:
    time = _Time()

    async def probe() -> Progress:
        return next_progress()

    return await await_convergence(
        probe, stall_seconds=5, seconds_max=30, clock=time.clock, sleep=time.sleep
    )


async def test_a_line_at_rest_has_converged_at_once() -> None:
    found = await wait(lambda: at(7, 7, 7))
    assert found == Convergence(head=7, carried=7, applied=7, seconds=0.0)
    assert found.reached


async def test_it_waits_for_the_last_one() -> None:
    steps: Iterator[Progress] = iter([at(7, 3, 0), at(7, 7, 3), at(7, 7, 6), at(7, 7, 7)])
    found = await wait(lambda: next(steps))
    assert found.reached
    assert found.applied == 7


async def test_it_waits_for_each_part_of_the_feed() -> None:
    def feed(*numbers: int | None) -> Progress:
        applied, recorded, told, kept = numbers
        progress = FeedProgress(applied=applied, recorded=recorded, told=told, kept=kept)
        return Progress(head=7, carried=7, applied=7, feed=progress)

    steps = [feed(6, 4, 4, 4), feed(7, 5, 4, 4), feed(7, 5, 5, None), feed(7, 5, 5, 5)]
    left = iter(steps)
    found = await wait(lambda: next(left))
    assert found.reached
    assert found.feed == steps[-1].feed
    for unanswered in (feed(7, None, None, None), feed(7, 5, 5, 4)):
        assert (await wait(lambda still=unanswered: still)).stalled  # type: ignore[misc]


async def test_nothing_moving_is_a_stall() -> None:
    found = await wait(lambda: at(7, 7, 6))
    assert not found.reached
    assert found.stalled
    assert "nothing moved for 5 s" in found.reason


async def test_what_still_moves_when_time_is_up_is_not_a_stall() -> None:
    steps = iter(range(10_000))
    found = await wait(lambda: at(10_000, 10_000, next(steps)))
    assert not found.reached
    assert not found.stalled
    assert "still moving" in found.reason


async def test_a_server_that_does_not_answer_has_not_converged() -> None:
    found = await wait(lambda: at(0, None, 0))
    assert found.stalled


async def test_a_command_that_ended_by_itself_will_not_catch_up() -> None:
    async def probe() -> Progress:
        return at(7, 7, 6)

    found = await await_convergence(probe, lambda: "the projector ended by itself")
    assert found.stalled
    assert found.reason == "the projector ended by itself"

"""Following the log: the progress without I/O, and waiting where wake-ups lie or get lost."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventstore import (
    Delivery,
    LogPage,
    LogWentBack,
    Position,
    PositionGap,
    PositionNotReached,
    Query,
    ReadFailed,
    RecordedEvent,
)
from eventstore.subscription import CatchUpSubscription, HeadWatch, Progress, reach
from tests.support.recorded import log

ODD = Query.of(types=("odd",))
FAR = 3600.0


def paged(
    selected: Sequence[RecordedEvent], after: int, limit: int, until: Position | None
) -> LogPage:
    """Answer a read of what is selected behind a position."""
    events = list(selected[:limit])
    return LogPage.of(events, after=Position(after), until=until, full=len(events) == limit)


class Log:
    """A log of which readers see ``head`` events, that counts what it is asked."""

    def __init__(self, head: int) -> None:
        self.events = log(1000)
        self.visible = head
        self.asked = 0
        self.failures = 0

    async def head(self) -> Position:
        self.asked += 1
        return Position(self.visible)

    async def read_log_page(
        self, *, after: Position, limit: int, query: Query | None, until: Position | None
    ) -> LogPage:
        self.asked += 1
        if self.failures:
            self.failures -= 1
            raise ReadFailed("no answer")
        end = self.visible if until is None else min(until, self.visible)
        selected = [e for e in self.events[after:end] if query is None or e.position % 2]
        return paged(selected, after, limit, until)


def subscription(
    source: Log, watch: HeadWatch, *, query: Query | None = None, poll_seconds: float = FAR
) -> CatchUpSubscription:
    return CatchUpSubscription(
        source, watch, after=Position(0), query=query, page_size=10, poll_seconds=poll_seconds
    )


async def soon(subscription: CatchUpSubscription) -> Delivery:
    async with asyncio.timeout(20):
        return await anext(subscription)


@given(
    heads=st.lists(st.integers(0, 25), max_size=8),
    page_size=st.integers(1, 9),
    after=st.integers(0, 12),
    filtered=st.booleans(),
)
def test_whatever_the_pages_everything_is_delivered_once(
    heads: list[int], page_size: int, after: int, *, filtered: bool
) -> None:
    """The log grows by these amounts between the reads; who reads until caught up has it all."""
    query = ODD if filtered else None
    progress = Progress(after=Position(after), query=query)
    whole, visible = log(300), 0
    read: list[RecordedEvent] = []
    position = after
    for growth in [*heads, *[0] * 300]:
        visible += growth
        until = Position(visible) if filtered else None
        selected = [e for e in whole[progress.position : visible] if not filtered or e.position % 2]
        page = selected[:page_size]
        delivery = progress.take(paged(selected, progress.position, page_size, until))
        if delivery is None:
            continue
        assert position <= delivery.position <= max(visible, after)
        assert list(delivery.events) == page
        assert delivery.caught_up == (len(page) < page_size or delivery.position == until)
        position = delivery.position
        read += page
    assert progress.caught_up
    assert position == max(visible, after)
    assert read == [e for e in whole[after:visible] if not filtered or e.position % 2]


def test_the_mark_is_given_once() -> None:
    progress = Progress(after=Position(0), query=None)
    nothing = Delivery(events=(), position=Position(0), caught_up=True)
    assert progress.take(paged([], 0, 5, None)) == nothing
    assert progress.take(paged([], 0, 5, None)) is None


def test_a_hole_in_the_log_is_seen() -> None:
    events = log(5)
    progress = Progress(after=Position(0), query=None)
    with pytest.raises(PositionGap, match="position 3 is missing, the next one is 4"):
        progress.take(paged([*events[:2], *events[3:]], 0, 5, None))
    with pytest.raises(PositionGap, match="position 1 is missing"):
        progress.take(paged(events[1:], 0, 5, None))
    assert progress.position == 0
    some = Progress(after=Position(0), query=ODD)
    assert some.take(paged(events[::2], 0, 5, Position(5))) is not None


async def test_who_waits_is_woken_by_an_announcement() -> None:
    source, watch = Log(3), HeadWatch()
    following = subscription(source, watch)
    assert (await soon(following)).position == 3
    waiting = asyncio.ensure_future(soon(following))
    await asyncio.sleep(0)
    source.visible = 5
    watch.announce(Position(5))
    assert [event.position for event in (await waiting).events] == [4, 5]


async def test_what_was_announced_before_the_wait_is_not_slept_over() -> None:
    source, watch = Log(3), HeadWatch()
    following = subscription(source, watch)
    await soon(following)
    source.visible = 4
    watch.announce(Position(4))
    watch.announce(Position(2))  # what is older is nothing
    assert (await soon(following)).position == 4


async def test_a_lost_wake_up_costs_a_poll_only() -> None:
    source, watch = Log(3), HeadWatch()
    following = subscription(source, watch, poll_seconds=0.01)
    await soon(following)
    source.visible = 4
    assert (await soon(following)).position == 4


@pytest.mark.parametrize("query", [None, ODD], ids=["all", "some"])
async def test_a_standby_that_lags_is_not_asked_without_pause(query: Query | None) -> None:
    source, watch = Log(3), HeadWatch()
    following = subscription(source, watch, query=query, poll_seconds=0.05)
    await soon(following)
    watch.announce(Position(9))
    waiting = asyncio.ensure_future(soon(following))
    asked = source.asked
    for _ in range(200):
        await asyncio.sleep(0)
    assert source.asked <= asked + 2
    source.visible = 9
    assert (await waiting).position == 9


async def test_an_error_loses_nothing() -> None:
    source, watch = Log(25), HeadWatch()
    following = subscription(source, watch)
    assert (await soon(following)).position == 10
    source.failures = 2
    for _ in range(2):
        with pytest.raises(ReadFailed):
            await soon(following)
    assert (await soon(following)).position == 20


@pytest.mark.parametrize("announced", [False, True])
@pytest.mark.parametrize("query", [None, ODD], ids=["all", "some"])
async def test_a_log_that_went_back_is_not_waited_for(
    query: Query | None, *, announced: bool
) -> None:
    """What comes after a restore has positions that were delivered already, of other events."""
    source, watch = Log(8), HeadWatch()
    following = subscription(source, watch, query=query, poll_seconds=0.01)
    assert (await soon(following)).position == 8
    if announced:
        watch.announce(Position(12))
    source.visible = 6
    with pytest.raises(LogWentBack, match="at position 8, the log ends at 6"):
        await soon(following)
    source.visible = 9
    assert (await soon(following)).position == 9


async def test_a_head_that_was_read_before_is_no_log_that_went_back() -> None:
    """Of all who wait one looks: what it saw may be older than what the others were told."""
    source, watch = Log(3), HeadWatch()
    following = subscription(source, watch, poll_seconds=0.05)
    assert (await soon(following)).position == 3
    assert await watch.look(source.head, 0.0) == 3
    source.visible = 5
    watch.announce(Position(5))
    assert (await soon(following)).position == 5
    waiting = asyncio.ensure_future(soon(following))
    await asyncio.sleep(0.2)
    source.visible = 6
    assert (await waiting).position == 6


async def test_many_wait_and_all_are_woken() -> None:
    source, watch = Log(0), HeadWatch()
    followers = [subscription(source, watch) for _ in range(50)]
    for follower in followers:
        assert (await soon(follower)).caught_up
    waiting = [asyncio.ensure_future(soon(follower)) for follower in followers]
    await asyncio.sleep(0)
    source.visible = 1
    watch.announce(Position(1))
    assert {delivery.position for delivery in await asyncio.gather(*waiting)} == {1}


async def test_however_many_wait_one_looks() -> None:
    poll_seconds, source, watch = 0.02, Log(0), HeadWatch()
    followers = [subscription(source, watch, poll_seconds=poll_seconds) for _ in range(200)]
    for follower in followers:
        assert (await soon(follower)).caught_up
    clock = asyncio.get_running_loop().time
    begun, asked = clock(), source.asked
    waiting = [asyncio.ensure_future(soon(follower)) for follower in followers]
    reaching = [
        asyncio.ensure_future(reach(source, watch, Position(1), 30, poll_seconds=poll_seconds))
        for _ in range(10)
    ]
    await asyncio.sleep(10 * poll_seconds)
    polls = (clock() - begun) / poll_seconds
    assert source.asked - asked <= len(reaching) + polls + 1
    source.visible = 1  # and nobody tells
    assert {delivery.position for delivery in await asyncio.gather(*waiting)} == {1}
    assert set(await asyncio.gather(*reaching)) == {1}


async def test_a_look_goes_on_for_the_others_when_who_began_it_gives_up() -> None:
    answer: asyncio.Future[Position] = asyncio.get_running_loop().create_future()

    async def read_head() -> Position:
        return await answer

    watch = HeadWatch()
    first, second = (asyncio.ensure_future(watch.look(read_head, FAR)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    answer.set_result(Position(7))
    assert await second == 7
    assert await watch.look(read_head, FAR) == 7
    assert await watch.wait_past(Position(6), FAR)


async def test_a_look_that_fails_is_told_to_all_and_done_again() -> None:
    source, watch = Log(3), HeadWatch()

    async def fail() -> Position:
        raise ReadFailed("no answer")

    looks = [watch.look(fail, 0) for _ in range(3)]
    results = await asyncio.gather(*looks, return_exceptions=True)
    assert [type(result) for result in results] == [ReadFailed] * 3
    assert await watch.look(source.head, 0) == 3


async def test_closing_one_leaves_the_others() -> None:
    source, watch = Log(0), HeadWatch()
    one, other = subscription(source, watch), subscription(source, watch)
    await soon(one)
    await soon(other)
    waiting = [asyncio.ensure_future(anext(each, None)) for each in (one, other)]
    await asyncio.sleep(0)
    await one.aclose()
    assert await waiting[0] is None
    source.visible = 1
    watch.announce(Position(1))
    delivery = await waiting[1]
    assert delivery is not None
    assert delivery.position == 1


async def test_reaching_a_position_by_announcement_by_poll_and_on_a_standby() -> None:
    source, watch = Log(3), HeadWatch()
    for poll_seconds, announced in ((FAR, True), (0.01, False), (0.01, True)):
        wanted = Position(source.visible + 2)
        waiting = asyncio.ensure_future(reach(source, watch, wanted, 30, poll_seconds=poll_seconds))
        await asyncio.sleep(0)
        if announced and poll_seconds < FAR:
            watch.announce(wanted)  # on the primary, and here a little later
            asked = source.asked
            for _ in range(100):
                await asyncio.sleep(0)
            assert source.asked <= asked + 2
        source.visible += 2
        if announced:
            watch.announce(wanted)
        assert await waiting == wanted


async def test_a_position_that_is_not_reached_in_time() -> None:
    with pytest.raises(PositionNotReached, match=r"at position 3 and did not reach 4 within 0.02"):
        await reach(Log(3), HeadWatch(), Position(4), 0.02, poll_seconds=FAR)

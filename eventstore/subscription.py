"""Following the log: what is there, then what comes, without a gap and without a repetition.

A position is a complete cursor: who has read up to it has seen all there will ever be up to it. So
there is no switch between catching up and being live that could lose or repeat anything: there is
one read, `position > cursor`, again and again. Live only means that the next one waits to be woken.
A wake-up carries no event, so a lost one costs time (the next poll finds what it was about) and a
needless one costs a read.

`Progress` decides, without I/O; `CatchUpSubscription` reads and waits. `HeadWatch` is how a store
wakes them: in the process by whoever appends, and from outside by whatever the store listens to.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, Final, Protocol

from eventstore.errors import LogWentBack, PositionGap, PositionNotReached
from eventstore.event import RecordedEvent
from eventstore.query import Query
from eventstore.store import Delivery, LogPage
from eventstore.stream import Position

__all__ = ["POLL_SECONDS", "CatchUpSubscription", "HeadWatch", "LogReader", "Progress", "reach"]

POLL_SECONDS: Final = 0.2
"""How long a wake-up may be lost for: after that the log is looked at without one."""


class LogReader(Protocol):
    """What a subscription reads: an `EventStore` is one."""

    async def read_log_page(
        self, *, after: Position, limit: int, query: Query | None, until: Position | None
    ) -> LogPage:
        """Read a page of the log forwards."""
        ...

    async def head(self) -> Position:
        """Return the position of the last event."""
        ...


class HeadWatch:
    """Where the log is known to have got to, and who waits for it to get further.

    Belongs to one event loop.
    """

    def __init__(self) -> None:
        self._head = Position(0)
        self._grown = asyncio.Event()
        self._look: asyncio.Future[Position] | None = None
        self._looked_at = 0.0

    def announce(self, head: Position) -> None:
        """Say that the log has got as far as this, and wake who waits. What is older is nothing."""
        if head > self._head:
            self._head = head
            self.wake()

    def wake(self) -> None:
        """Wake who waits, without knowing how far the log is."""
        grown, self._grown = self._grown, asyncio.Event()
        grown.set()

    async def wait_past(self, position: Position, seconds: float) -> bool:
        """Wait until somebody wakes or time is over; at once if the log is past a position.

        Returns whether it is known to be past it.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                if self._head <= position:
                    await self._grown.wait()
        return self._head > position

    async def look(
        self, read_head: Callable[[], Coroutine[Any, Any, Position]], seconds: float
    ) -> Position:
        """Read where the log is, unless somebody did so in the last ``seconds``; return it.

        However many wait for a lost wake-up, one of them looks, and all learn from it.

        Raises:
            What ``read_head`` raises, and to all who share the look.
        """
        now = asyncio.get_running_loop().time()
        if self._look is None or (self._look.done() and now >= self._looked_at + seconds):
            self._looked_at = now
            self._look = asyncio.ensure_future(read_head())
            self._look.add_done_callback(self._saw)
        # Shielded, since the one that began it may give up while others still wait for it.
        return await asyncio.shield(self._look)

    def _saw(self, look: asyncio.Future[Position]) -> None:
        if not look.cancelled() and look.exception() is None:
            self.announce(look.result())


class Progress:
    """How far a subscription is: turns the pages that were read into deliveries. No I/O."""

    def __init__(self, *, after: Position, query: Query | None) -> None:
        self.position = after
        self.caught_up = False
        self._query = query

    def take(self, page: LogPage) -> Delivery | None:
        """Take the page after `position`; null if it says nothing that was not delivered before.

        Raises:
            PositionGap: the log has a hole, so that following it would be a lie.
        """
        self._check(page.events)
        position = max(self.position, page.position)
        caught_up = not page.more
        if (position, caught_up) == (self.position, self.caught_up):
            return None
        self.position = position
        self.caught_up = caught_up
        return Delivery(events=tuple(page.events), position=position, caught_up=caught_up)

    def _check(self, page: Sequence[RecordedEvent]) -> None:
        if self._query is not None:
            return
        for expected, event in enumerate(page, self.position + 1):
            if event.position != expected:
                raise PositionGap(expected, event.position)


class CatchUpSubscription:
    """A `Subscription` to a log that is read in pages; it holds one page at a time.

    Whoever made it must have checked the query and the bounds.
    """

    def __init__(
        self,
        log: LogReader,
        watch: HeadWatch,
        *,
        after: Position,
        query: Query | None,
        page_size: int,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._log = log
        self._watch = watch
        self._query = query
        self._page_size = page_size
        self._poll_seconds = poll_seconds
        self._progress = Progress(after=after, query=query)
        self._closed = asyncio.Event()

    def __aiter__(self) -> CatchUpSubscription:
        """Return itself."""
        return self

    async def __anext__(self) -> Delivery:
        """Wait for the next delivery, as `Subscription` says."""
        while not self._closed.is_set():
            announced = self._progress.caught_up and await self._has_grown()
            if self._closed.is_set():
                break
            if self._progress.caught_up and not announced:
                continue
            delivery = await self._read()
            if delivery is not None:
                return delivery
            if announced:  # but not here yet, on a standby: asking again at once would not help
                await self._check_not_back()
                await asyncio.sleep(self._poll_seconds)
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """End the subscription, and wake who waits for its next delivery."""
        self._closed.set()
        self._watch.wake()

    async def _has_grown(self) -> bool:
        """Wait until the log is known to be past us, or for the length of a poll."""
        position = self._progress.position
        if await self._watch.wait_past(position, self._poll_seconds) or self._closed.is_set():
            return True
        head = await self._watch.look(self._log.head, self._poll_seconds)
        if head < position:  # or it was read before we came here
            await self._check_not_back()
        return head > position

    async def _check_not_back(self) -> None:
        """Refuse to wait for a log that went back: it would give our positions to other events."""
        head = await self._log.head()
        if head < self._progress.position:
            raise LogWentBack(self._progress.position, head)

    async def _read(self) -> Delivery | None:
        after = self._progress.position
        until = None
        if self._query is not None:
            # A page that is not full proves nothing about what came while it was read, so it is
            # read up to a place that is known to be there.
            until = await self._log.head()
            if until <= after:
                return self._progress.take(LogPage(events=[], position=after, more=False))
        page = await self._log.read_log_page(
            after=after, limit=self._page_size, query=self._query, until=until
        )
        return self._progress.take(page)


async def reach(
    log: LogReader,
    watch: HeadWatch,
    position: Position,
    timeout_seconds: float,
    *,
    poll_seconds: float = POLL_SECONDS,
) -> Position:
    """Wait until a log has reached a position, and return where it is then.

    Raises:
        PositionNotReached: it did not within the time limit.
    """
    head = await log.head()
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout_seconds):
            while head < position:
                if not await watch.wait_past(Position(position - 1), poll_seconds):
                    head = await watch.look(log.head, poll_seconds)
                    continue
                head = await log.head()
                if head < position:  # on a standby that lags
                    await asyncio.sleep(poll_seconds)
    if head < position:
        raise PositionNotReached(position, head, timeout_seconds)
    return head

"""Following the log over NATS, for services: `subscribe`.

It is a `Subscription` as `EventStore.subscribe` returns one, so a service can change from one to
the other; here PostgreSQL is not asked for what JetStream has. `following` decides, the cursor and
the log are asked, and when a server is lost everything of it is thrown away and made again, with
bounded waits and for as long as it takes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from random import Random, SystemRandom
from typing import Final, Protocol, Self, TypeAlias

from eventstore.backoff import Backoff
from eventstore.config import nats_url as checked_nats_url
from eventstore.consumer.epochs import EpochStore
from eventstore.consumer.following import Ask, Compared, Following, Page, StreamState
from eventstore.consumer.jetstream import JetStreamCursor
from eventstore.consumer.selection import Selection
from eventstore.epoch import Epoch, KnowsEpoch
from eventstore.errors import (
    CheckpointUnavailable,
    ForeignMessage,
    PositionGap,
    ReadFailed,
    StoreUnavailable,
    StreamUnavailable,
)
from eventstore.statelog import StateLog
from eventstore.store import Delivery
from eventstore.stream import Position
from eventstore.subscription import LogReader
from eventstore.validation import check_read

__all__ = ["LOG", "ConsumerSubscription", "Cursor", "OpenCursor", "subscribe"]

LOG: Final = logging.getLogger("eventstore.consumer")
"""Where consumers say what happens to them."""

_BREAKS: Final = (StreamUnavailable, StoreUnavailable, ReadFailed, CheckpointUnavailable)


class Cursor(Protocol):
    """What delivers; see `eventstore.consumer.jetstream.JetStreamCursor`."""

    async def attach(self, after: Position) -> StreamState:
        """Deliver from the first event after a position; return what the stream holds."""
        ...

    async def fetch(self, limit: int) -> Page:
        """Return what has arrived, at most ``limit`` events, waiting a while if nothing has."""
        ...

    async def inspect(self) -> tuple[int, bool]:
        """Return the stream's last sequence, and whether we lack deliveries up to it."""
        ...


OpenCursor: TypeAlias = Callable[[], AbstractAsyncContextManager[Cursor]]


def subscribe(
    nats_url: str,
    *,
    after: Position = Position(0),
    store: LogReader | None,
    epochs: EpochStore | None = None,
    selection: Selection | None = None,
    page_size: int = 1000,
    name: str = "consumer",
    patience_seconds: float = 1.0,
    timeout_seconds: float = 5.0,
    random: Random | None = None,
) -> ConsumerSubscription:
    """Follow the log over NATS: every selected event once, in order, and without an end.

    Args:
        nats_url: Where JetStream is.
        after: The position of the last delivery that was handled; 0 begins at the start.
        store: Where what JetStream lacks is read: an `EventStore`, on PostgreSQL or over gRPC. With
            null, what is missing in JetStream is waited for, and `PositionGap` says so.
        epochs: Where the epoch of the log is kept, beside the position, so that also a process that
            starts later notices a new one. Without it only one that was running does.
        selection: Which events; all without one.
        page_size: The most events of a delivery, and the most that wait here for being taken.
        name: What the server's monitoring shows.
        patience_seconds: After so long without an event it looks where stream and log are.
        timeout_seconds: How long to wait for a connection to NATS, and for each of its answers.
        random: For the jitter of the waits.

    Raises:
        ConfigError: the URL cannot be used.
        InvalidRequest: a bound is out of range, or a name or a tag of the selection cannot be that
            of an event.
    """
    url = checked_nats_url(nats_url)
    check_read(after, page_size)
    wanted = selection or Selection()
    wanted.check()
    subjects = wanted.subjects()

    def open_cursor() -> AbstractAsyncContextManager[Cursor]:
        return JetStreamCursor.open(
            url,
            subjects=subjects,
            name=name,
            patience_seconds=patience_seconds,
            timeout_seconds=timeout_seconds,
        )

    return ConsumerSubscription(
        open_cursor,
        store,
        after=after,
        epochs=epochs,
        selection=wanted,
        page_size=page_size,
        random=random or SystemRandom(),
    )


class ConsumerSubscription:
    """An endless iterator of deliveries, and a context manager that closes it.

    The next delivery is asked for when it is wanted; a bounded number of messages is under way. An
    error, or the cancellation of who waits, loses nothing: ask again. It belongs to one task.
    """

    def __init__(
        self,
        open_cursor: OpenCursor,
        log: LogReader | None,
        *,
        after: Position,
        epochs: EpochStore | None,
        selection: Selection,
        page_size: int,
        random: Random,
    ) -> None:
        self._open_cursor = open_cursor
        self._log = log
        self._epochs = epochs
        self._epoch: Epoch | None = None
        self._query = selection.query()
        self._page_size = page_size
        self._core = Following(after=after, selection=selection, log_at_hand=log is not None)
        self._reconnect = Backoff(first=0.05, limit=1.0, random=random)
        self._said = StateLog(LOG)
        self._opened = AsyncExitStack()
        self._cursor: Cursor | None = None
        self._step: asyncio.Task[Delivery | None] | None = None
        self._stopped: asyncio.Event = asyncio.Event()

    @property
    def position(self) -> Position:
        """The position of the last delivery."""
        return self._core.position

    def stop(self) -> None:
        """Let what is in hand be handled, and then end: there is no further delivery."""
        self._stopped.set()

    async def aclose(self) -> None:
        """Stop, and close the connections."""
        self.stop()
        step, self._step = self._step, None
        if step is not None:
            step.cancel()
            await asyncio.gather(step, return_exceptions=True)
        await self._detach()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Delivery:
        """Wait for the next delivery, as `Subscription` says.

        None of the errors has an effect: what was not delivered is delivered later.

        Raises:
            ContentDiffers: an event came again, and is not what it was.
            LogWentBack: the log ends before our position.
            EpochBegan: the log went back, and an operator began an epoch behind our position.
            PositionGap: the log has a hole; or the stream has one and there is no ``store``.
            ForeignMessage: the stream holds a message where the log holds nothing, or there is no
                ``store`` to look.
            ConfigError, SchemaMismatch: the servers are not set up for us.
        """
        while not self._stopped.is_set():
            delivery = await self._wait_for_step()
            if delivery is not None:
                return delivery
        await self.aclose()
        raise StopAsyncIteration

    async def _wait_for_step(self) -> Delivery | None:
        """Take a step, or go on with the one that somebody gave up on; null when stopped too."""
        step = self._step = self._step or asyncio.ensure_future(self._take_step())
        stopped = asyncio.ensure_future(self._stopped.wait())
        try:
            await asyncio.wait((step, stopped), return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
        if not step.done() or step.cancelled():  # somebody else has closed it
            return None
        self._step = None
        return step.result()

    async def _take_step(self) -> Delivery | None:
        try:
            return await self._asked()
        except _BREAKS as error:
            self._said.trouble(error)
            await self._detach()
            self._core.detached()
            if isinstance(error, StreamUnavailable):
                await self._go_round_jetstream()
            if self._core.ask is not Ask.LOG:
                await asyncio.sleep(self._reconnect.next())
            return None
        except PositionGap:
            await asyncio.sleep(self._reconnect.next())  # who asks again asks at no great rate
            raise

    async def _asked(self) -> Delivery | None:
        core = self._core
        match core.ask:
            case Ask.CURSOR:
                cursor = self._cursor or await self._attach()
                stream = await cursor.attach(core.resume_after)
                await self._enter(stream.epoch)
                core.attached(stream)
                return None
            case Ask.EVENTS:
                return await self._fetch()
            case Ask.COMPARISON:
                last, undelivered = await self._attached().inspect()
                head = None if self._log is None else await self._log.head()
                delivery = core.compared(Compared(last, undelivered, head))
                if delivery is not None and delivery.caught_up and last >= delivery.position:
                    self._said.well("caught up at position %d", delivery.position)
                return delivery
            case Ask.LOG:
                return await self._read_log()

    async def _fetch(self) -> Delivery | None:
        try:
            page = await self._attached().fetch(self._page_size)
        except ForeignMessage as error:
            stranger = error
        else:
            delivery = self._core.fetched(page)
            self._reconnect.reset()
            return delivery
        head = None if self._log is None else await self._log.head()
        self._core.met_stranger(stranger, head)
        LOG.error("%s `eventstore relay heal` says what to do about the stream.", stranger)
        return None

    async def _enter(self, epoch: Epoch) -> None:
        if self._epochs is not None and epoch != self._epoch:
            await self._epochs.enter(epoch, self._core.position)
            self._epoch = epoch

    async def _read_log(self) -> Delivery | None:
        if self._log is None:
            raise AssertionError("the core was told that there is no log at hand")
        core = self._core
        self._said.well(
            "JetStream lacks events after position %d: reading them from the log", core.position
        )
        return core.read(
            await self._log.read_log_page(
                after=core.position,
                limit=self._page_size,
                query=self._query,
                until=core.log_until,
            )
        )

    async def _go_round_jetstream(self) -> None:
        """Without JetStream, go on from the log if it can be read."""
        if self._log is None:
            return
        try:
            epoch = await self._log.epoch() if isinstance(self._log, KnowsEpoch) else Epoch()
            # The first one says nothing: epochs that began before they were kept are not known.
            known = epoch if epoch.number > 1 else None
            if known is not None:
                await self._enter(known)
            self._core.unreachable(await self._log.head(), known)
        except (StoreUnavailable, ReadFailed, CheckpointUnavailable) as error:
            self._said.trouble(error)

    async def _attach(self) -> Cursor:
        self._cursor = await self._opened.enter_async_context(self._open_cursor())
        return self._cursor

    def _attached(self) -> Cursor:
        if self._cursor is None:
            raise AssertionError("the core asks for a cursor first")
        return self._cursor

    async def _detach(self) -> None:
        self._cursor = None
        opened, self._opened = self._opened, AsyncExitStack()
        await opened.aclose()

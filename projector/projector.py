"""The projector's loop: carries out what the core decides, and begins anew when a server is lost.

As in the relay, a session is one connection to each server, thrown away whole when anything of it
breaks; the next one begins at the checkpoint. So the projector survives the loss of any server at
any moment, for any time, and applies every event exactly once.

It logs one line per change of state. It never returns; cancel it to stop it. It raises what another
attempt cannot mend: `ProjectionFailed`, `LogWentBack`, `ForeignMessage`, and errors of settings.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from random import Random
from typing import Final, NoReturn, TypeAlias

import msgspec

from eventstore.backoff import Backoff
from eventstore.cancellation import Cancellation
from eventstore.driver import drive
from eventstore.errors import (
    ForeignMessage,
    LeaseLost,
    ReadFailed,
    StoreUnavailable,
    StreamUnavailable,
)
from eventstore.statelog import StateLog
from eventstore.store import PAGE_BYTES
from projector import steps as decide
from projector.checkpoint import Checkpoint
from projector.errors import (
    CheckpointConflict,
    PositionGap,
    ProjectionFailed,
    ReadModelUnavailable,
)
from projector.parking import Cause
from projector.ports import Delivery, PagedLog, ReadModel
from projector.subscription import SubscriptionCore, SubscriptionPace

__all__ = ["LOG", "OpenSession", "Session", "run"]

LOG: Final = logging.getLogger("projector")
"""Where the projector says what happens to it."""

# A gap is among them because what is missing can come back: a relay may be filling the stream.
_BREAKS_A_SESSION: Final = (
    StoreUnavailable,
    ReadFailed,
    StreamUnavailable,
    ReadModelUnavailable,
    LeaseLost,
    PositionGap,
)

Sleep: TypeAlias = Callable[[float], Awaitable[None]]


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """What a projector works with until something of it breaks; ``alarms`` fail when it does.

    ``log`` is optional: it fills gaps that the stream has, and shows a relay that stands still.
    ``announce`` is told each checkpoint after its commit, to wake who waits for it.
    ``count_stranger`` is called for each message that is none of the log's.
    """

    delivery: Delivery
    read_model: ReadModel
    log: PagedLog | None = None
    announce: Callable[[Checkpoint], None] = lambda _: None
    count_stranger: Callable[[], None] = lambda: None
    alarms: Sequence[asyncio.Future[NoReturn]] = ()


OpenSession: TypeAlias = Callable[[], AbstractAsyncContextManager[Session]]


async def run(
    open_session: OpenSession,
    *,
    random: Random,
    pace: SubscriptionPace | None = None,
    sleep: Sleep = asyncio.sleep,
) -> NoReturn:
    """Project for ever.

    Args:
        open_session: Makes a session; it may wait for a lease inside.
        random: For the jitter of the waits.
        pace: How much at once.
        sleep: Lets time pass.

    Raises:
        ProjectionFailed: the projection raised for one event, every time, and is to halt at it.
        ParkingFull: too many events are parked and held.
        LogWentBack: the read model is ahead of the log.
        ForeignMessage: the stream holds a message where the log holds nothing, or there is no log
            to look.
        ConfigError, SchemaMismatch: the servers are not set up for us.
    """
    reconnect = Backoff(first=0.05, limit=1.0, random=random)
    said = StateLog(LOG)
    cancellation = Cancellation()
    while True:
        try:
            async with open_session() as session:
                cancellation.check()
                core = SubscriptionCore(
                    pace or SubscriptionPace(),
                    Backoff(first=0.05, limit=2.0, random=random),
                    log_at_hand=session.log is not None,
                )
                work = _Work(session, core, sleep, reconnect, said)
                try:
                    await drive(core, work.execute, alarms=session.alarms)
                except ProjectionFailed as failure:
                    with suppress(ReadModelUnavailable):
                        position = failure.events[0].position
                        await session.read_model.halted(position, Cause.of(failure))
                    raise
        except _BREAKS_A_SESSION as error:
            said.trouble(error)
        cancellation.check()
        await sleep(reconnect.next())


class _Work:
    """Carries out the core's commands on one session."""

    def __init__(
        self,
        session: Session,
        core: SubscriptionCore,
        sleep: Sleep,
        reconnect: Backoff,
        said: StateLog,
    ) -> None:
        self._session = session
        self._core = core
        self._sleep = sleep
        self._reconnect = reconnect
        self._said = said
        self._connected = False

    async def execute(self, command: decide.Command) -> decide.Outcome:
        session = self._session
        match command:
            case decide.LoadCheckpoint():
                checkpoint = await session.read_model.checkpoint()
                outcome: decide.Outcome = decide.Loaded(checkpoint)
            case decide.Subscribe(after=after):
                await session.delivery.subscribe(after)
                if not self._connected:
                    LOG.info("connected; projecting after position %d", after)
                self._connected = True
                outcome = decide.Subscribed()
            case decide.Fetch(limit=limit):
                outcome = await self._fetch(limit)
            case decide.ReadLog():
                outcome = await self._read_log(command)
            case decide.Compare():
                outcome = await self._compare()
            case decide.Commit():
                outcome = await self._commit(command)
            case decide.SetAside():
                outcome = await self._set_aside(command)
            case decide.Pause(seconds=seconds):
                await self._sleep(seconds)
                outcome = decide.Paused()
        return outcome

    async def _fetch(self, limit: int) -> decide.Outcome:
        try:
            delivery = self._session.delivery
            return decide.Fetched(await delivery.fetch(limit), delivery.fetched_bytes)
        except ForeignMessage as error:
            stranger = error
        self._session.count_stranger()
        LOG.error("%s `eventstore relay heal` says what to do about the stream.", stranger)
        return decide.FetchedForeign(stranger)

    async def _read_log(self, command: decide.ReadLog) -> decide.Outcome:
        log = self._session.log
        if log is None:
            raise AssertionError("the core was told that there is no log at hand")
        self._said.well(
            "the stream lacks events after position %d: reading them from the log", command.after
        )
        page = await log.read_log_page(after=command.after, limit=command.limit)
        # Of a page that was not cut, the number is bound enough.
        cut = page.more and len(page.events) < command.limit
        return decide.Fetched(page.events, PAGE_BYTES if cut else 0)

    async def _compare(self) -> decide.Outcome:
        last = await self._session.delivery.last_sequence()
        log = self._session.log
        compared = decide.Compared(last, None if log is None else await log.head())
        self._tell(compared)
        return compared

    def _tell(self, compared: decide.Compared) -> None:
        """Say whether the end of everything is reached, or who stands still."""
        checkpoint = self._core.checkpoint
        if checkpoint is None:
            return
        head = compared.last_sequence if compared.head is None else compared.head
        if head > compared.last_sequence:
            self._said.well("waiting for the relay: the stream is behind the log")
        elif checkpoint.position >= head:
            self._said.well("caught up at position %d", checkpoint.position)

    async def _commit(self, command: decide.Commit) -> decide.Outcome:
        try:
            reached = await self._session.read_model.commit(command.events, command.checkpoint)
        except CheckpointConflict as error:
            self._said.trouble(error)
            return decide.Conflicted()
        except ProjectionFailed as error:
            self._said.trouble(error.summary)
            return decide.Failed(error)
        return self._reached(reached)

    async def _set_aside(self, command: decide.SetAside) -> decide.Outcome:
        event = command.event
        try:
            reached = await self._session.read_model.set_aside(
                event, command.checkpoint, command.state, Cause.of(command.error), command.attempts
            )
        except CheckpointConflict as error:
            self._said.trouble(error)
            return decide.Conflicted()
        LOG.error(
            "%s position %d (%s in %s) after %d attempts: %s",
            command.state,
            event.position,
            event.type,
            event.stream,
            command.attempts,
            command.error.reason,
        )
        return self._reached(reached)

    def _reached(self, checkpoint: Checkpoint) -> decide.Outcome:
        self._reconnect.reset()
        self._session.announce(checkpoint)
        return decide.Committed(checkpoint)

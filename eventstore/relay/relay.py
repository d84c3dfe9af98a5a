"""The relay's loop: carries out what the core decides, and begins anew when a server is lost.

A session is one connection to each server. When anything of it breaks it is thrown away whole and
another is opened, since the core needs no memory: it looks where the stream is and goes on. So the
relay survives the loss of either server at any moment, for any time.

It logs one line per change of state. It never returns; cancel it to stop it. It raises what another
attempt cannot mend: `StreamDiverged`, `PositionGap`, `ConfigError`, `SchemaMismatch`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from random import Random
from typing import Final, NoReturn, TypeAlias, cast

import msgspec

from eventstore.backoff import Backoff
from eventstore.cancellation import Cancellation
from eventstore.driver import drive
from eventstore.errors import (
    LeaseLost,
    PublishRefused,
    PublishUnanswered,
    ReadFailed,
    StoreUnavailable,
    StreamUnavailable,
)
from eventstore.relay import core as decide
from eventstore.relay.ports import OutgoingLog, StreamPublisher
from eventstore.statelog import StateLog
from eventstore.wire_bytes import WireBytes

__all__ = ["LEASE", "LOG", "OpenSession", "Session", "run"]

LOG: Final = logging.getLogger("eventstore.relay")
"""Where the relay says what happens to it."""

LEASE: Final = "relay"
"""The name of the lease, in the database whose log is relayed."""

_BREAKS_A_SESSION: Final = (StoreUnavailable, ReadFailed, StreamUnavailable, LeaseLost)

Sleep: TypeAlias = Callable[[float], Awaitable[None]]


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """What a relay works with until something of it breaks; ``alarms`` fail when that happens."""

    log: OutgoingLog
    stream: StreamPublisher
    alarms: Sequence[asyncio.Future[NoReturn]] = ()


OpenSession: TypeAlias = Callable[[], AbstractAsyncContextManager[Session]]


async def run(
    open_session: OpenSession,
    *,
    random: Random,
    pace: decide.RelayPace | None = None,
    sleep: Sleep = asyncio.sleep,
) -> NoReturn:
    """Relay for ever.

    Args:
        open_session: Makes a session; it may wait for a lease inside.
        random: For the jitter of the waits.
        pace: How much at once, and how often to look.
        sleep: Lets time pass.

    Raises:
        StreamDiverged: JetStream holds what the log does not.
        PositionGap: the log has a hole.
        ConfigError, SchemaMismatch: the servers are not set up for us.
        EventDamaged: the log holds an event that no store accepts.
    """
    reconnect = Backoff(first=0.05, limit=1.0, random=random)
    said = StateLog(LOG)
    reached = _Reached()
    cancellation = Cancellation()
    while True:
        try:
            async with open_session() as session:
                cancellation.check()
                core = decide.RelayCore(
                    pace or decide.RelayPace(), Backoff(first=0.02, limit=2.0, random=random)
                )
                work = _Work(session, core, sleep, reconnect, said, reached)
                await drive(core, work.execute, alarms=session.alarms)
        except _BREAKS_A_SESSION as error:
            said.trouble(error)
        cancellation.check()
        await sleep(reconnect.next())


class _Reached:
    """How far this relay has seen the stream, so that it can say when the stream went back."""

    def __init__(self) -> None:
        self._sequence = 0

    def tell(self, sequence: int) -> None:
        """Say so if the stream is behind where it was; a lost stream is behind, too."""
        if sequence < self._sequence:
            LOG.warning(
                "JetStream went back from sequence %d to %d: publishing what it lost again",
                self._sequence,
                sequence,
            )
        self._sequence = sequence

    def move(self, sequence: int) -> None:
        """Take note that so much was acknowledged."""
        self._sequence = max(self._sequence, sequence)


class _Work:
    """Carries out the core's commands on one session."""

    def __init__(
        self,
        session: Session,
        core: decide.RelayCore,
        sleep: Sleep,
        reconnect: Backoff,
        said: StateLog,
        reached: _Reached,
    ) -> None:
        self._session = session
        self._reached = reached
        self._core = core
        self._sleep = sleep
        self._reconnect = reconnect
        self._said = said
        self._resumed = False

    async def execute(self, command: decide.Command) -> decide.Outcome:
        match command:
            case decide.InspectStream():
                return await self._inspect()
            case decide.CreateStream() | decide.ReplaceStream():
                return await self._make(command)
            case decide.ReadPage(after=after, limit=limit):
                return decide.Page(await self._session.log.read(after=after, limit=limit))
            case decide.Publish(events=events):
                # They are what `read` gave, of which the core looks at a part.
                return await self._publish(cast("Sequence[WireBytes]", events))
            case decide.Wait(seconds=seconds):
                await self._sleep(seconds)
                return decide.Waited(seconds)
            case decide.WaitForMore(seconds=seconds, after=after):
                if self._core.caught_up:
                    self._reconnect.reset()
                    self._said.well("caught up at position %d", self._core.position)
                began = time.monotonic()
                await self._session.log.wait(after=after, seconds=seconds)
                return decide.Waited(time.monotonic() - began)

    async def _inspect(self) -> decide.Outcome:
        state = await self._session.stream.inspect()
        self._reached.tell(0 if state is None else state.last_sequence)
        if state is not None and not self._resumed:
            self._resumed = True
            LOG.info("connected; relaying after position %d", state.last_sequence)
        return decide.Inspected(state)

    async def _make(self, command: decide.CreateStream | decide.ReplaceStream) -> decide.Outcome:
        match command:
            case decide.CreateStream():
                await self._session.stream.create()
                LOG.info("created the stream")
            case decide.ReplaceStream(missing=missing):
                reason = f"it had lost {missing} messages"
                await self._session.stream.replace(reason)
                LOG.warning("made the stream anew, to fill it from the log: %s", reason)
        return decide.Created()

    async def _publish(self, messages: Sequence[WireBytes]) -> decide.Outcome:
        try:
            await self._session.stream.publish(messages)
        except (PublishRefused, PublishUnanswered) as error:
            self._said.trouble(error)
            return decide.Failed(str(error))
        self._reconnect.reset()
        self._reached.move(messages[-1].position)
        return decide.Acknowledged()

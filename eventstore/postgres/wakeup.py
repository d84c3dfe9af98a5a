"""Waking other processes when the log has grown: after the commit, and never as a part of it.

A notification inside the append's transaction would take a lock on the whole server at its commit,
and so undo what committing in groups gains. Here it is a statement of its own, on a connection of
its own, at most one under way and at most one a millisecond: however many commits there are
meanwhile, the last one is told. It may be lost, by any failure at all; whoever waits looks for
himself now and then (`eventstore.subscription`), so that costs time and nothing else.

Where nobody listens, nobody is told: a notification costs the server as much as half an append.
Listeners are sessions with a name of their own, which announcers look for.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import asyncpg

from eventstore.errors import EventStoreError
from eventstore.postgres.engine import TIMEOUT_SECONDS, connect
from eventstore.postgres.queries import query
from eventstore.postgres.schema import schema_of
from eventstore.postgres.translate import DRIVER_ERRORS
from eventstore.stream import Position
from eventstore.subscription import HeadWatch

__all__ = ["LISTENS", "Announcer", "Listener"]

LISTENS: Final = "eventstore listen"
"""The application name of a session that listens: a session of any other name may not be told."""

_log: Final = logging.getLogger(__name__)

_GAP_SECONDS: Final = 0.001
_RETRY_SECONDS: Final = 1.0

_UNHEARD_SECONDS: Final = 0.1
"""After so long an announcer that nobody heard looks again, if there is news: who begins to listen
may be told of what is appended meanwhile so much later."""

_HEARD_SECONDS: Final = 1.0
"""After so long an announcer looks whether it still has somebody who listens."""

_FAILURES: Final = (EventStoreError, *DRIVER_ERRORS)


class Announcer:
    """Tells who waits, here and elsewhere, where the log has got to.

    Made by `open`; it connects when it has news.
    """

    def __init__(self, url: str, log: str, watch: HeadWatch, timeout_seconds: float) -> None:
        self._url = url
        self._channel = schema_of(log)
        self._watch = watch
        self._timeout_seconds = timeout_seconds
        self._head = Position(0)
        self._news = asyncio.Event()

    @classmethod
    @asynccontextmanager
    async def open(
        cls, url: str, log: str, watch: HeadWatch, *, timeout_seconds: float = TIMEOUT_SECONDS
    ) -> AsyncIterator[Announcer]:
        """Announce until the end of the block."""
        announcer = cls(url, log, watch, timeout_seconds)
        work = asyncio.create_task(announcer._work())
        try:
            yield announcer
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

    def announce(self, head: Position) -> None:
        """Say that the log has got as far as this: here at once, elsewhere soon."""
        self._watch.announce(head)
        if head > self._head:
            self._head = head
            self._news.set()

    async def _work(self) -> None:
        while True:
            await self._news.wait()
            try:
                connection = await connect(
                    self._url,
                    timeout_seconds=self._timeout_seconds,
                    statement_seconds=self._timeout_seconds,
                    application="eventstore announce",
                )
                try:
                    await self._tell(connection)
                finally:
                    connection.terminate()
            except _FAILURES as error:
                _log.debug("nobody was woken: %s", error)
                await asyncio.sleep(_RETRY_SECONDS)

    async def _tell(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        # A notification draws a transaction number, so its commit would flush to disk beside the
        # appends, and for nothing: it tells of a commit that is there already.
        await connection.execute("SET synchronous_commit = off")
        notify = await connection.prepare("SELECT pg_notify($1, $2)")
        is_heard = await connection.prepare(query("is_heard"))
        loop = asyncio.get_running_loop()
        heard, looked = False, 0.0
        while True:
            await self._news.wait()
            self._news.clear()
            if not heard:
                heard, looked = await is_heard.fetchval(LISTENS), loop.time()
            if not heard:  # who comes now reads for himself what is there
                await asyncio.sleep(_UNHEARD_SECONDS)
                continue
            await notify.fetch(self._channel, str(self._head))
            await asyncio.sleep(_GAP_SECONDS)
            if loop.time() >= looked + _HEARD_SECONDS:
                heard, looked = await is_heard.fetchval(LISTENS), loop.time()


class Listener:
    """Tells a `HeadWatch` what other processes announce, from the first `start` on. Made by `open`.

    A lost connection is made again; there is no error, since whoever waits also looks for himself.
    """

    def __init__(self, url: str, log: str, watch: HeadWatch, timeout_seconds: float) -> None:
        self._url = url
        self._channel = schema_of(log)
        self._watch = watch
        self._timeout_seconds = timeout_seconds
        self._work: asyncio.Task[None] | None = None

    @classmethod
    @asynccontextmanager
    async def open(
        cls, url: str, log: str, watch: HeadWatch, *, timeout_seconds: float = TIMEOUT_SECONDS
    ) -> AsyncIterator[Listener]:
        """Be ready to listen, until the end of the block."""
        listener = cls(url, log, watch, timeout_seconds)
        try:
            yield listener
        finally:
            if listener._work is not None:
                listener._work.cancel()
                await asyncio.gather(listener._work, return_exceptions=True)

    def start(self) -> None:
        """Listen from now on."""
        if self._work is None:
            self._work = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        while True:
            try:
                connection = await connect(
                    self._url,
                    timeout_seconds=self._timeout_seconds,
                    statement_seconds=self._timeout_seconds,
                    application=LISTENS,
                )
                try:
                    await self._until_lost(connection)
                finally:
                    connection.terminate()
            except _FAILURES as error:
                _log.debug("not listening: %s", error)
            await asyncio.sleep(_RETRY_SECONDS)

    async def _until_lost(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _: lost.set())
        await connection.add_listener(self._channel, self._heard)
        self._watch.wake()  # what was announced before is not told again
        await lost.wait()

    def _heard(self, _: Any, __: int, ___: str, payload: object) -> None:
        with suppress(ValueError):
            self._watch.announce(Position(int(str(payload))))

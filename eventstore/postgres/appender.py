"""Sends appends in batches: whoever comes while a batch is under way goes with the next one.

There is no waiting for a batch to fill, but for one turn of the event loop, in which those that
were just answered send what they have next. Two connections take turns, so that one batch is
encoded while another is decided; an append that finds nobody waiting goes at once and alone, by a
short way. `batching` decides what may go together, `calls` knows the functions.

A caller that is cancelled, or waits longer than the time limit, before its append is sent takes it
back. One that is cancelled later does not know the outcome: the append may go on without it.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final
from uuid import UUID

import asyncpg
from asyncpg.prepared_stmt import PreparedStatement

from eventstore.config import DEFAULT_LOG, server_of
from eventstore.errors import EventStoreError, SchemaMismatch, StoreUnavailable
from eventstore.postgres import calls
from eventstore.postgres.batching import BATCH_APPENDS, QUEUE_APPENDS, AppendQueue, PendingAppend
from eventstore.postgres.engine import TIMEOUT_SECONDS, check_schema, connect
from eventstore.postgres.queries import query
from eventstore.postgres.translate import append_failed, spoils_others
from eventstore.store import Appended, Boundary
from eventstore.stream import Position
from eventstore.validation import EncodedWrite

__all__ = ["CONNECTIONS", "Appender"]

CONNECTIONS: Final = 2
"""How many batches are under way at a time: one is decided, the next is on its way."""

_LARGE_BATCH: Final = BATCH_APPENDS // 2
"""From so many appends on, a batch costs hardly less for each if it has more."""

_CLOSE_SECONDS: Final = 2.0

_LOST_MAX: Final = 64
"""How many sessions whose answers were lost are remembered, before they are ended for good."""

_Session = tuple[int, dt.datetime]
Ticket = asyncio.Future[tuple[Appended, ...]]
Pending = PendingAppend[Ticket]


class _Line:
    """One connection, with its statements prepared, and the session at its other end."""

    def __init__(
        self,
        connection: asyncpg.Connection[asyncpg.Record],
        session: _Session,
        one: PreparedStatement[asyncpg.Record],
        singles: PreparedStatement[asyncpg.Record],
        batch: PreparedStatement[asyncpg.Record],
    ) -> None:
        self.connection = connection
        self.session = session
        self.one = one
        self.singles = singles
        self.batch = batch

    @classmethod
    async def open(cls, url: str, log: str, timeout_seconds: float) -> _Line:
        connection = await connect(
            url,
            timeout_seconds=timeout_seconds,
            statement_seconds=timeout_seconds,
            application="eventstore append",
        )
        try:
            await check_schema(connection, log)
            (row,) = await connection.fetch(query("session"))
            return cls(
                connection,
                (row["pid"], row["started"]),
                await connection.prepare(query("append_one", log)),
                await connection.prepare(query("append_singles", log)),
                await connection.prepare(query("append_batch", log)),
            )
        except BaseException:
            connection.terminate()
            raise


class Appender:
    """Takes appends, and sends them over at most ``connections`` connections. Made by `open`."""

    def __init__(
        self,
        url: str,
        log: str,
        timeout_seconds: float,
        *,
        committed: Callable[[Position], None],
        connections: int,
        queue_limit: int,
    ) -> None:
        self._url = url
        self._log = log
        self._timeout_seconds = timeout_seconds
        self._committed = committed
        self._connections = connections
        self._queue: AppendQueue[Ticket] = AppendQueue(queue_limit)
        # Which connections are free, None for one to be made. The last one used is used first.
        self._free: list[_Line | None] = [None] * connections
        self._tasks: set[asyncio.Task[None]] = set()
        self._under_way: set[tuple[Pending, ...]] = set()
        self._settled = asyncio.Event()
        self._lost: set[_Session] = set()
        self._lonely = True  # the last append had no company
        self._patrol: asyncio.TimerHandle | None = None
        self._closed = False

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        url: str,
        *,
        committed: Callable[[Position], None],
        log: str = DEFAULT_LOG,
        timeout_seconds: float = TIMEOUT_SECONDS,
        connections: int = CONNECTIONS,
        queue_limit: int = QUEUE_APPENDS,
    ) -> AsyncIterator[Appender]:
        """Open an appender; connections are made when they are first needed.

        ``committed`` is told the last position of each batch. At the end of the block no append is
        taken any more, and those that were are carried out, within the time limit.
        """
        appender = cls(
            url,
            log,
            timeout_seconds,
            committed=committed,
            connections=connections,
            queue_limit=queue_limit,
        )
        try:
            yield appender
        finally:
            await appender._close()

    async def append(
        self, writes: Sequence[EncodedWrite], boundary: Boundary | None = None
    ) -> tuple[Appended, ...]:
        """Append, all or none, and answer one acknowledgement a write.

        Raises:
            QueueFull: too many appends wait; nothing was sent.
            StoreUnavailable: it could not be sent within the time limit.
            AppendError: as `eventstore.EventStore.append` says.
        """
        if self._closed:
            raise StoreUnavailable("the store is closed.")
        loop = asyncio.get_running_loop()
        ticket: Ticket = loop.create_future()
        pending = PendingAppend(writes, boundary, ticket, loop.time() + self._timeout_seconds)
        if self._lonely and self._free and not self._queue:
            await self._send_alone(pending)
            return ticket.result()
        self._queue.put(pending)
        if self._free:
            self._start_sender()
        if self._patrol is None:
            self._patrol = loop.call_at(pending.deadline, self._end_overdue)
        try:
            return await ticket
        except asyncio.CancelledError:
            self._queue.discard(pending)
            raise

    async def settle(self, ids: Sequence[UUID]) -> None:
        """Wait until no append with one of these ids is under way, and no session that was lost is.

        What waits to be sent is not waited for: it goes later.

        Raises:
            StoreUnavailable: the sessions that were lost could not be ended.
        """
        wanted = set(ids)
        while any(
            not wanted.isdisjoint(append.ids) for batch in self._under_way for append in batch
        ):
            self._settled.clear()
            await self._settled.wait()
        if self._lost:
            await self._end_lost_sessions()

    async def _send_alone(self, append: Pending) -> None:
        """Send an append in its caller's own task, which saves a lonely one much of its time."""
        line = self._free.pop()
        try:
            line = await self._carry_out((append,), line)
        except asyncio.CancelledError:
            append.ticket.exception()  # seen: nobody else will ask for it
            raise
        finally:
            self._free.append(line)
            if self._queue:
                self._start_sender()

    def _start_sender(self) -> None:
        sender = asyncio.create_task(self._send_all(self._free.pop()))
        self._tasks.add(sender)
        sender.add_done_callback(self._tasks.discard)

    async def _send_all(self, line: _Line | None) -> None:
        """Send batches over one connection until nobody waits."""
        try:
            while batch := self._next_batch():
                self._lonely = len(batch) == 1 and not self._queue
                line = await self._carry_out(batch, line)
                if len(batch) < _LARGE_BATCH:
                    await asyncio.sleep(0)  # those that were just answered may have more to send
        finally:
            self._free.append(line)

    def _next_batch(self) -> tuple[Pending, ...]:
        """Take this connection's share of all that wait or are under way."""
        every = len(self._queue) + sum(map(len, self._under_way))
        return tuple(self._queue.take(-(-every // self._connections)))

    async def _carry_out(self, batch: tuple[Pending, ...], line: _Line | None) -> _Line | None:
        """Send a batch, tell its callers, and return the connection if it is still good."""
        self._under_way.add(batch)
        try:
            if line is None or line.connection.is_closed():
                line = await self._connect(batch)
            return None if line is None else await self._send(batch, line)
        finally:
            self._under_way.discard(batch)
            self._settled.set()

    async def _connect(self, batch: tuple[Pending, ...]) -> _Line | None:
        """Make a connection, or tell the callers that there is none."""
        try:
            if len(self._lost) >= _LOST_MAX:
                await self._end_lost_sessions()
            return await _Line.open(self._url, self._log, self._timeout_seconds)
        except BaseException as error:
            _refuse(batch, _not_sent(error, self._url))
            if not isinstance(error, Exception):
                raise
            return None

    async def _send(self, batch: Sequence[Pending], line: _Line) -> _Line | None:
        try:
            answers = await _call(batch, line)
        except BaseException as error:
            if len(batch) > 1 and spoils_others(error):
                return await self._send_one_by_one(batch, line)
            for append in batch:
                _tell(append, append_failed(error, append.writes[0].stream))
            if isinstance(error, asyncpg.PostgresError):
                return line
            self._give_up(line)
            if not isinstance(error, Exception):
                raise
            return None
        last = Position(0)
        for append, answer in zip(batch, answers, strict=True):
            _tell(append, answer)
            if not isinstance(answer, EventStoreError):
                last = max(last, answer[-1].position)
        self._committed(last)
        return line

    def _give_up(self, line: _Line) -> None:
        """Let go of a connection whose answer did not come; the driver asks the server to stop."""
        self._lost.add(line.session)
        closing = asyncio.create_task(_close_quietly(line.connection))
        self._tasks.add(closing)
        closing.add_done_callback(self._tasks.discard)

    async def _send_one_by_one(self, batch: Sequence[Pending], line: _Line) -> _Line | None:
        """Send the appends of a batch alone: one of them made the server refuse them all."""
        left: _Line | None = line
        for append in batch:
            left = await self._carry_out((append,), left)
        return left

    async def _end_lost_sessions(self) -> None:
        """End the sessions whose answers never came: what they began cannot happen afterwards."""
        connection = await connect(
            self._url,
            timeout_seconds=self._timeout_seconds,
            statement_seconds=self._timeout_seconds,
            application="eventstore outcome",
        )
        patience = int(self._timeout_seconds * 500)
        try:
            for session in tuple(self._lost):
                if await connection.fetchval(query("end_session"), *session, patience) is not False:
                    self._lost.discard(session)
        except Exception as error:
            raise _still_lost() from error
        finally:
            await _close_quietly(connection)
        if self._lost:
            raise _still_lost()

    def _end_overdue(self) -> None:
        """Refuse what waited for too long, and look again when the next one may have."""
        loop = asyncio.get_running_loop()
        error = StoreUnavailable(
            "the append was not sent within the time limit: too many wait, or no connection could "
            "be made."
        )
        _refuse(self._queue.overdue(loop.time()), error)
        first = self._queue.first_deadline()
        self._patrol = None if first is None else loop.call_at(first, self._end_overdue)

    async def _close(self) -> None:
        self._closed = True
        with suppress(TimeoutError):
            async with asyncio.timeout(self._timeout_seconds):
                while self._queue or self._under_way:
                    self._settled.clear()
                    await self._settled.wait()
        for sender in tuple(self._tasks):
            sender.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._patrol is not None:
            self._patrol.cancel()
        while batch := self._queue.take():
            _refuse(batch, StoreUnavailable("the store was closed before the append was sent."))
        for line in filter(None, self._free):
            await _close_quietly(line.connection)


async def _close_quietly(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    with suppress(Exception):
        await connection.close(timeout=_CLOSE_SECONDS)


async def _call(batch: Sequence[Pending], line: _Line) -> list[calls.Answer]:
    if not all(map(calls.is_simple, batch)):
        (row,) = await line.batch.fetch(*calls.batch_arguments(batch))
    elif len(batch) > 1:
        (row,) = await line.singles.fetch(*calls.singles_arguments(batch))
    else:
        (row,) = await line.one.fetch(*calls.one_arguments(batch[0]))
        return [calls.one_answer(batch[0], row)]
    return calls.batch_answers(batch, row)


def _tell(append: Pending, answer: calls.Answer) -> None:
    if append.ticket.done():  # its caller was cancelled
        return
    if isinstance(answer, EventStoreError):
        append.ticket.set_exception(answer)
    else:
        append.ticket.set_result(answer)


def _refuse(batch: Sequence[Pending], error: EventStoreError) -> None:
    for append in batch:
        _tell(append, error)


def _still_lost() -> StoreUnavailable:
    return StoreUnavailable(
        "a session whose answer was lost could not be ended, so that what it was sent may still "
        "happen: ask again."
    )


def _not_sent(error: BaseException, url: str) -> EventStoreError:
    if isinstance(error, SchemaMismatch | StoreUnavailable):
        return error
    return StoreUnavailable(
        f"no connection to {server_of(url)}: {type(error).__name__}; the append was not sent."
    )

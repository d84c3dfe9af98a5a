"""A lease that at most one holder has: a session advisory lock of PostgreSQL.

The lock lives as long as the connection that took it, and the server ends that connection when its
holder has been silent for ``lease_seconds``. So a holder that dies, is cut off or stands still
(SIGSTOP, a frozen machine, whose kernel still answers for it) makes room for another one. It shows
that it lives three times as often.

A holder that wakes up may go on for a moment before it learns that it lost the lease. So a lease is
for efficiency, and whoever needs more must be fenced by what it writes to. The relay is, by the
expected sequence of each publish; the projector is, by its checkpoint.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from hashlib import blake2b
from typing import Any, Final, NoReturn, Self

import asyncpg
import msgspec

from eventstore.errors import LeaseLost, ReadFailed
from eventstore.postgres.engine import TIMEOUT_SECONDS, connect

__all__ = ["LEASE_SECONDS", "Holder", "PostgresLease", "holder_of"]

LEASE_SECONDS: Final = 10.0
"""How long a silent holder keeps the lease."""

_CLOSE_SECONDS: Final = 2.0
_NAME_BYTES_MAX: Final = 63
_HALF_BITS: Final = 32
_HALF: Final = (1 << _HALF_BITS) - 1

_HOLDER: Final = """
SELECT a.application_name, a.backend_start
FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND l.classid = $1::bigint::oid AND l.objid = $2::bigint::oid
"""


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Who holds a lease: ``HOST:PID`` (null if we may not see that), connected since when."""

    name: str | None
    since: dt.datetime | None


class PostgresLease:
    """A named lease on a connection of its own; see `eventstore.lease.Lease`."""

    def __init__(self, connection: asyncpg.Connection[asyncpg.Record], name: str) -> None:
        self._connection = connection
        self._key = _key(name)
        self._one_question = asyncio.Lock()
        self.lost: asyncio.Future[NoReturn] = asyncio.get_running_loop().create_future()
        # Nobody may be looking when it happens; that is no error of its own.
        self.lost.add_done_callback(lambda lost: lost.cancelled() or lost.exception())
        connection.add_termination_listener(self._terminated)

    @classmethod
    @asynccontextmanager
    async def connect(
        cls,
        url: str,
        name: str,
        *,
        lease_seconds: float = LEASE_SECONDS,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> AsyncIterator[Self]:
        """Connect to where the lease is kept; leaving the block gives the lease back.

        Args:
            url: The database.
            name: Which lease; another database has others.
            lease_seconds: How long the server bears our silence.
            timeout_seconds: How long a question may take.

        Raises:
            StoreUnavailable: no connection could be made.
            ConfigError: the URL cannot be used.
        """
        connection = await connect(
            url,
            timeout_seconds=timeout_seconds,
            statement_seconds=min(timeout_seconds, lease_seconds),
            application=_application(name),
        )
        lease = cls(connection, name)
        alive = asyncio.ensure_future(lease._show_life(lease_seconds))
        try:
            yield lease
        finally:
            alive.cancel()
            await asyncio.gather(alive, return_exceptions=True)
            lease.lost.cancel()
            with suppress(Exception):
                await connection.close(timeout=_CLOSE_SECONDS)

    async def try_acquire(self) -> bool:
        """Take the lease if nobody holds it.

        Raises:
            LeaseLost: the connection that would hold it is gone.
        """
        try:
            async with self._one_question:
                taken: bool = await self._connection.fetchval(
                    "SELECT pg_try_advisory_lock($1)", self._key
                )
        except Exception as error:
            raise LeaseLost("the connection for the lease is gone") from error
        return taken

    async def _show_life(self, lease_seconds: float) -> None:
        """Have the server end the connection when we are silent, and do not be."""
        limit = "SELECT set_config('idle_session_timeout', $1, false)"
        try:
            while True:
                async with self._one_question:
                    await self._connection.fetchval(limit, f"{max(1, int(lease_seconds * 1000))}ms")
                await asyncio.sleep(lease_seconds / 3)
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody knows that we live
            self._lose(error)

    def _terminated(self, _: Any) -> None:
        self._lose(None)

    def _lose(self, cause: Exception | None) -> None:
        if not self.lost.done():
            lost = LeaseLost("the connection that held the lease is gone")
            lost.__cause__ = cause
            self.lost.set_exception(lost)


async def holder_of(
    url: str, name: str, *, timeout_seconds: float = TIMEOUT_SECONDS
) -> Holder | None:
    """Say who holds a lease; null if nobody does.

    Raises:
        StoreUnavailable: no connection could be made.
        ReadFailed: no answer came.
        ConfigError: the URL cannot be used.
    """
    connection = await connect(
        url, timeout_seconds=timeout_seconds, statement_seconds=timeout_seconds
    )
    key = _key(name)
    try:
        row = await connection.fetchrow(_HOLDER, key >> _HALF_BITS & _HALF, key & _HALF)
    except Exception as error:
        raise ReadFailed(f"cannot ask who holds the lease {name!r}: {error}") from error
    finally:
        with suppress(Exception):
            await connection.close(timeout=_CLOSE_SECONDS)
    if row is None:
        return None
    # What another role runs is not shown to every role.
    application, since = row
    known = application and application.startswith("lease ")
    return Holder(name=application.rpartition(" ")[2] if known else None, since=since)


def _application(name: str) -> str:
    """What the server's monitoring shows: which lease, and who we are."""
    # The server writes four characters for each byte that is not ASCII, and cuts off the end.
    lease = f"lease {name}".encode("ascii", "replace").decode()
    who = f" {socket.gethostname()[:30]}:{os.getpid()}"
    return lease[: _NAME_BYTES_MAX - len(who)] + who


def _key(name: str) -> int:
    """Give a name its lock: PostgreSQL numbers advisory locks with 64 bits, signed."""
    digest = blake2b(f"trueorder lease {name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)

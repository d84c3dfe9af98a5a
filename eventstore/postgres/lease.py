"""A lease that at most one holder has: a session advisory lock of PostgreSQL.

The lock lives as long as the connection that took it. The holder notices when that connection is
closed; on a network that swallows packets PostgreSQL may give the lock away before. So a lease is
for efficiency, and whoever needs more must be fenced by what it writes to. The relay is, by the
expected sequence of each publish; the projector is, by its checkpoint.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from hashlib import blake2b
from typing import Any, Final, NoReturn, Self

import asyncpg

from eventstore.errors import LeaseLost
from eventstore.postgres.engine import TIMEOUT_SECONDS, connect

__all__ = ["PostgresLease"]

_CLOSE_SECONDS: Final = 2.0


class PostgresLease:
    """A named lease on a connection of its own; see `eventstore.relay.ports.Lease`."""

    def __init__(self, connection: asyncpg.Connection[asyncpg.Record], name: str) -> None:
        self._connection = connection
        self._key = _key(name)
        self.lost: asyncio.Future[NoReturn] = asyncio.get_running_loop().create_future()
        # Nobody may be looking when it happens; that is no error of its own.
        self.lost.add_done_callback(lambda lost: lost.cancelled() or lost.exception())
        connection.add_termination_listener(self._terminated)

    @classmethod
    @asynccontextmanager
    async def connect(
        cls, url: str, name: str, *, timeout_seconds: float = TIMEOUT_SECONDS
    ) -> AsyncIterator[Self]:
        """Connect to where the lease is kept; leaving the block gives the lease back.

        Raises:
            StoreUnavailable: no connection could be made.
            ConfigError: the URL cannot be used.
        """
        connection = await connect(
            url,
            timeout_seconds=timeout_seconds,
            statement_seconds=timeout_seconds,
            application=f"lease {name}",
        )
        lease = cls(connection, name)
        try:
            yield lease
        finally:
            lease.lost.cancel()
            with suppress(Exception):
                await connection.close(timeout=_CLOSE_SECONDS)

    async def try_acquire(self) -> bool:
        """Take the lease if nobody holds it.

        Raises:
            LeaseLost: the connection that would hold it is gone.
        """
        try:
            taken: bool = await self._connection.fetchval(
                "SELECT pg_try_advisory_lock($1)", self._key
            )
        except Exception as error:
            raise LeaseLost("the connection for the lease is gone") from error
        return taken

    def _terminated(self, _: Any) -> None:
        if not self.lost.done():
            self.lost.set_exception(LeaseLost("the connection that held the lease is gone"))


def _key(name: str) -> int:
    """Give a name its lock: PostgreSQL numbers advisory locks with 64 bits, signed."""
    digest = blake2b(f"trueorder lease {name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)

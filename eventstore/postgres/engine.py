"""Connections to PostgreSQL: how each is made, and that every wait for one has a limit.

A connection of ours goes to a primary (a standby may show an older log, and another order of
commits), runs READ COMMITTED, plans by index, and lets the server itself end a statement that takes
too long: what a client gave up on cannot happen much later. The pool replaces broken connections,
so a store survives the server's restart without being made again.

The hot path uses asyncpg alone; SQLAlchemy's engine is for migrations and whatever is not hot.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from eventstore.config import DEFAULT_LOG, check_database_url, check_timeout, server_of
from eventstore.errors import EventStoreError, SchemaMismatch
from eventstore.postgres.at_hand import AtHand
from eventstore.postgres.queries import query
from eventstore.postgres.schema import REVISION
from eventstore.postgres.translate import DRIVER_ERRORS, revision_unknown, unavailable

if TYPE_CHECKING:
    from typing import TypeAlias

    from asyncpg.pool import PoolConnectionProxy

    Connection: TypeAlias = PoolConnectionProxy[asyncpg.Record]

__all__ = ["ConnectionPool", "check_schema", "connect", "connected", "engine", "revision_of"]

TIMEOUT_SECONDS: Final = 10.0
POOL_SIZE: Final = 8
_RELEASE_SECONDS: Final = 2.0
_CLOSE_SECONDS: Final = 2.0
_ABANDON_SECONDS: Final = 0.5


def _options(
    url: str,
    timeout_seconds: float,
    statement_seconds: float,
    application: str,
    *,
    primary: bool = True,
) -> dict[str, Any]:
    milliseconds = str(max(1, int(check_timeout(statement_seconds) * 1000)))
    return {
        "dsn": check_database_url(url),
        "timeout": check_timeout(timeout_seconds),
        "command_timeout": statement_seconds,
        "target_session_attrs": "primary" if primary else "any",
        "server_settings": {
            "application_name": application,
            "default_transaction_isolation": "read committed",
            "enable_seqscan": "off",
            "jit": "off",
            "statement_timeout": milliseconds,
            "idle_in_transaction_session_timeout": milliseconds,
        },
    }


async def connect(
    url: str,
    *,
    timeout_seconds: float = TIMEOUT_SECONDS,
    statement_seconds: float = TIMEOUT_SECONDS,
    application: str = "eventstore",
    primary: bool = True,
) -> asyncpg.Connection[asyncpg.Record]:
    """Make one connection; the caller closes it. The schema is not looked at.

    It goes to a primary, unless ``primary`` is false: then a standby will do.

    Raises:
        StoreUnavailable: it could not be made within ``timeout_seconds``.
        ConfigError: the URL cannot be used.
    """
    options = _options(url, timeout_seconds, statement_seconds, application, primary=primary)
    opening = asyncio.ensure_future(asyncpg.connect(**options))
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        await _abandon(opening)
        raise
    except Exception as error:
        raise unavailable(error, server_of(url)) from error


@asynccontextmanager
async def connected(
    url: str,
    *,
    timeout_seconds: float = TIMEOUT_SECONDS,
    statement_seconds: float = TIMEOUT_SECONDS,
    application: str = "eventstore",
    primary: bool = True,
) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """Make one connection, as `connect` does, and close it at the end of the block.

    What comes of the block stands: a server that no longer answers does not keep us.
    """
    connection = await connect(
        url,
        timeout_seconds=timeout_seconds,
        statement_seconds=statement_seconds,
        application=application,
        primary=primary,
    )
    try:
        yield connection
    finally:
        with suppress(Exception):
            await connection.close(timeout=_CLOSE_SECONDS)


async def _abandon(opening: asyncio.Future[asyncpg.Connection[asyncpg.Record]]) -> None:
    """Let a connection be opened before it is closed: cut off midway, the driver complains."""
    with suppress(Exception):
        async with asyncio.timeout(_ABANDON_SECONDS):
            (await asyncio.shield(opening)).terminate()
    opening.cancel()


@asynccontextmanager
async def engine(
    url: str, *, statement_seconds: float = TIMEOUT_SECONDS, application: str = "eventstore"
) -> AsyncIterator[AsyncEngine]:
    """Make an SQLAlchemy engine whose connections are made as `connect` makes them, unpooled."""

    async def connection(*_: Any, **__: Any) -> asyncpg.Connection[asyncpg.Record]:
        return await connect(url, statement_seconds=statement_seconds, application=application)

    made = create_async_engine(
        "postgresql+asyncpg://", async_creator=connection, poolclass=NullPool
    )
    try:
        yield made
    finally:
        await made.dispose()


async def revision_of(
    connection: asyncpg.Connection[asyncpg.Record], log: str = DEFAULT_LOG
) -> str | None:
    """Return the revision that the log was migrated to, None if it never was.

    Raises:
        StoreUnavailable: the server did not say.
    """
    try:
        revision: str | None = await connection.fetchval(query("schema_revision", log))
    except asyncpg.UndefinedTableError:
        return None
    except DRIVER_ERRORS as error:
        raise revision_unknown(error) from error
    return revision


class ConnectionPool:
    """At most ``size`` connections to a primary whose schema is ours, made when they are needed."""

    def __init__(
        self, pool: asyncpg.Pool[asyncpg.Record], url: str, log: str, timeout_seconds: float
    ) -> None:
        self.log = log
        self._pool = pool
        self._at_hand = AtHand(asyncio.get_running_loop().time)
        self._waiting = 0
        self._server = server_of(url)
        self._timeout_seconds = timeout_seconds

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        url: str,
        *,
        size: int = POOL_SIZE,
        timeout_seconds: float = TIMEOUT_SECONDS,
        application: str = "eventstore",
        log: str = DEFAULT_LOG,
    ) -> AsyncIterator[ConnectionPool]:
        """Open a pool; the first connection is made when it is first asked for."""
        pool = asyncpg.create_pool(
            **_options(url, timeout_seconds, timeout_seconds, application),
            min_size=0,
            max_size=size,
            init=partial(check_schema, log=log),
            reset=_keep_session,
        )
        await pool
        opened = cls(pool, url, log, timeout_seconds)
        try:
            yield opened
        finally:
            for connection in opened._at_hand.clear():
                await opened._give_back(connection)
            # Orderly, but a server that no longer answers must not keep us.
            with suppress(Exception):
                async with asyncio.timeout(_CLOSE_SECONDS):
                    await pool.close()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Borrow a connection.

        Raises:
            StoreUnavailable: none became free, or none could be made, within the time limit.
            SchemaMismatch: the database is not at the revision that this code works with.
        """
        connection = self._at_hand.take() or await self._borrow()
        try:
            yield connection
        except BaseException:
            await self._give_back(connection)
            raise
        if self._waiting or not self._at_hand.keep(connection):
            await self._give_back(connection)

    async def _borrow(self) -> Connection:
        self._waiting += 1
        try:
            return await self._pool.acquire(timeout=self._timeout_seconds)
        except EventStoreError:
            raise
        except Exception as error:
            raise unavailable(error, self._server) from error
        finally:
            self._waiting -= 1

    async def _give_back(self, connection: Connection) -> None:
        # What the statement answered stands, whatever becomes of its connection: one that cannot
        # be given back is closed, and the pool makes another.
        with suppress(Exception):
            await self._pool.release(connection, timeout=_RELEASE_SECONDS)


async def check_schema(
    connection: asyncpg.Connection[asyncpg.Record], log: str = DEFAULT_LOG
) -> None:
    """Refuse a log at another revision.

    Raises:
        SchemaMismatch: says which one it is at.
        StoreUnavailable: the server did not say.
    """
    current = await revision_of(connection, log)
    if current != REVISION:
        raise SchemaMismatch(current, REVISION, log)


async def _keep_session(_: asyncpg.Connection[asyncpg.Record]) -> None:
    """Give a connection back as it is: our statements leave nothing behind that needs a reset."""

"""A connection to NATS that never comes back by itself, and the errors it has.

The client's own reconnection is off on purpose: it flushes what it had buffered when it comes back,
so a message can land after its error was reported, and subscriptions can hang. Here a lost
connection is lost; who wants another makes another, and looks at the world again.

It promises that every wait has a limit and that no NATS exception and no URL with a password gets
out. It deliberately does not know what is published or read.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Final, NoReturn
from urllib.parse import urlsplit

import nats.errors
import nats.js.errors
from nats.aio.client import Client
from nats.js.client import JetStreamContext

from eventstore.errors import StreamUnavailable

__all__ = ["Connection", "answered", "connect", "server_name", "servers_of"]

_log = logging.getLogger(__name__)

_CLOSE_SECONDS: Final = 2.0
_PING_SECONDS: Final = 5


class Connection:
    """A connection to NATS: the client, its JetStream API, and the news that it is gone.

    ``lost`` fails with `StreamUnavailable` when the connection ends other than by us.
    """

    def __init__(self, server: str, timeout_seconds: float) -> None:
        self.server = server
        self.timeout_seconds = timeout_seconds
        self._complaint = ""
        self.client = Client()
        self.api: JetStreamContext = self.client.jetstream(timeout=timeout_seconds)
        self.lost: asyncio.Future[NoReturn] = asyncio.get_running_loop().create_future()
        # Nobody may be looking when it happens; that is no error of its own.
        self.lost.add_done_callback(lambda lost: lost.cancelled() or lost.exception())

    async def _closed(self) -> None:
        if not self.lost.done():
            self.lost.set_exception(
                StreamUnavailable(f"the connection to NATS at {self.server} is lost")
            )

    async def _complained(self, error: Exception) -> None:
        self._complaint = str(error) or type(error).__name__
        _log.debug("NATS at %s: %s", self.server, error)

    async def open(self, url: str, name: str) -> None:
        """Connect; each server is tried at once, and none for long."""
        try:
            await self.client.connect(
                servers_of(url),
                name=name,
                allow_reconnect=False,
                max_reconnect_attempts=1,
                reconnect_time_wait=0,
                connect_timeout=max(1, round(self.timeout_seconds)),
                ping_interval=_PING_SECONDS,
                max_outstanding_pings=2,
                error_cb=self._complained,
                disconnected_cb=self._closed,
            )
        except nats.errors.NoServersError as error:
            raise StreamUnavailable(
                f"cannot connect to NATS at {self.server}: {self._complaint}"
            ) from error


@contextlib.asynccontextmanager
async def connect(
    url: str, *, name: str, timeout_seconds: float = 5.0
) -> AsyncIterator[Connection]:
    """Connect to NATS; ``name`` is what the server's monitoring shows.

    Raises:
        StreamUnavailable: there is no connection within the time.
    """
    connection = Connection(server_name(url), timeout_seconds)
    try:
        with answered(f"connect to NATS at {connection.server}"):
            async with asyncio.timeout(timeout_seconds):
                await connection.open(url, name)
        yield connection
    finally:
        connection.lost.cancel()
        # A server that is gone or paused must not hold us up; the socket is dropped anyway.
        with contextlib.suppress(Exception):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await connection.client.close()


@contextlib.contextmanager
def answered(request: str) -> Iterator[None]:
    """Turn what NATS raises when it does not answer into `StreamUnavailable`."""
    try:
        yield
    except nats.js.errors.APIError as error:
        raise StreamUnavailable(
            f"cannot {request}: {error.description or 'JetStream is not there'}"
        ) from error
    except (nats.errors.Error, OSError, TimeoutError) as error:
        reason = str(error) or type(error).__name__
        raise StreamUnavailable(f"cannot {request}: {reason}") from error


def server_name(url: str) -> str:
    """Name the server or servers of a NATS URL, without user and password."""
    return urlsplit(url).netloc.rpartition("@")[2]


def servers_of(url: str) -> list[str]:
    """Give each server of a URL a URL of its own: ``nats://USER:PASSWORD@HOST:PORT,HOST:PORT``."""
    parts = urlsplit(url)
    user, at, hosts = parts.netloc.rpartition("@")
    return [f"{parts.scheme}://{user}{at}{host}" for host in hosts.split(",")]

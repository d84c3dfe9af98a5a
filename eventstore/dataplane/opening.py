"""Reach a NATS server: its greeting, TLS if asked for, and who we are."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import SplitResult, unquote, urlsplit

import msgspec

from eventstore.dataplane.connection import DataPlane
from eventstore.errors import StreamUnavailable
from eventstore.jetstream import servers_of

__all__ = ["connect"]

_PORT: Final = 4222


@asynccontextmanager
async def connect(url: str, *, name: str, timeout_seconds: float = 5.0) -> AsyncIterator[DataPlane]:
    """Connect to the first server of ``url`` that answers; closed at the end of the block.

    Args:
        url: ``nats://`` or ``tls://``, user and password or a token, one host or several.
        name: What the server's monitoring shows.
        timeout_seconds: For each server.

    Raises:
        StreamUnavailable: none can be used; says why the last one could not.
    """
    plane = await _reach_first(servers_of(url), name, timeout_seconds)
    try:
        plane.keep_alive()
        yield plane
    finally:
        plane.close()


async def _reach_first(urls: list[str], name: str, timeout_seconds: float) -> DataPlane:
    for url in urls[:-1]:
        try:
            return await _reach(urlsplit(url), name, timeout_seconds)
        except StreamUnavailable:
            continue  # another one may answer
    return await _reach(urlsplit(urls[-1]), name, timeout_seconds)


async def _reach(url: SplitResult, name: str, timeout_seconds: float) -> DataPlane:
    server = url.netloc.rpartition("@")[2]
    plane = DataPlane(server)
    try:
        async with asyncio.timeout(timeout_seconds):
            await _greet(plane, url, name)
    except (OSError, TimeoutError) as error:
        plane.close()
        reason = str(error) or "it does not answer"
        raise StreamUnavailable(f"cannot connect to NATS at {server}: {reason}") from error
    except BaseException:
        plane.close()
        raise
    return plane


async def _greet(plane: DataPlane, url: SplitResult, name: str) -> None:
    """Take the server's greeting, answer it, and see that it lets us in."""
    loop = asyncio.get_running_loop()
    host, port = url.hostname or "", url.port or _PORT
    await loop.create_connection(lambda: plane, host, port)
    waiting: list[asyncio.Future[Any]] = [plane.greeted, plane.lost]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    plane.check()
    transport = plane.transport
    if (url.scheme == "tls" or plane.info.tls_required) and transport is not None:
        context = ssl.create_default_context()
        secure = await loop.start_tls(transport, plane, context, server_hostname=host)
        if secure is not None:
            plane.use(secure)
    options: dict[str, Any] = {
        "verbose": False,
        "pedantic": False,
        "lang": "python-trueorder",
        "version": "1",
        "protocol": 1,
        "headers": True,
        "no_responders": True,
        "name": name,
        **_credentials(url),
    }
    plane.write(b"CONNECT %b\r\n" % msgspec.json.encode(options))
    # A server that refuses us says so before it answers this.
    await plane.answered()


def _credentials(url: SplitResult) -> dict[str, str]:
    """Name user and password of a URL, or its token."""
    if url.username is None:
        return {}
    user = unquote(url.username)
    if url.password is None:
        return {"auth_token": user}
    return {"user": user, "pass": unquote(url.password)}

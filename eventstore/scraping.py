"""Let Prometheus scrape: `GET /metrics` over HTTP/1.1, a request a connection, and no more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

from eventstore.errors import ConfigError
from eventstore.metrics import CONTENT_TYPE

__all__ = ["scraped"]

_REQUEST_SECONDS: Final = 5.0
_REQUEST_BYTES_MAX: Final = 16 * 1024


@asynccontextmanager
async def scraped(
    text: Callable[[], str], *, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[int]:
    """Answer with what ``text`` returns, for the length of a block; yields the port.

    Raises:
        ConfigError: the address cannot be listened on.
    """

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(
            OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError
        ):
            async with asyncio.timeout(_REQUEST_SECONDS):
                request = await reader.readuntil(b"\r\n\r\n")
                writer.write(_response(request, text))
                await writer.drain()
        writer.close()

    try:
        server = await asyncio.start_server(answer, host, port, limit=_REQUEST_BYTES_MAX)
    except OSError as error:
        raise ConfigError(f"{host}:{port} cannot be listened on: {error.strerror}.") from None
    async with server:
        yield server.sockets[0].getsockname()[1]


def _response(request: bytes, text: Callable[[], str]) -> bytes:
    method, _, rest = request.partition(b" ")
    path = rest.partition(b" ")[0].partition(b"?")[0]
    if path != b"/metrics":
        return _encoded("404 Not Found", "the numbers are at /metrics\n")
    if method not in {b"GET", b"HEAD"}:
        return _encoded("405 Method Not Allowed", "only GET is allowed\n")
    response = _encoded("200 OK", text())
    return response.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if method == b"HEAD" else response


def _encoded(status: str, body: str) -> bytes:
    content = body.encode()
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: {CONTENT_TYPE}\r\n"
        f"Content-Length: {len(content)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + content

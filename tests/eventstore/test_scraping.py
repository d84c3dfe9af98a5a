from __future__ import annotations

import asyncio

import pytest

from eventstore import ConfigError
from eventstore.scraping import scraped


async def ask(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    answer = await reader.read()
    writer.close()
    return answer


async def test_requests() -> None:
    numbers = iter(range(1, 10))
    async with scraped(lambda: f"é {next(numbers)}\n") as port:
        for number in (1, 2):
            answer = await ask(port, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            head, _, body = answer.partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 OK\r\n")
            assert b"version=0.0.4" in head
            assert body.decode() == f"é {number}\n"
            assert f"Content-Length: {len(body)}".encode() in head
        assert b" 200 " in await ask(port, b"GET /metrics?x=1 HTTP/1.0\r\n\r\n")
        assert b" 404 " in await ask(port, b"GET / HTTP/1.1\r\n\r\n")
        assert b" 405 " in await ask(port, b"POST /metrics HTTP/1.1\r\n\r\n")
        head = await ask(port, b"HEAD /metrics HTTP/1.1\r\n\r\n")
        assert head.endswith(b"\r\n\r\n")
        assert await ask(port, b"GET /metrics HTTP/1.1\r\nX: " + b"x" * 100_000) == b""


async def test_an_address_that_is_taken() -> None:
    async with scraped(str) as port:
        with pytest.raises(ConfigError, match=str(port)):
            async with scraped(str, port=port):
                pass

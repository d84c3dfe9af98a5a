"""Connections that are given up while they are being made."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest

from eventstore.postgres.engine import connect


async def test_who_gives_up_connecting_leaves_nothing_behind() -> None:
    asked, given_up = asyncio.Event(), asyncio.Event()
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, said: complaints.append(said))

    async def answer_late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(8)  # whether we speak TLS
        asked.set()
        await given_up.wait()
        writer.close()

    async with await asyncio.start_server(answer_late, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        connecting = asyncio.create_task(connect(f"postgresql://u@127.0.0.1:{port}/log"))
        await asked.wait()
        connecting.cancel()
        await asyncio.sleep(0)
        given_up.set()
        with pytest.raises(asyncio.CancelledError):
            await connecting
    gc.collect()
    await asyncio.sleep(0)
    assert complaints == []

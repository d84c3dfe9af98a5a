"""`tail -f` while the server goes away: it waits, goes on, and prints each event once."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from eventstore import ANY, Event, connect, stream_name
from eventstore.migrate import migrate
from verification.cluster.postgres import PostgresServer

pytestmark = pytest.mark.stack

_SECONDS = 60.0


@asynccontextmanager
async def following(url: str, *options: str) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "eventstore.cli", "tail", "-f", "-n", "0", *options),
        f"--database-url={url}",
        stdout=PIPE,
        stderr=PIPE,
    )
    try:
        async with asyncio.timeout(_SECONDS):
            yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def append(url: str, *numbers: int) -> None:
    async with connect(url) as store:
        for number in numbers:
            await store.append(stream_name("s-1"), [Event(type="x", data=number)], expected=ANY)


async def printed(process: Process, amount: int) -> list[int]:
    assert process.stdout is not None
    return [json.loads(await process.stdout.readline())["data"] for _ in range(amount)]


async def test_it_goes_on_when_the_server_comes_back(
    killable_postgres: PostgresServer, killable_store_url: str
) -> None:
    await append(killable_store_url, 0)
    async with following(killable_store_url, "--after=0") as process:
        assert await printed(process, 1) == [0]
        await append(killable_store_url, 1, 2)
        assert await printed(process, 2) == [1, 2]
        await killable_postgres.kill()
        assert process.stderr is not None
        assert b"eventstore: " in await process.stderr.readline()
        said = await process.stderr.readline()
        assert said == b"It goes on after position 3 when the server answers.\n"
        await killable_postgres.start()
        await append(killable_store_url, 3, 4)
        assert await printed(process, 2) == [3, 4]
        process.send_signal(signal.SIGTERM)
        assert (await process.communicate(), process.returncode) == ((b"", b""), 143)


async def test_it_ends_when_the_log_came_back_without_what_was_printed(
    killable_postgres: PostgresServer,
) -> None:
    restored = await killable_postgres.create_database("restored")
    await migrate(restored)
    log = await killable_postgres.create_database("tailed")
    await migrate(log)
    await append(log, 0)
    async with following(log, "--after=0") as process:
        assert await printed(process, 1) == [0]
        await killable_postgres.drop_database("tailed")
        async with killable_postgres.connection() as sql:
            await sql.execute("ALTER DATABASE restored RENAME TO tailed")
        _, said = await process.communicate()
        assert process.returncode == 1
        assert b"is at position 1, the log ends at 0" in said
        assert b"Traceback" not in said

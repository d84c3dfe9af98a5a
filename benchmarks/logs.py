"""What every log benchmark shares: the server, the events, and our store under the closed loop.

One PostgreSQL with its default settings, fsync on, on a real disk; every contender is a client on
the loopback, in the same run. An event's data is 256 bytes of JSON.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.closed_loop import Loop, Rate, run
from benchmarks.tailing import Followed, follow
from eventstore import (
    ABSENT,
    ANY,
    Event,
    EventStore,
    Position,
    StreamName,
    StreamVersion,
    stream_name,
)
from eventstore.migrate import migrate
from verification.cluster.postgres import PostgresServer

__all__ = [
    "APPENDS_A_STREAM",
    "DATA",
    "DATA_JSON",
    "append_rate",
    "event",
    "fill",
    "fill_streams",
    "follow_store",
    "hot_rate",
    "server",
]

APPENDS_A_STREAM: Final = 100
"""After so many appends a producer goes on with a new stream."""

DATA: Final = {"payload": random.Random(4).randbytes(121).hex()}
DATA_JSON: Final = msgspec.json.encode(DATA).decode()
assert len(DATA_JSON) == 256  # noqa: PLR2004 - the issue's 256 bytes

_BATCH: Final = 1000
_FILLERS: Final = 4


@asynccontextmanager
async def server(**settings: str) -> AsyncIterator[tuple[PostgresServer, str]]:
    """A PostgreSQL of our own, and the URL of a database with our schema."""
    with tempfile.TemporaryDirectory(prefix="trueorder-bench-") as folder:
        async with PostgresServer(Path(folder) / "postgres", settings=settings) as postgres:
            url = await postgres.create_database("bench")
            await migrate(url)
            yield postgres, url


def event() -> Event:
    """A new event of the usual size."""
    return Event(type="happened", data=DATA)


async def append_rate(store: EventStore, loop: Loop, *, run_name: str) -> Rate:
    """Our store under the closed loop: each producer appends to streams of its own."""

    async def append(producer: int, number: int) -> None:
        series, before = divmod(number, APPENDS_A_STREAM)
        await store.append(
            stream_name(f"bench-{run_name}-{producer}-{series}"),
            [event() for _ in range(loop.batch)],
            expected=StreamVersion(before * loop.batch),
        )

    return await run(loop, append)


async def hot_rate(store: EventStore, loop: Loop, *, run_name: str) -> Rate:
    """Our store under the closed loop: all producers append to one stream, whatever its version."""
    stream = stream_name(f"hot-{run_name}")

    async def append(_: int, __: int) -> None:
        await store.append(stream, [event() for _ in range(loop.batch)], expected=ANY)

    return await run(loop, append)


async def fill(store: EventStore, amount: int, *, run_name: str) -> None:
    """Append ``amount`` events as fast as may be, in appends of 1,000 to a stream each."""

    async def work(worker: int) -> None:
        for number in range(worker, amount // _BATCH, _FILLERS):
            await store.append(
                stream_name(f"fill-{run_name}-{number}"),
                [event() for _ in range(_BATCH)],
                expected=ABSENT,
            )

    await asyncio.gather(*map(work, range(_FILLERS)))


async def fill_streams(
    store: EventStore, streams: int, events: int, interleave: int
) -> list[StreamName]:
    """Fill streams with so many events each, interleaved as producers would leave them."""
    names = [stream_name(f"read-{number}") for number in range(streams)]

    async def work(worker: int, version: int) -> None:
        for name in names[worker::_FILLERS]:
            await store.append(
                name,
                [event() for _ in range(interleave)],
                expected=StreamVersion(version),
            )

    for version in range(0, events, interleave):
        await asyncio.gather(*(work(worker, version) for worker in range(_FILLERS)))
    return names


async def follow_store(store: EventStore, *, writers: int, events: int) -> Followed:
    """Follow our store."""

    async def read(after: int) -> list[int]:
        return [found.position for found in await store.read_log(after=Position(after))]

    async def write(writer: int, amount: int) -> None:
        await store.append(
            stream_name(f"tail-{writer}"), [event() for _ in range(amount)], expected=ANY
        )

    return await follow(read, write, writers=writers, events=events, stored=store.head)

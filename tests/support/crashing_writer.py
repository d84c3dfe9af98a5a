"""A process that appends until it is killed, and writes down what was acknowledged.

Started as ``python -m tests.support.crashing_writer URL FILE NUMBER``. A line of FILE is one
acknowledgement: the first position, the last, and the event ids, all of them out of this process
before the next append begins. An append without an answer is repeated with the same ids until it
has one.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import sys

import msgspec

from eventstore import ANY, Event, EventStoreError, stream_name
from eventstore.postgres.store import PostgresEventStore
from tests.support.seeded import seeded

APPENDS_AT_ONCE = 8
RETRY_SECONDS = 0.02


class Acknowledged(msgspec.Struct, frozen=True):
    """A line of the file."""

    first: int
    last: int
    ids: list[str]


async def write(url: str, path: str, number: int) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    while True:
        try:
            async with PostgresEventStore.connect(url, timeout_seconds=5) as store:
                await asyncio.gather(
                    *(append(store, file, number, task) for task in range(APPENDS_AT_ONCE))
                )
        except EventStoreError:
            await asyncio.sleep(RETRY_SECONDS)


async def append(store: PostgresEventStore, file: int, number: int, task: int) -> None:
    chooser = seeded(os.getpid() * APPENDS_AT_ONCE + task)
    for turn in itertools.count():
        batch = [Event(type="x", data=turn) for _ in range(chooser.randint(1, 3))]
        stream = stream_name(f"writer-{number}" if task else "hot-1")
        while True:
            try:
                appended = await store.append(stream, batch, expected=ANY)
                break
            except EventStoreError:
                await asyncio.sleep(RETRY_SECONDS)
        line = Acknowledged(
            appended.first_position, appended.position, [str(event.id) for event in batch]
        )
        os.write(file, msgspec.json.encode(line) + b"\n")


if __name__ == "__main__":
    asyncio.run(write(sys.argv[1], sys.argv[2], int(sys.argv[3])))

"""Real servers for tests: how the fixtures of `tests/conftest.py` start, fill and empty them.

Speed comes from four things: one initdb a session, whose stopped folder is copied for each server
of its own; databases cloned inside the server from a migrated one; no flush to disk, which a
kill -9 does not need (only a power cut does, and no test cuts the power); and data in memory where
there is room for it.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nats

from verification.cluster.nats import NatsServer
from verification.cluster.postgres import PostgresServer

_PREFIX = "trueorder-tests-"
_ROOM_BYTES = 4 << 30
_MIGRATED = "migrated_template"
_numbers = itertools.count(1)


def data_root(otherwise: Path) -> Path:
    """A folder for the data of this session's servers: in memory if a lot is free, else on disk.

    What a session that was killed with -9 has left in memory is removed by the next one.
    """
    memory = Path("/dev/shm")  # noqa: S108 - with a name of our own in it
    if not os.access(memory, os.W_OK) or shutil.disk_usage(memory).free < _ROOM_BYTES:
        return otherwise
    for left in memory.glob(f"{_PREFIX}*"):
        if not Path(f"/proc/{left.name.removeprefix(_PREFIX).partition('-')[0]}").exists():
            shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=memory))


def initialize_postgres(folder: Path) -> Path:
    """Make a stopped server's folder, to be copied."""

    async def start_and_stop() -> None:
        async with PostgresServer(folder, fsync=False):
            pass

    asyncio.run(start_and_stop())
    return folder


@contextmanager
def running_postgres(template: Path, folder: Path) -> Iterator[PostgresServer]:
    """A server of its own on a copy of `template`; killed, and its folder removed, at the end."""
    # cp, since only it keeps the owner (another user, when we are root) and is fast.
    subprocess.run(["cp", "-a", f"{template}/.", folder], check=True)
    server = PostgresServer(folder, fsync=False)
    asyncio.run(server.start())
    try:
        yield server
    finally:
        asyncio.run(end(server))
        shutil.rmtree(folder)


@contextmanager
def running_nats(folder: Path) -> Iterator[NatsServer]:
    """A server of its own with an empty store; killed, and its folder removed, at the end."""
    server = NatsServer(folder, sync_interval="2m")
    asyncio.run(server.start())
    try:
        yield server
    finally:
        asyncio.run(end(server))
        shutil.rmtree(folder)


async def end(server: PostgresServer | NatsServer) -> None:
    """Kill a server, whatever state a test left it in: its data is not needed any more."""
    await server.kill()
    await server.stop()  # gives the folder's lock back


@contextmanager
def fresh_database(server: PostgresServer, template: str | None = None) -> Iterator[str]:
    """A database of its own, and its URL; dropped at the end with all sessions in it."""
    name = f"test_{next(_numbers)}"
    url = asyncio.run(server.create_database(name, template=template))
    try:
        yield url
    finally:
        asyncio.run(server.drop_database(name))


def migrated_template(server: PostgresServer) -> str:
    """Make a database with the event store's schema, to be cloned; returns its name."""
    from eventstore.migrate import migrate  # noqa: PLC0415 - Alembic is slow to import

    async def create_and_migrate() -> None:
        await migrate(await server.create_database(_MIGRATED))

    asyncio.run(create_and_migrate())
    return _MIGRATED


async def delete_all_streams(url: str) -> None:
    """Empty a nats-server's JetStream: consumers, key-value buckets and objects go with it."""
    connection = await nats.connect(url, allow_reconnect=False)
    try:
        jetstream = connection.jetstream()
        while streams := await jetstream.streams_info():
            for stream in streams:
                if stream.config.name is not None:
                    await jetstream.delete_stream(stream.config.name)
    finally:
        await connection.close()

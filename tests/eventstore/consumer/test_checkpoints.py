"""Checkpoints: in a file, in a bucket of NATS, in the service's own transaction."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import asyncpg
import pytest
import sqlalchemy as sa

from eventstore.consumer.checkpoints import CheckpointStore, FileCheckpoint
from eventstore.consumer.jetstream_checkpoint import BUCKET, KeyValueCheckpoint
from eventstore.consumer.postgres_checkpoint import PostgresCheckpoint, prepare
from eventstore.errors import (
    CheckpointMoved,
    CheckpointUnavailable,
    ConfigError,
    InvalidRequest,
)
from eventstore.jetstream import connect
from eventstore.postgres.engine import engine
from eventstore.stream import Position
from verification.cluster.nats import NatsServer

pytestmark = pytest.mark.stack

Open = Callable[[], contextlib.AbstractAsyncContextManager[CheckpointStore]]


@pytest.fixture(params=["file", "bucket"])
def open_checkpoint(request: pytest.FixtureRequest, tmp_path: Path, nats_url: str) -> Open:
    @contextlib.asynccontextmanager
    async def in_a_file() -> AsyncIterator[CheckpointStore]:
        yield FileCheckpoint(tmp_path / "billing")

    def in_a_bucket() -> contextlib.AbstractAsyncContextManager[CheckpointStore]:
        return KeyValueCheckpoint.open(nats_url, "billing")

    return in_a_file if request.param == "file" else in_a_bucket


async def test_it_is_kept(open_checkpoint: Open) -> None:
    async with open_checkpoint() as checkpoint:
        assert await checkpoint.load() == 0
        await checkpoint.save(Position(5), previous=Position(0))
        await checkpoint.save(Position(9), previous=Position(5))
    async with open_checkpoint() as checkpoint:
        assert await checkpoint.load() == 9


async def test_of_two_of_one_name_one_is_told(open_checkpoint: Open) -> None:
    async with open_checkpoint() as one, open_checkpoint() as other:
        assert [await one.load(), await other.load()] == [0, 0]
        await one.save(Position(5), previous=Position(0))
        with pytest.raises(CheckpointMoved, match="billing") as moved:
            await other.save(Position(3), previous=Position(0))
        assert moved.value.definite
        assert await other.load() == 5
        await other.save(Position(6), previous=Position(5))
        with pytest.raises(CheckpointMoved):
            await one.save(Position(6), previous=Position(5))


async def test_a_file_of_somebody_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "billing"
    path.write_text("five")
    with pytest.raises(ConfigError, match="holds no position"):
        await FileCheckpoint(path).load()
    assert path.read_text() == "five"
    with pytest.raises(CheckpointUnavailable, match="cannot be written"):
        await FileCheckpoint(tmp_path / "no" / "where").save(Position(1), previous=Position(0))


async def test_a_bucket_of_somebody_else_is_refused(nats_url: str) -> None:
    with pytest.raises(ConfigError, match="cannot be a consumer's name"):
        async with KeyValueCheckpoint.open(nats_url, "a b"):
            pass
    async with KeyValueCheckpoint.open(nats_url, "billing") as checkpoint:
        async with connect(nats_url, name="test") as connection:
            await (await connection.api.key_value(BUCKET)).put("billing", b"five")
        with pytest.raises(ConfigError, match="holds no position"):
            await checkpoint.load()


async def test_a_bucket_that_is_away_says_so(killable_nats: NatsServer) -> None:
    async with KeyValueCheckpoint.open(killable_nats.url, "billing") as checkpoint:
        await checkpoint.load()
        await killable_nats.kill()
        with pytest.raises(CheckpointUnavailable) as away:
            await checkpoint.save(Position(1), previous=Position(0))
        assert not away.value.definite  # it may be stored: `load` tells


async def test_in_the_services_transaction_both_are_stored_or_neither(postgres_url: str) -> None:
    connection = await asyncpg.connect(postgres_url)
    checkpoint = PostgresCheckpoint("billing")
    async with connection.transaction():
        await prepare(connection)
        await connection.execute("CREATE TABLE bills (n integer)")
    assert await checkpoint.load(connection) == 0

    async def handle(position: int, previous: int, *, fail: bool = False) -> None:
        async with connection.transaction():
            await connection.execute("INSERT INTO bills VALUES ($1)", position)
            await checkpoint.save(connection, Position(position), previous=Position(previous))
            if fail:
                raise RuntimeError("after the checkpoint")

    await handle(3, 0)
    with pytest.raises(RuntimeError):
        await handle(4, 3, fail=True)
    for previous in (0, 2, 4):
        with pytest.raises(CheckpointMoved):
            await handle(5, previous)
    await handle(6, 3)
    assert await checkpoint.load(connection) == 6
    assert [row["n"] for row in await connection.fetch("SELECT n FROM bills")] == [3, 6]
    other = PostgresCheckpoint("other")
    async with connection.transaction():
        with pytest.raises(CheckpointMoved):
            await other.save(connection, Position(2), previous=Position(1))
    await connection.close()


async def test_without_a_transaction_nothing_is_saved(postgres_url: str) -> None:
    connection = await asyncpg.connect(postgres_url)
    with pytest.raises(InvalidRequest, match="in no transaction"):
        await prepare(connection)
    async with connection.transaction():
        await prepare(connection)
    checkpoint = PostgresCheckpoint("billing")
    with pytest.raises(InvalidRequest, match="in no transaction"):
        await checkpoint.save(connection, Position(1), previous=Position(0))
    assert await checkpoint.load(connection) == 0
    await connection.close()


async def test_sqlalchemys_transactions_will_do(postgres_url: str) -> None:
    checkpoint = PostgresCheckpoint("billing")
    bills = sa.table("bills", sa.column("n"))
    async with engine(postgres_url) as made:
        async with made.begin() as connection:
            await prepare(connection)
            await connection.execute(sa.text("CREATE TABLE bills (n integer)"))

        async def handle(position: int, previous: int, *, fail: bool = False) -> None:
            async with made.begin() as connection:
                # Before the changes: in one transaction all the same.
                await checkpoint.save(connection, Position(position), previous=Position(previous))
                await connection.execute(sa.insert(bills).values(n=position))
                if fail:
                    raise RuntimeError("after both")

        await handle(3, 0)
        with pytest.raises(RuntimeError):
            await handle(4, 3, fail=True)
        with pytest.raises(CheckpointMoved):
            await handle(5, 4)
        async with made.connect() as connection:
            assert await checkpoint.load(connection) == 3
            found = await connection.execute(sa.text("SELECT n FROM bills"))
            assert found.scalars().all() == [3]


async def test_two_services_of_one_name_do_not_handle_twice(postgres_url: str) -> None:
    connections = [await asyncpg.connect(postgres_url) for _ in range(2)]
    async with connections[0].transaction():
        await prepare(connections[0])

    async def race(connection: asyncpg.Connection[asyncpg.Record]) -> int:
        won = 0
        for position in range(1, 51):
            with contextlib.suppress(CheckpointMoved):
                async with connection.transaction():
                    await PostgresCheckpoint("billing").save(
                        connection, Position(position), previous=Position(position - 1)
                    )
                won += 1
        return won

    assert sum(await asyncio.gather(*map(race, connections))) == 50
    for connection in connections:
        await connection.close()


HOLDING = """
import asyncio, sys
from pathlib import Path
from eventstore.consumer.checkpoints import FileCheckpoint

class Stuck(FileCheckpoint):
    def _replace(self, *_):
        print("held", flush=True)
        sys.stdin.read()

asyncio.run(Stuck(Path(sys.argv[1])).save(1, previous=0))
"""


async def test_a_file_that_another_process_holds_is_not_waited_for_without_end(
    tmp_path: Path,
) -> None:
    path = tmp_path / "billing"
    holder = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        HOLDING,
        str(path),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    assert await holder.stdout.readline() == b"held\n"
    checkpoint = FileCheckpoint(path, wait_seconds=0.1)
    with pytest.raises(CheckpointUnavailable, match=f"held by process {holder.pid} .*nothing was"):
        await checkpoint.save(Position(5), previous=Position(0))
    assert await checkpoint.load() == 0

    waiting = asyncio.ensure_future(FileCheckpoint(path).save(Position(5), previous=Position(0)))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    holder.stdin.close()
    await waiting
    assert await checkpoint.load() == 5
    assert await holder.wait() == 0

"""A disk that is really full: what is refused is not stored, and goes on when there is room."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest

from eventstore import (
    ANY,
    AppendRefused,
    Event,
    EventStore,
    EventStoreError,
    OutcomeUnknown,
    connect,
    stream_name,
)
from tests.support.servers import migrated_template, running_postgres
from tests.support.stores import whole_log
from verification.cluster.postgres import PostgresServer

pytestmark = pytest.mark.stack

ORDER = stream_name("order-1")

_ROOM_BYTES = 150 << 20
_NEXT_TO_NOTHING = 2 << 20
_LESS_THAN_A_SEGMENT = 13 << 20
"""Of the server's own log, which it extends by 16 MiB."""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, with room for a server and little more."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={_ROOM_BYTES}", "tmpfs", disk],
        check=False,
        capture_output=True,
    )
    if mounted.returncode:
        pytest.skip("a small file system can be mounted by root only")
    tmp_path.chmod(0o711)
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


@pytest.fixture
def cramped(
    postgres_template: Path, small_disk: Path, request: pytest.FixtureRequest
) -> Iterator[tuple[PostgresServer, str]]:
    """A server on the small disk, its own log (WAL) elsewhere or not, and a migrated database."""
    if request.param == "wal elsewhere":
        template, wal = (small_disk.parent / name for name in ("template", "wal"))
        subprocess.run(["cp", "-a", postgres_template, template], check=True)
        (template / "data" / "pg_wal").rename(wal)
        (template / "data" / "pg_wal").symlink_to(wal)
        postgres_template = template
    with running_postgres(postgres_template, small_disk / "server") as server:
        yield server, server.database_url(migrated_template(server))


@contextmanager
def full(disk: Path, *, but: int) -> Iterator[None]:
    """Leave no more room on a disk than so many bytes."""
    ballast = disk / "ballast"
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(disk).free - but)
    try:
        yield
    finally:
        ballast.unlink()


async def append_until_it_fails(
    store: EventStore, kept: list[UUID]
) -> tuple[Event, EventStoreError]:
    """Append one large event after the other; add those that were acknowledged to ``kept``."""
    async with asyncio.timeout(30):
        while True:
            event = Event(type="Large", data=secrets.token_hex(30_000))
            try:
                await store.append(ORDER, [event], expected=ANY)
            except EventStoreError as error:
                return event, error
            kept.append(event.id)


@pytest.mark.parametrize("cramped", ["wal elsewhere"], indirect=True)
async def test_a_full_disk_refuses_appends_until_there_is_room(
    cramped: tuple[PostgresServer, str], small_disk: Path
) -> None:
    _, url = cramped
    kept: list[UUID] = []
    async with connect(url) as store:
        with full(small_disk, but=_NEXT_TO_NOTHING):
            refused, error = await append_until_it_fails(store, kept)
            assert isinstance(error, AppendRefused)
            assert error.definite
            assert "the database's disk is full, make room there" in str(error)
            assert [event.id for event in await whole_log(store)] == kept, "nothing halfway"
        await store.append(ORDER, [refused], expected=ANY)
        log = await whole_log(store)
    assert [event.id for event in log] == [*kept, refused.id]
    assert [event.position for event in log] == list(range(1, len(log) + 1))


@pytest.mark.parametrize("cramped", ["wal beside"], indirect=True)
async def test_a_server_that_cannot_write_its_own_log_loses_nothing_that_was_acknowledged(
    cramped: tuple[PostgresServer, str], small_disk: Path
) -> None:
    server, url = cramped
    kept: list[UUID] = []
    with full(small_disk, but=_LESS_THAN_A_SEGMENT):
        async with connect(url) as store:
            open_outcome, error = await append_until_it_fails(store, kept)
            assert isinstance(error, OutcomeUnknown)
        await server.kill()
    await server.start()
    async with connect(url) as store:
        await store.append(ORDER, [open_outcome], expected=ANY)
        assert [event.id for event in await whole_log(store)] == [*kept, open_outcome.id]

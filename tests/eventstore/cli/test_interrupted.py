"""Commands that are interrupted, as processes: each says what it did, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import IO
from uuid import UUID

import asyncpg
import pytest

from eventstore import ABSENT, Event, connect, stream_name
from eventstore.config import DATABASE_URL
from eventstore.postgres.queries import query

pytestmark = pytest.mark.stack

BOTH = pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["SIGINT", "SIGTERM"]
)
_SECONDS = 20.0


@contextmanager
def command(
    url: str, *arguments: str, before: Callable[[], object] | None = None
) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "eventstore.cli", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, DATABASE_URL: url},
        preexec_fn=before,  # noqa: PLW1509 - one thread, and it sets a signal's disposition only
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def pipe_of(process: subprocess.Popen[str]) -> IO[str]:
    assert process.stdin is not None
    return process.stdin


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + _SECONDS
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def has_session(url: str, application: str, *, waits_for_lock: bool) -> bool:
    """Whether the database has a session of that name, which waits for a lock or not."""

    async def fetch() -> bool:
        sql = await asyncpg.connect(url)
        try:
            found: bool = await sql.fetchval(
                "SELECT count(*) = 1 FROM pg_stat_activity WHERE datname = current_database() "
                "AND application_name = $1 AND (wait_event_type = 'Lock') = $2",
                application,
                waits_for_lock,
            )
            return found
        finally:
            await sql.close()

    return asyncio.run(fetch())


@asynccontextmanager
async def locked(url: str) -> AsyncIterator[None]:
    sql = await asyncpg.connect(url)
    try:
        async with sql.transaction():
            await sql.fetch(query("import_lock"))
            yield
    finally:
        await sql.close()


@BOTH
def test_an_import_that_waits_for_its_input(
    store_url: str, number: signal.Signals, code: int
) -> None:
    with command(store_url, "import", "-") as process:
        pipe_of(process).write('{"format": "trueorder.log/1", "until": 1, "selected": false}\n')
        pipe_of(process).flush()
        until(lambda: has_session(store_url, "eventstore import", waits_for_lock=False))
        time.sleep(0.1)  # from its last question to the read of its input; either is interrupted
        process.send_signal(number)
        assert process.wait(_SECONDS) == code
        assert process.stderr is not None
        said = process.stderr.read()
        assert "interrupted. The first 0 events of the file are in the log" in said
        assert "import the whole file from its beginning" in said
        assert "Traceback" not in said


@BOTH
@pytest.mark.parametrize("given", ["options", "lines"])
async def test_an_append_on_its_way(
    store_url: str, number: signal.Signals, code: int, given: str
) -> None:
    arguments = ["append", "s-1", "--expected=absent"]
    arguments += ["--type=x"] if given == "options" else ["-"]
    with command(store_url, *arguments) as process:
        async with locked(store_url):
            if given == "lines":
                pipe_of(process).write('{"type": "x"}\n')
                pipe_of(process).close()
                process.stdin = None
            await asyncio.to_thread(
                until,
                lambda: has_session(store_url, "eventstore append", waits_for_lock=True),
            )
            process.send_signal(number)
            assert await asyncio.to_thread(process.wait, _SECONDS) == code
        assert process.stderr is not None
        said = process.stderr.read()
    assert "The append may be in the log" in said
    assert "Traceback" not in said
    event_id = UUID(said.splitlines()[-1].rpartition(": ")[2])
    async with connect(store_url) as store:
        event = Event(type="x", id=event_id)
        appended = await store.append(stream_name("s-1"), [event], expected=ABSENT)
        assert (appended.position, await store.head()) == (1, 1)


@pytest.mark.parametrize("ignored", [False, True], ids=["foreground", "background"])
async def test_an_export_that_is_being_written(
    store_url: str, tmp_path: Path, *, ignored: bool
) -> None:
    """What a script starts in the background ignores SIGINT; SIGTERM ends it all the same."""
    async with connect(store_url) as store:
        for number in range(10):
            large = [Event(type="x", data=os.urandom(4096).hex()) for _ in range(300)]
            await store.append(stream_name(f"s-{number}"), large, expected=ABSENT)

    def ignore() -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    arguments = ("export", str(tmp_path / "log.gz"))
    with command(store_url, *arguments, before=ignore if ignored else None) as process:
        await asyncio.to_thread(until, (tmp_path / "log.gz.unfinished").exists)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, _SECONDS) == 143
        assert process.stderr is not None
        assert process.stderr.read() == ""
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - a test that waits for nothing else

"""What is archived is read as before by everything that reads, and nothing is lost half-way."""

from __future__ import annotations

import asyncio
import datetime as dt
import resource
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import asyncpg
import pyarrow.parquet
import pytest

from eventstore import ANY, Event, EventStore, Position, connect, stream_name
from eventstore.errors import (
    ArchiveDamaged,
    ArchiveMissing,
    ConfigError,
    EventIdReused,
    ReadFailed,
    RemovalRefused,
    StoreUnavailable,
    UpdateFailed,
)
from eventstore.postgres.archive import archive, archives
from eventstore.postgres.archive_file import ROWS, writing
from eventstore.postgres.chain import verify_chain
from eventstore.postgres.outgoing import PostgresOutgoingLog
from eventstore.query import Query
from tests.support.seeded import seeded
from tests.support.stores import whole_log
from verification.cluster.postgres import PostgresServer

pytestmark = pytest.mark.stack

A, B = stream_name("a-1"), stream_name("b-1")
AMOUNT = 2500


def described(number: int) -> Event:
    tags = ("t:1", "ü") if number % 7 == 0 else ()
    metadata = {"by": "é", "traceparent": f"00-{'a' * 32}-{'b' * 16}-01"} if number % 3 else {}
    return Event(type=f"k{number % 2}", data={"n": number, "f": 1.0}, metadata=metadata, tags=tags)


def files_in(folder: Path, pattern: str = "*.parquet") -> set[Path]:
    return set(folder.glob(pattern))


def damaged(file: Path, how: str) -> Path:
    """Damage a file, and return the folder with a good copy of it."""
    content = file.read_bytes()
    elsewhere = file.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / file.name).write_bytes(content)
    if how == "missing":
        file.unlink()
    elif how == "cut":
        file.write_bytes(content[:-100])
    else:
        middle = len(content) // 2
        file.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    return elsewhere


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[EventStore]:
    async with connect(store_url) as store:
        for start in range(0, AMOUNT, 500):
            for stream in (A, B):
                chosen = range(start + (stream == B), start + 500, 2)
                await store.append(stream, [described(n) for n in chosen], expected=ANY)
        yield store


async def test_everything_reads_as_before(
    store: EventStore, store_url: str, tmp_path: Path
) -> None:
    before = await whole_log(store)
    query = Query.of(types=("k1",), tags=("t:1",))
    matching = await store.read_log(query=query, limit=AMOUNT)
    backwards = await store.read_stream_backwards(B, limit=700)
    async with PostgresOutgoingLog.connect(store_url) as outgoing:
        messages = await outgoing.read(after=Position(0), limit=AMOUNT)
    whole = await verify_chain(store_url)

    done = await archive(store_url, tmp_path, until=Position(2101), events_per_file=ROWS + 50)
    assert [(one.first, one.last) for one in done] == [(1, 1050), (1051, 2100), (2101, 2101)]
    assert done == await archives(store_url)

    assert await whole_log(store) == before
    assert await store.read_log(query=query, limit=AMOUNT) == matching
    assert await store.read_stream_backwards(B, limit=700) == backwards
    assert await store.read_stream(A, limit=AMOUNT) == [e for e in before if e.stream == A]
    async with PostgresOutgoingLog.connect(store_url) as outgoing:
        assert await outgoing.read(after=Position(0), limit=AMOUNT) == messages
    subscription = store.subscribe(after=Position(900), page_size=300)
    followed = [event for _ in range(6) for event in (await anext(subscription)).events]
    await subscription.aclose()
    assert followed == before[900:]
    report = await verify_chain(store_url)
    assert (report.hash, report.archived, report.fault) == (whole.hash, 2101, None)

    first = pyarrow.parquet.read_table(done[0].file)
    assert first["stream"][0].as_py() == A
    assert first["tags"].to_pylist()[0] == ["t:1", "ü"]


async def test_what_was_archived_still_counts(
    store: EventStore, store_url: str, tmp_path: Path
) -> None:
    """Ids, versions and boundaries are checked against archived events too."""
    batch = [described(1), described(2)]
    appended = await store.append(stream_name("c-1"), batch, expected=ANY)
    assert len(await archive(store_url, tmp_path)) == 1
    again = await store.append(stream_name("c-1"), batch, expected=ANY)
    assert (again.repeated, again.position) == (True, appended.position)
    with pytest.raises(EventIdReused):
        await store.append(A, [batch[1]], expected=ANY)
    found = await store.outcome([event.id for event in batch])
    assert found.appended is not None
    assert found.appended[0].position == appended.position
    assert (await store.append(A, [described(3)], expected=ANY)).position == AMOUNT + 3


async def test_a_run_that_broke_off_goes_on(
    store: EventStore, store_url: str, tmp_path: Path
) -> None:
    """A file without a row in the table is used if it holds the events, else nothing happens."""
    before = await whole_log(store)
    await archive(store_url, tmp_path, until=Position(1000))
    (file,) = files_in(tmp_path)
    sql = await asyncpg.connect(store_url)
    holder = sql.transaction()
    await holder.start()
    await sql.execute("LOCK TABLE eventstore.retired IN SHARE MODE")
    running = asyncio.ensure_future(archive(store_url, tmp_path, until=Position(2000)))
    while files_in(tmp_path) == {file}:  # noqa: ASYNC110 - a file cannot be awaited
        await asyncio.sleep(0.01)
    running.cancel()  # as a kill does: the file is there, the log has its payloads
    with pytest.raises(asyncio.CancelledError):
        await running
    await holder.rollback()
    assert await whole_log(store) == before
    (left,) = files_in(tmp_path) - {file}
    written = left.stat().st_mtime_ns
    await archive(store_url, tmp_path, until=Position(2000))
    assert left.stat().st_mtime_ns == written
    assert await whole_log(store) == before
    assert (await verify_chain(store_url)).archived == 2000

    (row,) = await sql.fetch("SELECT event_id FROM eventstore.events WHERE position = 2400")
    other = tmp_path / f"default-000000002001-000000002400-{row[0].hex[-8:]}.parquet"
    other.write_bytes(file.read_bytes())
    with pytest.raises(
        RemovalRefused, match=r"does not hold the events 2001 to 2400.*move it away"
    ):
        await archive(store_url, tmp_path, until=Position(2400))
    assert await whole_log(store) == before
    await sql.close()


async def test_kills_of_the_server_lose_and_double_nothing(
    killable_postgres: PostgresServer, killable_store_url: str, tmp_path: Path
) -> None:
    chooser = seeded(5)
    async with connect(killable_store_url) as store:
        for _ in range(2):
            await store.append(A, [described(n) for n in range(1000)], expected=ANY)
        before = await whole_log(store)
        kills = 0
        while not (held := await archives(killable_store_url)) or held[-1].last < len(before):
            running = asyncio.ensure_future(
                archive(killable_store_url, tmp_path, events_per_file=250)
            )
            if kills < 3:
                await asyncio.sleep(chooser.uniform(0, 0.2))
                await killable_postgres.kill()
                await killable_postgres.restart()
                kills += 1
            with suppress(ReadFailed, StoreUnavailable, UpdateFailed):
                await running
            assert await whole_log(store) == before
        assert [one.first for one in held] == list(range(1, 2000, 250))
        assert await whole_log(store) == before
    report = await verify_chain(killable_store_url)
    assert (report.events, report.archived, report.fault) == (2000, 2000, None)


@pytest.mark.parametrize("how", ["flipped", "cut", "missing"])
async def test_a_file_that_is_not_what_it_was(
    store: EventStore, store_url: str, tmp_path: Path, how: str
) -> None:
    (done,) = await archive(store_url, tmp_path, until=Position(1000))
    elsewhere = damaged(Path(done.file), how)
    error = ArchiveMissing if how == "missing" else ArchiveDamaged
    with pytest.raises(error, match=r"archive .*parquet") as caught:
        await store.read_log(limit=5)
    assert caught.value.definite
    assert len(await store.read_log(after=Position(1000))) == 1000, "what is not archived reads on"
    if how == "missing":
        with pytest.raises(ArchiveMissing):
            await verify_chain(store_url)
    else:
        fault = (await verify_chain(store_url)).fault
        assert fault is not None
        assert (fault.first, fault.last) == (1, 1000)
    async with connect(store_url, archive_folder=elsewhere) as restored:
        assert len(await restored.read_log(limit=5)) == 5
    assert (await verify_chain(store_url, archive_folder=elsewhere)).fault is None


async def test_what_is_retired_meanwhile_is_in_no_file(
    store: EventStore, store_url: str, tmp_path: Path
) -> None:
    sql = await asyncpg.connect(store_url)
    holder = sql.transaction()
    await holder.start()
    await sql.execute("LOCK TABLE eventstore.retired IN SHARE ROW EXCLUSIVE MODE")
    running = asyncio.ensure_future(archive(store_url, tmp_path, until=Position(9)))
    while not files_in(tmp_path):  # noqa: ASYNC110 - a file cannot be awaited
        await asyncio.sleep(0.01)
    assert await sql.fetchval("SELECT eventstore.retire($1)", [3]) == 1
    await holder.commit()
    with pytest.raises(RemovalRefused, match="its file is removed"):
        await running
    assert not files_in(tmp_path, "*")
    await archive(store_url, tmp_path, until=Position(9))
    assert [event.position for event in await store.read_log() if event.retired] == [3]
    assert (await verify_chain(store_url)).fault is None
    await sql.close()


async def test_one_archives_at_a_time(store: EventStore, store_url: str, tmp_path: Path) -> None:
    before = await whole_log(store)
    runs = (archive(store_url, tmp_path, events_per_file=500) for _ in range(4))
    results = await asyncio.gather(*runs, return_exceptions=True)
    refused = [one for one in results if isinstance(one, BaseException)]
    assert all(isinstance(one, RemovalRefused) for one in refused)
    assert len(refused) < 4
    assert [one.first for one in await archives(store_url)] == list(range(1, AMOUNT, 500))
    assert len(files_in(tmp_path, "*")) == AMOUNT / 500
    assert await whole_log(store) == before


def test_a_file_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    with writing(path, Position(1)) as file:
        file.add([])
    first = path.read_bytes()
    with writing(path, Position(2)) as file:
        file.add([])
    assert path.read_bytes() == first
    assert files_in(tmp_path, "*") == {path}


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_no_room_for_a_file(store: EventStore, store_url: str, tmp_path: Path) -> None:
    """What could not be written whole is not there, and the log has what it had."""
    before = await whole_log(store)
    with (
        no_file_larger_than(4096),
        pytest.raises(ConfigError, match=r"parquet cannot be written: File too large"),
    ):
        await archive(store_url, tmp_path)
    assert not files_in(tmp_path, "*")
    assert await archives(store_url) == []
    assert await whole_log(store) == before


async def test_only_what_is_old(store: EventStore, store_url: str, tmp_path: Path) -> None:
    (last,) = await store.read_log_backwards(limit=1)
    assert await archive(store_url, tmp_path, before=last.recorded_at) != []
    assert (await archives(store_url))[-1].last < last.position
    early = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    assert await archive(store_url, tmp_path, before=early) == []
    assert await archive(store_url, tmp_path, until=Position(0)) == []
    with pytest.raises(ConfigError, match="no folder: make it first"):
        await archive(store_url, tmp_path / "nowhere")


FORBIDDEN = (
    "UPDATE eventstore.events SET data = NULL, metadata = NULL WHERE position = 7",
    "UPDATE eventstore.events SET data = 'null', metadata = '{}' WHERE position = 7",
    "UPDATE eventstore.events SET data = NULL, metadata = NULL, type = 'x' WHERE position = 1",
    "UPDATE eventstore.events SET data = '1', metadata = '{}' WHERE position = 1",
    "UPDATE eventstore.archives SET file = '/else'",
    "DELETE FROM eventstore.archives",
    "TRUNCATE eventstore.retired",
    "DELETE FROM eventstore.events WHERE position = 1",
)


@pytest.mark.usefixtures("store")
async def test_nothing_else_may_go(store_url: str, tmp_path: Path) -> None:
    """Not even the owner changes what no archive and no kept leaf stands for."""
    await archive(store_url, tmp_path, until=Position(5))
    sql = await asyncpg.connect(store_url)
    for statement in FORBIDDEN:
        with pytest.raises(asyncpg.PostgresError, match="append-only") as caught:
            await sql.execute(statement)
        assert caught.value.sqlstate == "ES002"
    await sql.close()
    assert (await verify_chain(store_url)).fault is None

"""What is retired goes out of archives too, and at each moment the log is whole and readable."""

from __future__ import annotations

import asyncio
import datetime as dt
import shutil
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import asyncpg
import pyarrow.parquet
import pytest

from eventstore import ANY, Event, EventStore, Position, RecordedEvent, connect, stream_name
from eventstore.errors import (
    ArchiveDamaged,
    ArchiveMissing,
    ReadFailed,
    RemovalRefused,
    StoreUnavailable,
    SubjectForgotten,
    UpdateFailed,
)
from eventstore.postgres.archive import archive, archives
from eventstore.postgres.archived_retention import retire_archived
from eventstore.postgres.chain import verify_chain
from eventstore.postgres.retention import Policy, PostgresRetention
from eventstore.postgres.subject_keys import PostgresSubjectKeys
from eventstore.sealing import MasterKeys
from eventstore.vault import Vault
from tests.support.seeded import seeded
from tests.support.stores import whole_log
from verification.cluster.postgres import PostgresServer

pytestmark = pytest.mark.stack

VISIT, KEPT, ORDER = stream_name("visit-1"), stream_name("visit-2"), stream_name("order-1")
LATER = dt.datetime.now(dt.UTC) + dt.timedelta(days=40)
DUE = [("category", "visit", 30), ("stream", KEPT, 365)]


def said(number: int) -> list[Event]:
    tags = ("ü", "t") if number % 5 == 0 else ()
    return [
        Event(type="seen", data={"é": f"secret {number}", "n": n}, metadata={"by": 1}, tags=tags)
        for n in range(3)
    ]


async def fill(store: EventStore, rounds: int) -> None:
    """Append three events at once to each stream: links that archives of 50 events cut through."""
    for number in range(rounds):
        for stream in (VISIT, KEPT, ORDER):
            await store.append(stream, said(number), expected=ANY)


async def set_policies(url: str) -> None:
    async with PostgresRetention.connect(url) as retention:
        for kind, name, days in DUE:
            await retention.set(Policy(kind=kind, name=name, days=days))  # type: ignore[arg-type]


async def run(url: str, folder: Path | None = None, *, dry: bool = False) -> list[tuple[int, int]]:
    async with PostgresRetention.connect(url) as retention:
        results = await retention.run(LATER, dry=dry, archive_folder=folder)
    return [(one.retired, one.archived) for one in results]


def files_in(folder: Path) -> set[Path]:
    return {file for file in folder.iterdir() if file.is_file()}


def spoil(file: Path, how: str) -> None:
    content = file.read_bytes()
    file.unlink()
    if how != "missing":
        file.write_bytes(content[:-1] + b"x")


def texts_in(folder: Path) -> str:
    """Everything that the files of a folder say, whatever their names are."""
    tables = [pyarrow.parquet.read_table(file) for file in files_in(folder)]
    return str([(t["stream"].to_pylist(), t["data"].to_pylist()) for t in tables])


def check_retired(before: Sequence[RecordedEvent], after: Sequence[RecordedEvent]) -> None:
    for was, now in zip(before, after, strict=True):
        assert now.retired == (was.stream == VISIT)
        kept = ("id", "type", "stream", "version", "position", "recorded_at", "tags")
        assert [getattr(now, name) for name in kept] == [getattr(was, name) for name in kept]
        assert now == was or (now.data, list(now.metadata)) == (None, ["retired"])


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[EventStore]:
    async with connect(store_url) as store:
        await fill(store, 20)
        await set_policies(store_url)
        yield store


async def test_it_reaches_into_archives(store: EventStore, store_url: str, tmp_path: Path) -> None:
    before, whole = await whole_log(store), await verify_chain(store_url)
    await archive(store_url, tmp_path, until=Position(130), events_per_file=50)
    archived = sum(event.stream == VISIT and event.position <= 130 for event in before)
    assert await run(store_url, dry=True) == [(0, 0), (60, archived)]
    assert await whole_log(store) == before
    assert await run(store_url) == [(0, 0), (60, archived)]

    after = await whole_log(store)
    check_retired(before, after)
    async with connect(store_url) as fresh:
        assert await whole_log(fresh) == after
        assert await fresh.read_stream(VISIT, limit=60) == [e for e in after if e.retired]
    report = await verify_chain(store_url)
    assert (report.hash, report.retired, report.fault) == (whole.hash, 60, None)

    held = await archives(store_url)
    assert [(one.rewrites, Path(one.file).name.endswith(".r1.parquet")) for one in held] == [
        (1, True)
    ] * 3
    assert {Path(one.file) for one in held} == files_in(tmp_path), "the old files are gone"
    assert "order-1" in texts_in(tmp_path)
    for table in (pyarrow.parquet.read_table(one.file).to_pylist() for one in held):
        assert all(row["data"] == "null" for row in table if row["stream"] == VISIT)
        assert all("secret" in row["data"] for row in table if row["stream"] != VISIT)


async def test_nothing_is_done_or_counted_twice(
    store: EventStore, store_url: str, tmp_path: Path
) -> None:
    await archive(store_url, tmp_path, until=Position(90), events_per_file=50)
    await run(store_url)
    await archive(store_url, tmp_path, until=Position(130))  # with what is retired already
    files = {(file, file.stat().st_mtime_ns) for file in files_in(tmp_path)}
    assert await run(store_url, dry=True) == await run(store_url) == [(0, 0), (0, 0)]
    assert {(file, file.stat().st_mtime_ns) for file in files_in(tmp_path)} == files

    async with PostgresRetention.connect(store_url) as retention:
        await retention.set(Policy(kind="stream", name=KEPT, days=1))
    assert await run(store_url) == [(60, 43), (0, 0)]
    assert [one.rewrites for one in await archives(store_url)] == [2, 2, 1]
    kept = [event for event in await whole_log(store) if not event.retired]
    assert {event.stream for event in kept} == {ORDER}
    assert (await verify_chain(store_url)).fault is None


async def test_readers_go_on_meanwhile(store: EventStore, store_url: str, tmp_path: Path) -> None:
    """With files that they know of and have not opened, and with files that they have open."""
    before = await whole_log(store)
    await archive(store_url, tmp_path, events_per_file=60)
    async with connect(store_url) as opened, connect(store_url) as knowing:
        assert await whole_log(opened) == before
        assert await knowing.read_log(after=Position(175)) == before[175:]
        reports = [
            asyncio.ensure_future(verify_chain(store_url, timeout_seconds=30)) for _ in range(3)
        ]
        await run(store_url)
        check_retired(before, await whole_log(opened))
        check_retired(before, await whole_log(knowing))
    assert [report.fault for report in await asyncio.gather(*reports)] == [None] * 3


@pytest.mark.usefixtures("store")
async def test_a_verification_between_row_and_file_reads_again(
    store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events that are retired after their rows were read are no violation."""
    from eventstore.postgres.archived import Shelf  # noqa: PLC0415 - what is slowed down

    await archive(store_url, tmp_path)
    reading, runs = Shelf.payloads_on, 0

    async def after_a_retirement(self: Shelf, *arguments: object) -> object:
        nonlocal runs
        runs += 1
        if runs == 1:
            await run(store_url)
        return await reading(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Shelf, "payloads_on", after_a_retirement)
    assert (await verify_chain(store_url)).fault is None
    assert runs > 1


@pytest.mark.parametrize("how", ["missing", "damaged"])
async def test_a_file_that_is_not_what_it_was_is_said(
    store: EventStore, store_url: str, tmp_path: Path, how: str
) -> None:
    """What is in the database is retired all the same, and the other archives stay as they are."""
    before = await whole_log(store)
    done = await archive(store_url, tmp_path, until=Position(100), events_per_file=50)
    elsewhere = shutil.copytree(tmp_path, tmp_path / "elsewhere")
    spoil(Path(done[0].file), how)
    error = ArchiveMissing if how == "missing" else ArchiveDamaged
    with pytest.raises(error, match=Path(done[0].file).name):
        await run(store_url)
    async with connect(store_url, archive_folder=elsewhere) as restored:
        events = await whole_log(restored)
        assert [e.retired for e in events] == [
            e.stream == VISIT and e.position > 100 for e in before
        ]
        assert await run(store_url, elsewhere) == [(0, 0), (34, 34)]
        check_retired(before, await whole_log(restored))
    assert {Path(one.file) for one in await archives(store_url)} == files_in(elsewhere)


async def test_a_run_that_broke_off_goes_on(
    store: EventStore, store_url: str, tmp_path: Path
) -> None:
    before = await whole_log(store)
    (done,) = await archive(store_url, tmp_path)
    old = Path(done.file)
    copy = shutil.copytree(tmp_path, tmp_path / "copy") / old.name
    sql = await asyncpg.connect(store_url)
    holder = sql.transaction()
    await holder.start()
    await sql.execute("LOCK TABLE eventstore.retired IN SHARE MODE")
    running = asyncio.ensure_future(retire_archived(store_url, LATER))
    while not (left := old.with_name(f"{old.stem}.r1.parquet")).exists():  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    running.cancel()  # as a kill does: the new file is there, and nothing relies on it
    with pytest.raises(asyncio.CancelledError):
        await running
    await holder.rollback()
    await sql.close()
    assert await whole_log(store) == before
    left.write_bytes(b"half a file")
    await run(store_url)
    check_retired(before, await whole_log(store))

    shutil.copy(copy, old)  # as a kill between transaction and removal leaves it
    assert await run(store_url, dry=True) == [(0, 0), (0, 0)]
    assert files_in(tmp_path) == {old, left}, "a run that only counts removes nothing"
    await run(store_url)
    assert files_in(tmp_path) == {left}
    check_retired(before, await whole_log(store))


async def test_kills_of_the_server_lose_nothing(
    killable_postgres: PostgresServer, killable_store_url: str, tmp_path: Path
) -> None:
    chooser = seeded(7)
    async with connect(killable_store_url) as store:
        await fill(store, 40)
        before, whole = await whole_log(store), await verify_chain(killable_store_url)
        await archive(killable_store_url, tmp_path, events_per_file=10)
        await set_policies(killable_store_url)
        kills, struck, done = 0, 0, False
        while not done:
            running = asyncio.ensure_future(run(killable_store_url))
            if kills < 4:
                await asyncio.sleep(chooser.uniform(0.02, 0.12))
                await killable_postgres.kill()
                await killable_postgres.restart()
                kills += 1
            try:
                await running
                done = True
            except (ReadFailed, StoreUnavailable, UpdateFailed):
                struck += 1
            for was, now in zip(before, await whole_log(store), strict=True):
                assert now == was or (now.retired and now.stream == VISIT)
        check_retired(before, await whole_log(store))
        assert struck > 1
    report = await verify_chain(killable_store_url)
    assert (report.hash, report.retired, report.fault) == (whole.hash, 120, None)
    assert {Path(one.file) for one in await archives(killable_store_url)} == files_in(tmp_path)


async def test_the_server_takes_nothing_on_trust(
    store: EventStore, store_url: str, tmp_path: Path
) -> None:
    """Leaves that do not give the hashes of the chain are kept of no event."""
    before = await whole_log(store)
    (done,) = await archive(store_url, tmp_path, until=Position(9))
    sql = await asyncpg.connect(store_url)
    statement = "SELECT eventstore.retire_archived($1, $2, $3, $4, 1, $5, '/x', 1, '\\x00')"
    now = await sql.fetchval("SELECT clock_timestamp()")
    for arguments, why in (
        (([1], [3], [bytes(96)], now, done.checksum), "do not give the hashes"),
        (([1], [2], [bytes(64)], now, done.checksum), "do not give the hashes"),
        (([1], [], [], now, done.checksum), "of 1 events, 0 are in the archive"),
        (([1], [], [], now, b"other"), "another file by now"),
        (([1], [], [], LATER, done.checksum), "is not the time"),
    ):
        with pytest.raises(asyncpg.PostgresError, match=why) as caught:
            await sql.fetchval(statement, *arguments)
        assert caught.value.sqlstate == "ES004"
    keep = "INSERT INTO eventstore.retired VALUES (1, '\\x00', $1, 'me')"
    await sql.execute(keep, now)
    speak = "UPDATE eventstore.events SET data = 'null', metadata = eventstore.tombstone($1)"
    with pytest.raises(asyncpg.PostgresError, match="append-only"):
        await sql.execute(f"{speak} WHERE position = 1", now)
    with pytest.raises(asyncpg.PostgresError, match="append-only"):
        await sql.execute("TRUNCATE eventstore.archive_rewrites")
    await sql.close()
    assert (await store.read_log(after=Position(9), limit=200)) == before[9:]
    fault = (await verify_chain(store_url)).fault
    assert fault is not None, "an owner who forges what was kept is found"


async def test_one_at_a_time(store: EventStore, store_url: str, tmp_path: Path) -> None:
    before = await whole_log(store)
    await archive(store_url, tmp_path, events_per_file=20)
    results = await asyncio.gather(*(run(store_url) for _ in range(3)), return_exceptions=True)
    refused = [one for one in results if isinstance(one, BaseException)]
    assert all(isinstance(one, RemovalRefused) for one in refused)
    assert any(one == [(0, 0), (60, 60)] for one in results)
    check_retired(before, await whole_log(store))


async def test_who_is_forgotten_is_not_in_archives_either(store_url: str, tmp_path: Path) -> None:
    """Sealed values stay in the file, and there is no key to them."""
    async with connect(store_url) as store, PostgresSubjectKeys.connect(store_url) as keys:
        vault = Vault(keys, MasterKeys({"m": b"m" * 32}))
        for subject in ("customer:1", "customer:2"):
            event = Event(type="placed", data={"name": f"name of {subject}", "total": 3})
            sealed = await vault.seal(event, subject, ["data.name"])
            await store.append(ORDER, [sealed], expected=ANY)
        await archive(store_url, tmp_path)
        assert "name of" not in texts_in(tmp_path)
        gone, there = await whole_log(store)
        assert (await vault.open([gone]))[0].data["name"] == "name of customer:1"
        assert await vault.forget("customer:1")

        whole = await verify_chain(store_url)
        assert (whole.archived, whole.fault) == (2, None)
        async with connect(store_url) as fresh:
            gone, there = await whole_log(fresh)
        assert (await vault.open([gone], forgotten="?"))[0].data == {"name": "?", "total": 3}
        assert (await vault.open([there]))[0].data["name"] == "name of customer:2"
        with pytest.raises(SubjectForgotten):
            _ = [event async for event in vault.export(store, "customer:1")]
        assert len([event async for event in vault.export(store, "customer:2")]) == 1

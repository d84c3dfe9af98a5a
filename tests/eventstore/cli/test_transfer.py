"""`export` and `import`, on a server: what comes back is what was there, its chain included."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from eventstore import ABSENT, ANY, Event, RecordedEvent, stream_name
from eventstore.config import DATABASE_URL
from eventstore.postgres.store import PostgresEventStore
from tests.support.commands import Run, runner
from tests.support.stores import whole_log

pytestmark = pytest.mark.stack

OTHER = "--log-name=other"


@pytest.fixture
def run(store_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv(DATABASE_URL, store_url)
    made = runner(monkeypatch, capsys)
    assert made("migrate", "--log=other").code == 0
    return made


@pytest.fixture
def filled(run: Run, store_url: str) -> Run:
    async def fill() -> None:
        async with PostgresEventStore.connect(store_url) as store:
            for number in range(6):
                batch = [
                    Event(type="placed", data={"n": 1.5, "é": [None]}, tags=("x", f"n:{number}")),
                    Event(type="paid", metadata={"by": "me"}),
                ]
                await store.append(stream_name(f"order-{number % 3}"), batch, expected=ANY)
            await store.append(stream_name("item-1"), [Event(type="made")], expected=ABSENT)

    asyncio.run(fill())
    return run


def log_of(url: str, log: str) -> list[RecordedEvent]:
    async def read() -> list[RecordedEvent]:
        async with PostgresEventStore.connect(url, log=log) as store:
            return await whole_log(store)

    return asyncio.run(read())


def ask(url: str, statement: str) -> list[Any]:
    async def fetch() -> list[Any]:
        sql = await asyncpg.connect(url)
        try:
            return await sql.fetch(statement)
        finally:
            await sql.close()

    return asyncio.run(fetch())


@pytest.mark.parametrize("name", ["log.jsonl", "log.jsonl.gz"])
def test_a_whole_log_comes_back_as_it_was(
    filled: Run, store_url: str, tmp_path: Path, name: str
) -> None:
    file = str(tmp_path / name)
    exported = filled("export", file)
    assert (exported.code, exported.out) == (0, "")
    assert exported.err == "13 events of the log up to position 13\n"
    imported = filled("import", file, OTHER)
    assert imported.lines == [{"stored": 13, "held": 0, "moved": False}]
    assert log_of(store_url, "other") == log_of(store_url, "default")
    assert filled("import", file, OTHER).lines == [{"stored": 0, "held": 13, "moved": False}]
    assert filled("import", file).lines == [{"stored": 0, "held": 13, "moved": False}]
    assert list(tmp_path.iterdir()) == [tmp_path / name]


def test_the_log_goes_on_after_an_import(filled: Run, store_url: str, tmp_path: Path) -> None:
    file = str(tmp_path / "log")
    filled("export", file)
    filled("import", file, OTHER)
    later = filled("append", "order-1", "--type=x", "--tag=x", "--expected=4", OTHER)
    assert later.lines[0]["position"] == 14
    tagged = filled("read", "--tag=x", "--type=placed", "--backwards", "--limit=1", OTHER)
    assert tagged.lines[0]["position"] == 11
    links = ask(
        store_url,
        "SELECT last_position, events, hash FROM eventstore_other.commits ORDER BY last_position",
    )
    assert [(link["last_position"], link["events"]) for link in links] == [(13, 13), (14, 1)]
    leaves = ask(
        store_url,
        "SELECT eventstore_other.leaf(position, version, event_id, recorded_at, stream, type, "
        "array_to_string(tags, ' '), data::text, metadata::text) AS leaf "
        "FROM eventstore_other.events ORDER BY position",
    )
    chained = bytes(32)
    for link, part in zip(links, (leaves[:13], leaves[13:]), strict=True):
        chained = hashlib.sha256(chained + b"".join(row["leaf"] for row in part)).digest()
        assert link["hash"] == chained


def test_a_part_moves(filled: Run, store_url: str, tmp_path: Path) -> None:
    file = str(tmp_path / "log")
    filled("export", file, "--category=item")
    assert filled("import", file, OTHER).lines[0]["moved"]
    (event,) = log_of(store_url, "other")
    assert (event.position, event.stream, event.version) == (1, "item-1", 1)


def test_what_does_not_fit_is_refused(filled: Run, store_url: str, tmp_path: Path) -> None:
    file = str(tmp_path / "log")
    filled("export", file, "--after=6")
    late = filled("import", file, OTHER)
    assert late.code == 6
    assert "'order-0' is at version 0 here, and the file goes on with version 3" in late.err
    filled("export", file, "--until=6")
    assert filled("import", file, OTHER).code == 0
    filled("export", file)
    part = filled("import", file, OTHER)
    assert part.code == 6
    assert "holds 6 of the 13 events" in part.err
    filled("export", file, "--after=6")
    assert filled("import", file, OTHER).lines == [{"stored": 7, "held": 0, "moved": False}]
    assert log_of(store_url, "other") == log_of(store_url, "default")


def test_only_the_owner_may_import(filled: Run, store_url: str, tmp_path: Path) -> None:
    file = str(tmp_path / "log")
    filled("export", file)
    ask(store_url, "CREATE ROLE importer LOGIN PASSWORD 'x' IN ROLE eventstore_other_writer")
    try:
        credentials, _, rest = store_url.partition("@")
        assert credentials.startswith("postgresql://")
        refused = filled("import", file, OTHER, f"--database-url=postgresql://importer:x@{rest}")
        assert refused.code == 6
        assert "Only the owner" in refused.err
        assert log_of(store_url, "other") == []
    finally:
        ask(store_url, "DROP ROLE importer")


def test_files_that_cannot_be_used(filled: Run, tmp_path: Path) -> None:
    file = tmp_path / "log.gz"
    filled("export", str(file))
    file.write_bytes(file.read_bytes()[:-30])
    damaged = filled("import", str(file), OTHER)
    assert damaged.code == 4
    assert "damaged or cut off" in damaged.err
    assert filled("head", OTHER).out == "0\n"
    file.write_bytes(gzip.compress(b"hello\n"))
    assert "line 1" in filled("import", str(file), OTHER).err
    assert "Nothing of the file was stored." in filled("import", str(file), OTHER).err
    assert filled("import", str(tmp_path / "nothing"), OTHER).code == 2
    folder = filled("export", str(tmp_path))
    assert (folder.code, "is a folder: name a file in it" in folder.err) == (2, True)
    assert filled("export", ".").code == 2
    assert filled("export", str(tmp_path / "no" / "folder")).code == 2


@pytest.mark.parametrize("name", ["log.jsonl", "log.jsonl.gz"])
def test_a_file_that_was_cut_says_how_far_it_was_taken_and_how_to_go_on(
    filled: Run, store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("eventstore.cli.transfer.BATCH_EVENTS_MAX", 5)
    whole, cut = tmp_path / name, tmp_path / f"cut-{name}"
    filled("export", str(whole))
    if name.endswith(".gz"):
        lines = gzip.decompress(whole.read_bytes()).splitlines(keepends=True)
        # A member that is whole, as the next one was begun: what is there can be decompressed.
        cut.write_bytes(gzip.compress(b"".join(lines[:12])) + gzip.compress(lines[12])[:-9])
    else:
        cut.write_bytes(whole.read_bytes()[:-300])
    for stored, held in ((10, 0), (0, 10)):
        broken = filled("import", str(cut), OTHER)
        assert (broken.code, broken.out) == (4, "")
        assert "cut off" in broken.err
        assert (
            f"The first 10 events of the file are in the log ({stored} stored now, "
            f"{held} there before), no others. To go on, import the whole file"
        ) in broken.err
        assert filled("head", OTHER).out == "10\n"
    assert filled("import", str(whole), OTHER).lines == [{"stored": 3, "held": 10, "moved": False}]
    assert log_of(store_url, "other") == log_of(store_url, "default")


@pytest.mark.usefixtures("filled")
def test_from_one_log_to_another_through_a_pipe(store_url: str) -> None:
    command = f"{sys.executable} -m eventstore.cli"
    pipe = f"{command} export - | {command} import - {OTHER}"
    ran = subprocess.run(["bash", "-c", pipe], capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout) == {"stored": 13, "held": 0, "moved": False}
    assert log_of(store_url, "other") == log_of(store_url, "default")


def test_a_terminal(filled: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = str(tmp_path / "log")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", "dumb")
    assert filled("export", file).code == 0
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    said = filled("import", file, OTHER).out
    assert said == "13 events imported at their positions, 0 were there already\n"
    assert json.loads(filled("import", file, OTHER, "--json").out)["held"] == 13

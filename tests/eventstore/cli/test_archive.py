"""Archives and retention on the command line."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import msgspec
import pytest

from eventstore import RecordedEvent
from eventstore.cli.exits import Exit
from eventstore.cli.tables import event_cells
from eventstore.config import ARCHIVE_FOLDER, DATABASE_URL
from eventstore.postgres.retention import PostgresRetention
from tests.support.commands import Run, runner
from tests.support.seeded import seeded

pytestmark = pytest.mark.stack


@pytest.fixture
def run(store_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv(DATABASE_URL, store_url)
    run = runner(monkeypatch, capsys)
    for stream in ("visit-1", "order-1"):
        lines = "\n".join(f'{{"type": "x", "data": "{stream} {n}"}}' for n in range(3))
        assert run("append", stream, "-", "--expected", "any", stdin=lines).code == Exit.OK
    return run


def test_archive_list_read_verify(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = run("read", "--log").out
    made = run("archive", "--until", "4", "--to", str(tmp_path))
    assert (made.code, made.lines[0]["first"], made.lines[0]["last"]) == (Exit.OK, 1, 4)
    assert "back them up" in made.err
    listed = run("archives").lines
    assert listed == [line | {"condition": "present"} for line in made.lines]
    assert run("archives", "--whole").lines[0]["condition"] == "whole"
    assert run("read", "--log").out == before
    verified = json.loads(run("verify-log", "--json").out)
    assert (verified["verdict"], verified["archived"], verified["retired"]) == ("valid", 4, 0)
    assert "nothing to archive" in run("archive", "--until", "4", "--to", str(tmp_path)).err
    assert "nothing to archive" in run("archive", "--older-than", "1", "--to", str(tmp_path)).err

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    file = Path(made.lines[0]["file"])
    file.rename(elsewhere / file.name)
    lost = run("read", "--log")
    assert (lost.code, lost.out) == (Exit.INFRASTRUCTURE, "")
    assert f"by {ARCHIVE_FOLDER}" in lost.err
    assert run("archives").lines[0]["condition"] == "missing"
    monkeypatch.setenv(ARCHIVE_FOLDER, str(elsewhere))
    assert run("read", "--log").out == before
    (elsewhere / file.name).write_bytes(b"PAR1")
    assert run("archives").lines[0]["condition"] == "damaged"
    assert run("read", "--log").code == Exit.VIOLATION
    assert run("verify-log").code == Exit.VIOLATION


def test_how_far_is_to_be_said(run: Run, tmp_path: Path) -> None:
    refused = run("archive", "--to", str(tmp_path))
    assert (refused.code, refused.out) == (Exit.USAGE, "")
    assert "--until POSITION" in refused.err
    nowhere = run("archive", "--until", "1", "--to", str(tmp_path / "no"))
    assert (nowhere.code, "is no folder" in nowhere.err) == (Exit.USAGE, True)


def test_retention(run: Run) -> None:
    assert run("retention", "set", "--category", "visit", "--days", "0").code == Exit.OK
    assert run("retention", "set", "--stream", "order-1", "--days", "9").code == Exit.OK
    assert [line["days"] for line in run("retention", "list").lines] == [9, 0]
    counted = run("retention", "run")
    assert [line["due"] for line in counted.lines] == [0, 3]
    assert "3 payloads are due" in counted.err
    assert run("read", "visit-1").lines[0]["data"] == "visit-1 0"
    dropped = run("retention", "run", "--yes")
    assert [line["retired"] for line in dropped.lines] == [0, 3]
    event = run("read", "visit-1").lines[0]
    assert (event["data"], list(event["metadata"])) == (None, ["retired"])
    assert json.loads(run("verify-log", "--json").out)["retired"] == 3
    assert event_cells(msgspec.convert(event, RecordedEvent))[-1] == "(retired)"
    assert run("retention", "unset", "--category", "visit").code == Exit.OK
    missing = run("retention", "unset", "--category", "visit")
    assert (missing.code, "no policy" in missing.err) == (Exit.REFUSED, True)


def test_what_is_due_is_the_servers_clock_to_say(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def early(_: PostgresRetention) -> dt.datetime:
        return dt.datetime(2020, 1, 1, tzinfo=dt.UTC)

    monkeypatch.setattr(PostgresRetention, "now", early)
    run("retention", "set", "--category", "visit", "--days", "0")
    assert [line["retired"] for line in run("retention", "run", "--yes").lines] == [0]


def test_what_is_archived_is_said(run: Run, tmp_path: Path) -> None:
    run("archive", "--until", "2", "--to", str(tmp_path))
    run("retention", "set", "--stream", "visit-1", "--days", "0")
    ran = run("retention", "run", "--yes")
    assert [(line["retired"], line["archived"]) for line in ran.lines] == [(3, 2)]
    assert "3 payloads were dropped (2 of them in archives)" in ran.err
    assert all(line["data"] is None for line in run("read", "visit-1").lines)
    assert run("retention", "run", "--yes").err == "nothing is due\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("--days", "9"),
        ("--days", "9", "--stream", "a-1", "--category", "a"),
        ("--days", "9", "--category", "a-1"),
        ("--days", "9", "--stream", "a"),
    ],
)
def test_bad_policies(run: Run, arguments: tuple[str, ...]) -> None:
    refused = run("retention", "set", *arguments)
    assert (refused.code, refused.err.count("\n")) == (Exit.USAGE, 1)


def test_the_doctor_looks_for_the_files(run: Run, tmp_path: Path) -> None:
    def archives() -> dict[str, str]:
        found = json.loads(run("doctor", "--json").out)["findings"]
        return next((one for one in found if one["name"] == "archives"), {})

    assert archives() == {}
    made = run("archive", "--until", "4", "--to", str(tmp_path)).lines
    assert archives()["level"] == "ok"
    Path(made[0]["file"]).unlink()
    assert archives()["level"] == "warning"
    assert ARCHIVE_FOLDER in archives()["advice"]


def test_each_log_has_its_own(run: Run, tmp_path: Path) -> None:
    refused = run("archives", "--log-name", "acme")
    assert (refused.code, "run `eventstore migrate --log acme`" in refused.err) == (2, True)
    assert run("migrate", "--log", "acme").code == Exit.OK
    assert ", log 'acme': already at" in run("migrate", "--log", "acme").err
    run("append", "z-1", "--type", "x", "--expected", "any", "--log-name", "acme")
    large = json.dumps(seeded(1).randbytes(100_000).hex())
    run("append", "z-1", "--type", "x", "--expected", "any", "--data", large)
    tables = [run("stats", *log).lines[0]["table_bytes"] for log in ((), ("--log-name", "acme"))]
    assert tables[0] > tables[1] > 0, "of its own tables only"
    assert ", log 'acme'" in run("doctor", "--log-name", "acme").out
    run("retention", "set", "--category", "z", "--days", "0", "--log-name", "acme")
    assert run("retention", "list").lines == []
    run("archive", "--until", "4", "--to", str(tmp_path))
    assert run("archives", "--log-name", "acme").lines == []
    assert run("archive", "--until", "1", "--to", str(tmp_path), "--log-name", "acme").code == 0
    assert run("read", "--log", "--log-name", "acme").lines[0]["stream"] == "z-1"
    assert '"archived":1' in run("verify-log", "--log-name", "acme").out
    found = json.loads(run("doctor", "--json", "--log-name", "acme").out)["findings"]
    assert "positions 1 to 1, without a hole" in [one["value"] for one in found]

"""What the doctor sees, and which exit code says so."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from eventstore import ABSENT, AppendRefused, Position, cli, connect, stream_name
from eventstore.postgres import preflight as looked
from eventstore.postgres.archive import archive
from eventstore.postgres.findings import Finding, Level
from eventstore.postgres.preflight import preflight
from eventstore.postgres.retention import Policy, PostgresRetention
from tests.support.stores import events
from verification.cluster.postgres import PostgresServer

pytestmark = pytest.mark.stack


@pytest.fixture
async def filled_url(store_url: str) -> str:
    async with connect(store_url) as store:
        for number in range(4):
            await store.append(stream_name(f"s-{number}"), events(3), expected=ABSENT)
    return store_url


async def damage(url: str, statement: str) -> None:
    sql = await asyncpg.connect(url)
    # What a superuser can do to himself; the triggers refuse it otherwise.
    await sql.execute(f"SET session_replication_role = replica; {statement}")
    await sql.close()


async def found(url: str, **options: Any) -> dict[str, Finding]:
    return {finding.name: finding for finding in await preflight(url, **options)}


async def test_a_sound_log(filled_url: str) -> None:
    findings = await found(filled_url, whole_log=True)
    assert findings["positions"].value == "positions 1 to 12, without a hole"
    assert findings["schema"].level is Level.OK
    assert findings["role"].value == "primary"
    assert findings["version"].value.startswith("PostgreSQL 1")
    assert findings["versions"].level is Level.OK
    assert findings["clock"].level is Level.OK


@pytest.mark.parametrize(
    ("statement", "missing"),
    [
        ("DELETE FROM eventstore.events WHERE position = 1", 1),
        ("DELETE FROM eventstore.events WHERE position IN (7, 8, 10)", 7),
    ],
)
async def test_a_hole_in_the_positions(filled_url: str, statement: str, missing: int) -> None:
    await damage(filled_url, statement)
    positions = (await found(filled_url))["positions"]
    assert positions.level is Level.VIOLATION
    assert positions.value == f"position {missing} is missing"


async def test_only_the_end_of_a_long_log_is_looked_at(
    filled_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looked, "RECENT_POSITIONS", 5)
    await damage(filled_url, "DELETE FROM eventstore.events WHERE position = 7")
    assert (await found(filled_url))["positions"].value == "positions 8 to 12, without a hole"
    assert (await found(filled_url, whole_log=True))["positions"].level is Level.VIOLATION


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE eventstore.events SET version = 9 WHERE position = 5", "'s-1' lacks version 2"),
        ("DELETE FROM eventstore.streams WHERE name = 's-2'", "'number 7' lacks version 1"),
    ],
)
async def test_broken_streams(filled_url: str, statement: str, words: str) -> None:
    await damage(filled_url, statement)
    versions = (await found(filled_url, whole_log=True))["versions"]
    assert versions.level is Level.VIOLATION
    assert words in versions.value


def spoil(file: Path, how: str) -> None:
    content = file.read_bytes()
    file.unlink()
    if how != "missing":
        middle = len(content) // 2
        file.write_bytes(
            content[:-1]
            if how == "cut"
            else content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
        )


@pytest.mark.parametrize(
    ("how", "quick", "thorough", "words"),
    [
        ("missing", Level.WARNING, Level.WARNING, "1 not at hand, the first is "),
        ("cut", Level.ERROR, Level.ERROR, "1 damaged, the first is "),
        ("flipped", Level.OK, Level.ERROR, "1 damaged, the first is "),
    ],
)
async def test_a_file_of_an_archive_that_is_not_what_it_was(
    filled_url: str, tmp_path: Path, how: str, quick: Level, thorough: Level, words: str
) -> None:
    _, second = await archive(filled_url, tmp_path, until=Position(6), events_per_file=3)
    sound = (await found(filled_url, whole_log=True))["archives"]
    assert (sound.level, sound.value) == (
        Level.OK,
        "positions 1 to 6 in 2 files, all at hand, their sha256 is right",
    )
    spoil(Path(second.file), how)
    assert (await found(filled_url))["archives"].level is quick
    looked_at = (await found(filled_url, whole_log=True))["archives"]
    assert looked_at.level is thorough
    assert f"{words}{second.file}" in looked_at.value
    assert looked_at.advice


async def test_an_old_file_that_says_what_was_retired(filled_url: str, tmp_path: Path) -> None:
    (archived,) = await archive(filled_url, tmp_path, until=Position(6))
    copy = shutil.copy(archived.file, tmp_path / "copy")
    async with PostgresRetention.connect(filled_url) as retention:
        await retention.set(Policy(kind="category", name="s", days=0))
        await retention.run(await retention.now())
    assert "retired in archives" not in await found(filled_url)
    shutil.copy(copy, archived.file)
    left = (await found(filled_url))["retired in archives"]
    assert (left.level, archived.file in left.value) == (Level.WARNING, True)


async def test_files_that_a_killed_command_left(filled_url: str, tmp_path: Path) -> None:
    archives, exports = tmp_path / "archives", tmp_path / "exports"
    archives.mkdir()
    exports.mkdir()
    (one,) = await archive(filled_url, archives, until=Position(6))
    assert "unfinished file" not in await found(filled_url, export_folder=exports)
    left = Path(f"{one.file}.a1b2c3d4.unfinished")
    left.write_bytes(b"PAR1")  # noqa: ASYNC240 - four bytes
    exported = exports / "log.gz.unfinished"
    exported.touch()
    findings = [
        finding
        for finding in await preflight(filled_url, export_folder=exports)
        if finding.name == "unfinished file"
    ]
    assert [finding.value.partition(", ")[0] for finding in findings] == [str(left), str(exported)]
    assert "4 bytes, last written 20" in findings[0].value
    assert {finding.level for finding in findings} == {Level.WARNING}
    assert "remove it, and begin the command again" in findings[0].advice
    assert await found(filled_url, export_folder=tmp_path / "nowhere")


async def test_clocks_apart(filled_url: str) -> None:
    clock = (await found(filled_url, clock=lambda: 0.0))["clock"]
    assert clock.level is Level.WARNING
    assert "NTP" in clock.advice


async def test_settings_that_lose_acknowledged_appends(filled_url: str) -> None:
    await damage(
        filled_url,
        "DO $$BEGIN EXECUTE format("
        "'ALTER DATABASE %I SET synchronous_commit = off', current_database()); END$$",
    )
    findings = await found(filled_url)
    assert findings["synchronous_commit"].level is Level.ERROR
    assert findings["fsync"].level is Level.ERROR  # the test server does without


async def test_a_database_that_is_read_only(filled_url: str) -> None:
    assert "default_transaction_read_only" not in await found(filled_url)
    await damage(
        filled_url,
        "DO $$BEGIN EXECUTE format("
        "'ALTER DATABASE %I SET default_transaction_read_only = on', current_database()); END$$",
    )
    finding = (await found(filled_url))["default_transaction_read_only"]
    assert finding.level is Level.ERROR
    assert "every append is refused" in finding.advice
    async with connect(filled_url) as store:
        assert await store.head() == 12
        with pytest.raises(AppendRefused, match="set default_transaction_read_only to off"):
            await store.append(stream_name("s-9"), events(1), expected=ABSENT)


async def test_a_standby(killable_postgres: PostgresServer, killable_store_url: str) -> None:
    await killable_postgres.stop()
    (killable_postgres.data / "standby.signal").touch()
    await killable_postgres.start()
    role = (await found(killable_store_url))["role"]
    assert (role.value, role.level) == ("standby", Level.ERROR)


def test_warnings_are_no_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def warned(_: str, **__: object) -> list[Finding]:
        return [
            Finding(name="a", value="b"),
            Finding(name="c", value="d", level=Level.WARNING, advice="mind [the] gap"),
        ]

    monkeypatch.setattr("eventstore.cli.doctor.preflight", warned)
    monkeypatch.setattr(sys, "argv", ["eventstore", "doctor", "--database-url=postgresql://h/d"])
    assert cli.main() == 0
    assert "mind [the] gap" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("damaged", "code", "level"), [(False, 2, "error"), (True, 1, "violation")]
)
def test_the_command(
    store_url: str,
    *,
    damaged: bool,
    code: int,
    level: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if damaged:
        asyncio.run(
            damage(
                store_url,
                "INSERT INTO eventstore.events (position, stream_id, version, recorded_at, "
                "event_id, type, data, metadata, stream, tags) "
                "VALUES (2, 2, 1, now(), gen_random_uuid(), 'x', '1', '{}', 's-9', '{}')",
            )
        )
    monkeypatch.setattr(sys, "argv", ["eventstore", "doctor", "--database-url", store_url])
    assert cli.main() == code
    printed = capsys.readouterr().out
    assert level in printed
    assert "fsync" in printed
    sys.argv.append("--json")
    assert cli.main() == code
    document = json.loads(capsys.readouterr().out)
    assert (document["schema"], document["level"]) == ("trueorder.doctor/1", level)

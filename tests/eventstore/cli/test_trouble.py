"""Every command in the same troubles: one message that says what to do, no traceback, no secret."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from eventstore.config import DATABASE_URL
from tests.support.commands import Ran, Run, runner
from verification.cluster.postgres import PostgresServer

pytestmark = pytest.mark.stack

SECRET = "hunter2"

READS = (
    "head",
    "read --log",
    "read s-1",
    "tail",
    "streams",
    "stats",
    "verify-log",
    "export log",
    "archives",
    "consumers",
    "doctor",
    "retention list",
)
WRITES = (
    "append s-1 --type=x --expected=any",
    "import given",
    "archive --to=. --until=1",
    "retention set --category=s --days=1",
    "retention run",
    "migrate",
)


@pytest.fixture
def run(
    store_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    monkeypatch.setenv(DATABASE_URL, store_url)
    monkeypatch.chdir(tmp_path)
    Path("given").write_text(
        '{"format": "trueorder.log/1", "until": 1, "selected": false}\n'
        '{"id": "0199aaaa-0000-7000-8000-000000000001", "type": "x", "data": 1, "metadata": {}, '
        '"stream": "s-1", "version": 1, "position": 1, "recorded_at": "2026-11-24T08:00:00Z", '
        '"tags": []}\n{"events": 1}\n'
    )
    return runner(monkeypatch, capsys)


def url_of(store_url: str, **parts: str) -> str:
    given = urlsplit(store_url)
    user = parts.get("user", "postgres")
    place = parts.get("place", f"{given.hostname}:{given.port}")
    return f"postgresql://{user}:{SECRET}@{place}/{parts.get('database', given.path[1:])}"


def ask(url: str, *statements: str) -> None:
    async def execute() -> None:
        sql = await asyncpg.connect(url)
        for statement in statements:
            await sql.execute(statement)
        await sql.close()

    asyncio.run(execute())


@pytest.fixture
def stranger(postgres_server: PostgresServer) -> Iterator[str]:
    ask(postgres_server.url, f"CREATE ROLE a_stranger LOGIN PASSWORD '{SECRET}'")
    yield "a_stranger"
    ask(postgres_server.url, "DROP ROLE a_stranger")


def said(ran: Ran) -> str:
    """What a command that failed said: one line on standard error."""
    assert ran.out == ""
    assert "Traceback" not in ran.err
    assert SECRET not in ran.err
    assert ran.err.startswith("eventstore: ")
    return ran.err


@pytest.mark.parametrize("command", READS + WRITES)
def test_no_server_to_speak_to(run: Run, store_url: str, command: str) -> None:
    places = [
        (url_of(store_url), "mend user and password"),
        (url_of(store_url, place="127.0.0.1:1"), "nothing listens there"),
        (url_of(store_url, place="nowhere.invalid:5432"), "mend the host"),
    ]
    for url, remedy in places:
        ran = run(*command.split(), f"--database-url={url}")
        assert ran.code == 5
        assert remedy in said(ran)


@pytest.mark.parametrize("command", READS + WRITES)
def test_a_user_without_rights(run: Run, store_url: str, stranger: str, command: str) -> None:
    ran = run(*command.split(), f"--database-url={url_of(store_url, user=stranger)}")
    assert ran.code == 5
    assert "a role of the log, such as eventstore_reader" in said(ran)


@pytest.mark.parametrize("command", READS + WRITES)
def test_a_schema_of_another_version(run: Run, store_url: str, command: str) -> None:
    for revision, remedy in (("0001", "eventstore migrate"), ("9999", "install a newer version")):
        ask(store_url, f"UPDATE eventstore.schema_revision SET version_num = '{revision}'")  # noqa: S608
        ran = run(*command.split())
        if command == "doctor":
            assert ran.code == 2
            assert remedy in ran.out
        elif command == "migrate" and revision == "0001":
            assert ran.code == 6  # what it would make is there
            assert "nothing was changed: " in said(ran)
        else:
            assert ran.code == 2
            assert remedy in said(ran)


def test_the_remedy_names_the_log(run: Run, store_url: str) -> None:
    assert run("migrate", "--log=other").code == 0
    ask(store_url, "UPDATE eventstore_other.schema_revision SET version_num = '0001'")
    assert "run `eventstore migrate --log other`" in run("doctor", "--log-name=other").out
    ask(store_url, "UPDATE eventstore_other.schema_revision SET version_num = '9999'")
    assert "the log 'other' is at revision 9999" in said(run("migrate", "--log=other"))
    assert "'' cannot be the name of a log" in said(run("head", "--log-name="))

"""The commands as a user types them, on a real server."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import asyncpg
import pytest

from eventstore import cli
from eventstore.config import DATABASE_URL
from eventstore.event import new_event_id
from eventstore.migrate import HEAD
from tests.support.commands import Run, runner

SOMEWHERE = ("--database-url", "postgresql://127.0.0.1:1/log")
COMMANDS = ("migrate", "append", "read", "tail", "head", "streams", "stats", "serve", "doctor")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.delenv(DATABASE_URL, raising=False)
    return runner(monkeypatch, capsys)


@pytest.fixture
def store(run: Run, store_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv(DATABASE_URL, store_url)
    return run


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["append", "order-1", "--type", "x"], "--expected"),
        (["append", "order-1", "--type", "x", "--expected", "-1"], "-1"),
        (["append", "order-1", "--type", "x", "--expected", "some"], "any, exists or absent"),
        (["append", "order-1", "--expected", "any"], "no event"),
        (["append", "order-1", "-", "--type", "x", "--expected", "any"], "either"),
        (["append", "order-1", "--type", "x", "--data", "{", "--expected", "any"], "--data"),
        (["append", "order-1", "--type", "x", "--id", "7", "--expected", "any"], "--id"),
        (["append", "order-1", "--type", "x", "--expected", "any"], DATABASE_URL),
        (["read"], "--log"),
        (["read", "order-1", "--log"], "--log"),
        (["read", "order-1", "--limit", "0"], "--limit"),
        (["read", "order"], "not a stream name"),
        (["read", "--log", "--after", "x"], "--after"),
        (["head", "--database-url", "mysql://x"], "postgresql://"),
        (["read", "order-1", "--type", "x"], "--log"),
        (["read", "--log", "--before", "3"], "--backwards"),
        (["read", "--log", "--backwards", "--after", "3"], "--after"),
        (["read", "--tag", "a b"], "tag"),
        (["head", "--log-name", "Upper", *SOMEWHERE], "name of a log"),
        (["migrate", "--log", "a-b", *SOMEWHERE], "name of a log"),
        (
            ["append", "order-1", "--type", "x", "--expected", "any", "--after", "3"],
            "--unless and --after",
        ),
        (
            ["append", "a-1", "--type=x", "--expected=any", "--after=3", "--unless={}"],
            "--unless",
        ),
        (
            ["append", "a-1", "--type=x", "--expected=any", "--after=3", '--unless=[{"typs": []}]'],
            "unknown field",
        ),
        (["head", "--timeout", "0", *SOMEWHERE], "--timeout"),
        (["head", "--timeout", "inf", *SOMEWHERE], "--timeout"),
        (["head", "--timeout", "1e9", *SOMEWHERE], "--timeout"),
        (["read", "--category", ""], "one of its categories is empty"),
        (["append", "a-1", "--type=x", "--data=\udcff", "--expected=any"], "--data is not UTF-8"),
        (["serve", "--host", "192.0.2.1"], "can be reached by others"),
        (["serve", "--certificate", "x"], "--key"),
        (["serve", "--token-file", "/nowhere"], "/nowhere"),
        (["haed"], "head"),
    ],
    ids=" ".join,
)
def test_usage_errors_end_with_2(run: Run, arguments: list[str], words: str) -> None:
    ran = run(*arguments)
    assert ran.code == 2
    assert words in ran.err
    assert not ran.out
    assert "Traceback" not in ran.err


def test_help_and_version(run: Run) -> None:
    assert run("--help").out.count("│") > 7
    assert run("--version").out == "0.1.0\n"
    for command in COMMANDS:
        ran = run(command, "--help")
        assert ran.code == 0
        assert "--database-url" in ran.out


def test_an_unreachable_server_ends_with_5(run: Run) -> None:
    for command in (["head"], ["migrate"], ["doctor"], ["read", "--log"], ["tail"], ["stats"]):
        ran = run(*command, "--database-url", "postgresql://ann:hunter2@127.0.0.1:1/log")
        assert ran.code == 5
        assert "127.0.0.1:1/log" in ran.err
        assert "hunter2" not in ran.err
        assert ran.err.count("\n") == 1


def test_a_bug_ends_with_70(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(cli, "app", broken)
    ran = run("head")
    assert ran.code == 70
    assert "ZeroDivisionError" in ran.err


@pytest.mark.stack
def test_append_and_read(store: Run) -> None:
    event_id = str(new_event_id())
    one = ["order-1", "--type", "placed", "--data", '{"n": 1}', "--id", event_id]
    first = store("append", *one, "--expected", "absent")
    assert first.code == 0
    assert first.lines == [
        {"stream": "order-1", "version": 1, "position": 1, "repeated": False, "ids": [event_id]}
    ]
    repeated = store("append", *one, "--expected", "absent")
    assert repeated.lines == [{**first.lines[0], "repeated": True}]
    more = store(
        "append",
        "order-1",
        "-",
        "--expected",
        "1",
        stdin='{"type":"paid","data":-1}\n\n{"type":"sent","metadata":{"by":"é"}}\n',
    )
    assert (more.code, more.lines[0]["version"]) == (0, 3)
    read = store("read", "order-1")
    assert [(e["type"], e["data"], e["version"]) for e in read.lines] == [
        ("placed", {"n": 1}, 1),
        ("paid", -1, 2),
        ("sent", None, 3),
    ]
    assert not read.err
    assert store("read", "--log").out == read.out
    assert store("read", "--log", "--after", "1", "--limit", "1").lines == read.lines[1:2]
    assert "--after 2" in store("read", "order-1", "--limit", "2").err
    assert store("head").out == "3\n"
    assert store("head", "--json").lines == [{"head": 3}]


@pytest.mark.stack
def test_a_refusal_ends_with_6(store: Run) -> None:
    ran = store("append", "order-1", "--type", "x", "--expected", "7")
    assert ran.code == 6
    assert ran.err.startswith("eventstore: stream 'order-1' is at version 0, expected 7")
    assert not ran.out


@pytest.mark.stack
@pytest.mark.parametrize(
    ("stdin", "words"),
    [
        ("", "has no events"),
        ('{"type":"x"}\n{"type"', "line 2"),
        ('{"type":"x"}\n{"tpye":"x"}', "line 2"),
        ('{"type":"x","data":"\\u0000"}', "NUL"),
        ("\xff", "line 1"),
        ('{"type":"x"}\n' * 1001, "1001 events"),
    ],
)
def test_malformed_input_ends_with_4(store: Run, stdin: str, words: str) -> None:
    ran = store("append", "order-1", "-", "--expected", "any", stdin=stdin)
    assert ran.code == 4
    assert words in ran.err
    assert store("head").out == "0\n"


@pytest.mark.stack
def test_a_table_on_a_terminal(store: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    store("append", "order-1", "--type", "[bold]", "--data", '"[red]x"', "--expected", "any")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("TERM", "dumb")
    header, row = store("read", "order-1").out.splitlines()
    assert header.split() == ["position", "version", "recorded", "at", "stream", "type", "data"]
    assert row.split()[-3:] == ["order-1", "[bold]", '"[red]x"']
    assert store("read", "order-2").out == "no events\n"
    assert store("append", "order-1", "--type", "x", "--expected", "1").out == (
        "order-1: 1 event appended, version 2, position 2\n"
    )


@pytest.mark.stack
def test_migrate_makes_a_store(run: Run, postgres_url: str) -> None:
    missing = run("head", "--database-url", postgres_url)
    assert missing.code == 2
    assert "run `eventstore migrate`" in missing.err
    for words in ("migrated from nothing", "already at"):
        ran = run("migrate", "--database-url", postgres_url)
        assert ran.code == 0
        assert words in ran.err
        assert ran.lines[0]["revision"] == HEAD
    assert run("head", "--database-url", postgres_url).out == "0\n"


@pytest.mark.stack
async def test_an_append_without_an_answer_ends_with_3(store_url: str) -> None:
    event_id = str(new_event_id())
    command = str(Path(sys.executable).parent / "eventstore")
    arguments = ["append", "order-1", "--type", "x", "--expected", "any", "--id", event_id]
    holder = await asyncpg.connect(store_url)
    async with holder.transaction():
        await holder.execute("SELECT pg_advisory_xact_lock(7311142570156650343)")
        process = await asyncio.create_subprocess_exec(
            command, *arguments, "--timeout=0.5", f"--database-url={store_url}", stderr=PIPE
        )
        _, complaints = await process.communicate()
    await holder.close()
    assert process.returncode == 3
    assert event_id in complaints.decode()
    assert "the outcome is unknown" in complaints.decode()


def test_serve_without_grpc_says_what_to_install(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("eventstore.grpc")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "grpc", None)
    ran = run("serve", *SOMEWHERE)
    assert ran.code == 2
    assert "trueorder[grpc]" in ran.err

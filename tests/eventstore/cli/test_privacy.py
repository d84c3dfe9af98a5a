"""Personal data on the command line: keys, an export, and forgetting."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from eventstore import ANY, Event, cli, stream_name
from eventstore.cli.exits import Exit
from eventstore.config import DATABASE_URL, KEY_FILE
from eventstore.postgres.store import PostgresEventStore
from eventstore.postgres.subject_keys import PostgresSubjectKeys
from eventstore.sealing import MasterKeys
from eventstore.vault import Vault
from tests.support.commands import Run, runner

pytestmark = pytest.mark.stack

ZOE = "customer:zoë"


@pytest.fixture
def run(store_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv(DATABASE_URL, store_url)
    monkeypatch.delenv(KEY_FILE, raising=False)
    return runner(monkeypatch, capsys)


@pytest.fixture
def key_file(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "keys"
    made = run("new-master-key", "first")
    assert (made.code, made.err) == (0, "")
    path.write_text(made.out)
    monkeypatch.setenv(KEY_FILE, str(path))
    return path


@pytest.fixture
def sealed(run: Run, key_file: Path, store_url: str) -> Run:
    master_keys = MasterKeys.parse(key_file.read_text())

    async def seal_and_append() -> None:
        async with (
            PostgresEventStore.connect(store_url) as store,
            PostgresSubjectKeys.connect(store_url) as keys,
        ):
            vault = Vault(keys, master_keys)
            event = Event(type="placed", data={"name": "Zoë", "total": 30})
            sealed = await vault.seal(event, ZOE, ["data.name"])
            await store.append(stream_name("order-1"), [Event(type="x"), sealed], expected=ANY)

    asyncio.run(seal_and_append())
    return run


def test_export_then_forget(sealed: Run) -> None:
    exported = sealed("export-subject", ZOE)
    assert exported.code == 0, exported.err
    assert [(line["position"], line["data"]) for line in exported.lines] == [
        (2, {"name": "Zoë", "total": 30})
    ]
    assert exported.err == f"1 event of {ZOE}\n"
    log = sealed("read", "--log").out
    assert "Zoë" not in log.replace(ZOE, "")
    refused = sealed("forget", ZOE)
    assert (refused.code, refused.out) == (Exit.USAGE, "")
    assert "cannot be undone" in refused.err
    forgotten = sealed("forget", ZOE, "--yes")
    assert (forgotten.code, forgotten.lines) == (0, [{"subject": ZOE, "had_key": True}])
    assert "is forgotten" in forgotten.err
    again = sealed("forget", ZOE, "--yes")
    assert (again.code, again.lines) == (0, [{"subject": ZOE, "had_key": False}])
    exported = sealed("export-subject", ZOE)
    assert (exported.code, exported.out) == (Exit.REFUSED, "")
    assert "was forgotten" in exported.err
    assert sealed("read", "--log").out == log


def test_a_master_key_is_replaced(sealed: Run, key_file: Path) -> None:
    old = key_file.read_text()
    new = sealed("new-master-key", "second").out
    key_file.write_text(new)
    exported = sealed("export-subject", ZOE)
    assert exported.code == Exit.USAGE
    assert "master key 'first', which is not given" in exported.err
    key_file.write_text(new + old)
    rewrapped = sealed("rewrap-keys")
    assert (rewrapped.code, rewrapped.lines) == (0, [{"master_key": "second", "rewrapped": 1}])
    key_file.write_text(new)
    assert len(sealed("export-subject", ZOE).lines) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["export-subject", "a b"], "is not a subject"),
        (["forget", "", "--yes"], "is not a subject"),
        (["new-master-key", "two words"], "line 1 is not"),
        (["export-subject", "x", "--key-file", "/nowhere"], "No such file"),
    ],
)
def test_usage(sealed: Run, arguments: list[str], words: str) -> None:
    ran = sealed(*arguments)
    assert (ran.code, ran.out) == (Exit.USAGE, "")
    assert words in ran.err


def test_without_a_key_file(run: Run) -> None:
    ran = run("rewrap-keys")
    assert ran.code == Exit.USAGE
    assert f"set {KEY_FILE} or pass --key-file" in ran.err


def test_they_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    cli.app(["--help"], exit_on_error=False)
    listed = capsys.readouterr().out
    for name in ("forget", "export-subject", "rewrap-keys", "new-master-key"):
        assert name in listed

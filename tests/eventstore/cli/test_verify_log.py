"""`verify-log` and `sign-head`, on a server: a change of anything is found, and where."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import asyncpg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from eventstore import ANY, Event, stream_name
from eventstore.config import DATABASE_URL
from eventstore.postgres.store import PostgresEventStore
from tests.support.commands import Run, runner

pytestmark = pytest.mark.stack


@pytest.fixture
def run(store_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    async def fill() -> None:
        async with PostgresEventStore.connect(store_url) as store:
            for number in range(5):
                batch = [Event(type="x", data=number, tags=("t",)) for _ in range(3)]
                await store.append(stream_name(f"s-{number % 2}"), batch, expected=ANY)

    asyncio.run(fill())
    monkeypatch.setenv(DATABASE_URL, store_url)
    return runner(monkeypatch, capsys)


@pytest.fixture
def keys(tmp_path: Path) -> tuple[str, str]:
    """The files of a private key and of its public key."""
    key = Ed25519PrivateKey.generate()
    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    return str(private), str(public)


def damage(url: str, statement: str) -> None:
    async def execute() -> None:
        sql = await asyncpg.connect(url)
        await sql.execute(f"SET session_replication_role = replica; {statement}")
        await sql.close()

    asyncio.run(execute())


def test_a_sound_log(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = run("verify-log")
    assert ran.code == 0
    (document,) = ran.lines
    assert document["schema"] == "trueorder.verify-log/1"
    assert (document["verdict"], document["events"], document["links"]) == ("valid", 15, 5)
    assert document["fault"] is None
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", "dumb")
    printed = run("verify-log").out
    assert "valid    15 events in 5 links" in printed
    assert f"hash     {document['hash']}" in printed


@pytest.mark.parametrize(
    "change",
    [
        "data = '99'",
        "metadata = '{\"by\": 1}'",
        "type = 'y'",
        "tags = '{u}'",
        "recorded_at = recorded_at + interval '1 microsecond'",
        "event_id = gen_random_uuid()",
        "version = 70",
    ],
)
def test_a_changed_event(run: Run, store_url: str, change: str) -> None:
    damage(store_url, f"UPDATE eventstore.events SET {change} WHERE position = 8")  # noqa: S608
    ran = run("verify-log")
    assert ran.code == 1
    fault = ran.lines[0]["fault"]
    assert fault["first"] <= 8 <= fault["last"]
    assert ran.lines[0]["verdict"] == "invalid"


@pytest.mark.parametrize(
    ("statement", "first"),
    [
        ("DELETE FROM eventstore.events WHERE position = 5", 5),
        ("DELETE FROM eventstore.commits WHERE last_position = 6", 4),
        ("UPDATE eventstore.commits SET hash = sha256('x') WHERE last_position = 9", 7),
        ("DELETE FROM eventstore.event_tags WHERE position = 11", 11),
    ],
)
def test_a_damaged_log(
    run: Run, store_url: str, statement: str, first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    damage(store_url, statement)
    ran = run("verify-log")
    assert (ran.code, ran.lines[0]["fault"]["first"]) == (1, first)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert f"position {first}" in run("verify-log").out.replace("positions", "position")


def test_a_signed_head(run: Run, store_url: str, keys: tuple[str, str], tmp_path: Path) -> None:
    private, public = keys
    signed = run("sign-head", f"--key={private}")
    assert signed.code == 0
    head = tmp_path / "head.json"
    head.write_text(signed.out)
    held = (f"--head={head}", f"--public-key={public}")
    assert json.loads(signed.out)["position"] == 15
    assert run("verify-log", *held).code == 0
    assert run("append", "s-1", "--type=x", "--expected=any").code == 0
    assert run("verify-log", *held).code == 0
    # Whoever may write anything takes the end of the log away, so that what is left fits.
    damage(
        store_url,
        "DELETE FROM eventstore.events WHERE position > 12; "
        "DELETE FROM eventstore.event_tags WHERE position > 12; "
        "DELETE FROM eventstore.commits WHERE last_position > 12",
    )
    assert run("verify-log").code == 0
    cut = run("verify-log", *held)
    assert cut.code == 1
    assert "ends before the head that was signed" in cut.lines[0]["fault"]["reason"]


def test_heads_that_cannot_be_used(run: Run, keys: tuple[str, str], tmp_path: Path) -> None:
    private, public = keys
    head = tmp_path / "head.json"
    document = json.loads(run("sign-head", f"--key={private}").out)
    for changed, words in (
        ({**document, "position": 14}, "was not signed by"),
        ({**document, "format": "x"}, "not a signed head"),
    ):
        head.write_text(json.dumps(changed))
        ran = run("verify-log", f"--head={head}", f"--public-key={public}")
        assert ran.code == 2
        assert words in ran.err
    head.write_text(json.dumps(document))
    run("migrate", "--log=other")
    foreign = run("verify-log", f"--head={head}", f"--public-key={public}", "--log-name=other")
    assert (foreign.code, foreign.out) == (2, "")
    assert "of the log 'default', not of 'other'" in foreign.err
    assert "go together" in run("verify-log", f"--head={head}").err
    assert "no Ed25519 key" in run("sign-head", f"--key={public}").err
    missing = run("verify-log", f"--head={tmp_path}/x", f"--public-key={public}")
    assert "cannot be read" in missing.err

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from eventstore.cli import main
from eventstore.cli import relay as cli
from eventstore.postgres.store import PostgresEventStore
from tests.support import relaying as support
from tests.support.recorded import log

COMMAND = Path(sys.executable).parent / "eventstore"
NOWHERE = "postgresql://u:hidden-password@127.0.0.1:1/nowhere"


def environment(store_url: str, nats_url: str) -> dict[str, str]:
    return {
        **os.environ,
        "EVENTSTORE_DATABASE_URL": store_url,
        "EVENTSTORE_NATS_URL": nats_url,
    }


def relay(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, "relay", *arguments],
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@contextmanager
def relay_running(env: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [COMMAND, "relay", "run"], env=env, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def status(env: dict[str, str], code: int = 0) -> dict[str, Any]:
    asked = relay("status", "--json", env=env)
    assert asked.returncode == code, asked.stderr
    found: dict[str, Any] = json.loads(asked.stdout)
    return found


@pytest.mark.stack
async def test_run_relays_until_it_is_told_to_stop(store_url: str, nats_url: str) -> None:
    env = environment(store_url, nats_url)
    async with PostgresEventStore.connect(store_url) as store:
        head = await support.append(store, 120)
        before = status(env)
        assert (before["state"], before["head"], before["lag"]) == ("no stream", 120, 120)
        assert before["lag_seconds"] > 0
        assert (before["last_sequence"], before["leader"]) == (None, None)
        with relay_running(env) as process:
            await support.relayed(nats_url, head)
            found = status(env)
            assert found.pop("made_at").startswith("20")
            assert found.pop("leader").endswith(f":{process.pid}")
            assert found == {
                "state": "caught up",
                "head": 120,
                "last_sequence": 120,
                "lag": 0,
                "lag_seconds": 0.0,
                "missing": 0,
                "first_sequence": 1,
                "epoch": 1,
                "epoch_after": 0,
                "made_because": "there was none",
            }
            process.send_signal(signal.SIGTERM)
            _, said = process.communicate(timeout=20)
            assert process.returncode == 143
        await support.append(store, 2)
        assert status(env)["state"] == "behind"
        assert status(env)["lag"] == 2
        assert status(env)["lag_seconds"] > 0
        assert status(env)["leader"] is None
    lines = [line.partition("eventstore.relay: ")[2] for line in said.splitlines()]
    assert lines == [
        "created the stream",
        "connected; relaying after position 0",
        "caught up at position 120",
    ]


@pytest.mark.stack
async def test_a_second_relay_stands_by_and_takes_over(store_url: str, nats_url: str) -> None:
    env = environment(store_url, nats_url)
    async with PostgresEventStore.connect(store_url) as store:
        with relay_running(env) as first:
            await support.relayed(nats_url, await support.append(store, 2))
            with relay_running(env) as second:
                assert second.stderr is not None
                assert "standing by" in second.stderr.readline()
                first.kill()
                first.wait(20)
                assert "took over" in second.stderr.readline()
                await support.relayed(nats_url, await support.append(store, 2))
                second.send_signal(signal.SIGINT)
                assert second.wait(20) == 130


@pytest.mark.stack
async def test_a_diverged_stream_ends_it_with_a_reason(store_url: str, nats_url: str) -> None:
    async with support.publisher(nats_url) as stream:
        await stream.create()
        await stream.publish(support.messages(log(3)))
    env = environment(store_url, nats_url)
    assert status(env, 1)["state"] == "diverged: ahead of the log"
    ended = relay("run", env=env)
    assert ended.returncode == 1
    assert "JetStream is at sequence 3, the log ends before it" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.stack
def test_a_database_that_is_not_migrated_is_a_matter_of_setup(
    postgres_url: str, nats_url: str
) -> None:
    ended = relay("run", env=environment(postgres_url, nats_url))
    assert ended.returncode == 2
    assert "run `eventstore migrate`" in ended.stderr


@pytest.mark.stack
def test_status_without_a_server_is_exit_5(store_url: str, nats_url: str) -> None:
    for env in (
        environment(NOWHERE, nats_url),
        environment(store_url, "nats://u:hidden-password@127.0.0.1:1"),
    ):
        asked = relay("status", env=env)
        assert asked.returncode == 5
        assert asked.stdout == ""
        assert "127.0.0.1:1" in asked.stderr
        assert "hidden-password" not in asked.stderr


@pytest.mark.stack
async def test_status_in_words(
    store_url: str, nats_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    await cli.status(database_url=store_url, nats_url=nats_url)
    assert capsys.readouterr().out == (
        "no stream\nlog head         0\nlast sequence    none\nlag              0\n"
        "lag in seconds   0\nleader           not known\n"
    )


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["run"], "EVENTSTORE_DATABASE_URL"),
        (["run", "--database-url", "mysql://x"], "postgresql://"),
        (["run", "--database-url", NOWHERE, "--nats-url", "http://x"], "nats://"),
        (["run", "--no-such-option"], "--no-such-option"),
        (
            ["run", "--database-url", NOWHERE, "--nats-url", "nats://x", "--replicas", "0"],
            "replicas",
        ),
        (["walk"], "walk"),
    ],
)
def test_usage_errors_are_exit_2_with_a_reason(
    arguments: list[str],
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("EVENTSTORE_DATABASE_URL", "EVENTSTORE_NATS_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "argv", ["eventstore", "relay", *arguments])
    try:
        code: object = main()
    except SystemExit as ended:
        code = ended.code
    said = capsys.readouterr()
    assert code == 2
    assert said.out == ""
    assert reason in said.err
    assert "hidden-password" not in said.err
    assert "Traceback" not in said.err

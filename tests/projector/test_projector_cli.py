from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from eventstore.event import RecordedEvent
from eventstore.postgres.store import PostgresEventStore
from projector.cli import main
from projector.cli.status import status
from projector.documents import Change
from projector.errors import GenerationUnknown
from projector.postgres_documents import DocumentTable
from tests.support import projecting as support
from tests.support import relaying

COMMAND = Path(sys.executable).parent / "projector"
NOWHERE = "postgresql://u:hidden-password@127.0.0.1:1/nowhere"


@contextmanager
def projector_running(
    store_url: str,
    nats_url: str,
    *arguments: str,
    projection: str = "stream-totals",
    folder: Path | None = None,
) -> Iterator[subprocess.Popen[str]]:
    urls = ["--database-url", store_url, "--nats-url", nats_url]
    process = subprocess.Popen(
        [COMMAND, "run", projection, *urls, *arguments],
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


async def asked(store_url: str, nats_url: str, capsys: pytest.CaptureFixture[str]) -> Any:
    capsys.readouterr()
    await status("stream-totals", database_url=store_url, nats_url=nats_url, json=True)
    return msgspec.json.decode(capsys.readouterr().out)


@pytest.mark.stack
async def test_run_projects_until_it_is_told_to_stop_and_status_says_how_far(
    store_url: str, nats_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with PostgresEventStore.connect(store_url) as store:
        async with relaying.relaying(store_url, nats_url):
            await relaying.relayed(nats_url, await relaying.append(store, 5))
        with pytest.raises(GenerationUnknown, match="has no generation 1, there is none at all"):
            await asked(store_url, nats_url, capsys)
        with projector_running(store_url, nats_url) as process:
            await support.projected(store_url, 5)
            process.send_signal(signal.SIGTERM)
            _, said = process.communicate(timeout=20)
            assert process.returncode == 143
        assert "projector: connected; projecting after position 0" in said
        assert await asked(store_url, nats_url, capsys) == {
            "projection": "stream-totals",
            "generation": 1,
            "active": True,
            "state": "caught up",
            "checkpoint": 5,
            "head": 5,
            "lag": 0,
            "lag_seconds": 0.0,
            "hole": None,
            "last_sequence": 5,
            "stream_holes": 0,
            "parked": 0,
            "held": 0,
            "skipped": 0,
            "halted_at": None,
            "last_error": None,
        }
        await relaying.append(store, 2)
        found = await asked(store_url, nats_url, capsys)
        assert (found["state"], found["lag"]) == ("behind", 2), "a relay that stands still is no 0"
        assert found["lag_seconds"] > 0
        await status("stream-totals", database_url=store_url, nats_url=nats_url)
        first, *lines = capsys.readouterr().out.splitlines()
        assert first == "stream-totals, generation 1 (active): behind"
        assert lines[:2] == ["checkpoint       5", "log head         7"]
        assert lines[2].startswith("lag              2 events, ")
        assert lines[3:] == [
            "stream           to 5, 0 holes",
            "set aside        0 parked, 0 held, 0 skipped",
        ]
        await support.assert_each_was_applied_once(store_url, (await relaying.whole_log(store))[:5])


@pytest.mark.stack
async def test_a_second_projector_stands_by_and_takes_over(store_url: str, nats_url: str) -> None:
    async with (
        PostgresEventStore.connect(store_url) as store,
        relaying.relaying(store_url, nats_url),
    ):
        with projector_running(store_url, nats_url) as first:
            await support.projected(store_url, await relaying.append(store, 2))
            with projector_running(store_url, nats_url) as second:
                assert second.stderr is not None
                assert "standing by" in second.stderr.readline()
                first.kill()
                first.wait(20)
                await support.projected(store_url, await relaying.append(store, 2))
                second.send_signal(signal.SIGINT)
                assert second.wait(20) == 130
        await support.assert_each_was_applied_once(store_url, await relaying.whole_log(store))


LEAVING = """
import sys

class Leaving:
    name = "leaving"

    def project(self, event):
        if event.position == 3:
            sys.exit(0)
        return ()
"""


class Left:
    """Stands for it, where only its checkpoint is asked for."""

    name = "leaving"

    def project(self, _: RecordedEvent) -> Iterable[Change]:
        return ()


@pytest.mark.stack
@pytest.mark.parametrize("policy", ["halt", "park"])
async def test_a_projection_that_ends_the_process_is_an_error_of_its_event(
    store_url: str, nats_url: str, tmp_path: Path, policy: str
) -> None:
    (tmp_path / "leaving.py").write_text(LEAVING)
    async with (
        PostgresEventStore.connect(store_url) as store,
        relaying.relaying(store_url, nats_url),
    ):
        await relaying.relayed(nats_url, await relaying.append(store, 5))
    arguments = ["--attempts", "1", "--on-poison", policy]
    with projector_running(
        store_url, nats_url, *arguments, projection="leaving:Leaving", folder=tmp_path
    ) as process:
        if policy == "park":
            await support.projected(store_url, 5, projection=DocumentTable(Left()))
            process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=20)
    assert process.returncode == (70 if policy == "halt" else 143)
    assert "position 3" in said
    assert "SystemExit: 0" in said


def run_main(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> object:
    for name in [name for name in os.environ if name.startswith(("EVENTSTORE_", "PROJECTOR_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(sys, "argv", ["projector", *arguments])
    try:
        return main()
    except SystemExit as ended:
        return ended.code


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (["run"], 2, "PROJECTION"),
        (["run", "no-such", "--database-url", NOWHERE, "--nats-url", "nats://x"], 2, "no-such"),
        (["run", "stream-totals"], 2, "PROJECTOR_DATABASE_URL"),
        (["run", "stream-totals", "--database-url", NOWHERE], 2, "PROJECTOR_NATS_URL"),
        (["run", "stream-totals", "--database-url", "mysql://x"], 2, "postgresql://"),
        (["run", "stream-totals", "--no-such-option"], 2, "--no-such-option"),
        (
            [
                "status",
                "stream-totals",
                "--database-url",
                NOWHERE,
                "--nats-url",
                "nats://127.0.0.1:1",
            ],
            5,
            "127.0.0.1:1",
        ),
    ],
)
def test_what_cannot_work_ends_with_its_code_and_a_reason(
    arguments: list[str],
    code: int,
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_main(arguments, monkeypatch) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert reason in said.err
    assert "hidden-password" not in said.err
    assert "Traceback" not in said.err


def test_a_bug_is_exit_70(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_: object) -> None:
        raise BaseException("a panic")  # noqa: TRY002 - what a native panic is

    monkeypatch.setattr("projector.cli.app", broken)
    assert run_main(["status", "stream-totals"], monkeypatch) == 70
    assert "internal error" in capsys.readouterr().err


def ended(*arguments: str, database: str) -> subprocess.CompletedProcess[str]:
    """Run the command on a database to its end."""
    return subprocess.run(
        [COMMAND, *arguments, "--database-url", database],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.stack
async def test_a_generation_is_rebuilt_from_the_log_and_switched_to(store_url: str) -> None:
    async with PostgresEventStore.connect(store_url) as store:
        await relaying.append(store, 12)
    first = ended("rebuild", "event-counts", "--json", database=store_url)
    rebuilt = msgspec.json.decode(first.stdout)
    assert (rebuilt["position"], rebuilt["events"], rebuilt["switched_from"]) == (12, 12, None)
    second = ("event-counts", "--generation", "2")
    early = ended("switch", *second, database=store_url)
    assert (early.returncode, "no generation 2" in early.stderr) == (2, True)
    built = ended("rebuild", *second, "--switch", database=store_url)
    assert "active now, before it generation 1" in built.stdout
    back = ended("switch", "event-counts", "--generation", "1", database=store_url)
    assert back.stdout == "event-counts: generation 1 is active, before it 2\n"
    refused = ended("rebuild", "stream-totals", "--generation", "2", database=store_url)
    assert (refused.returncode, "names new tables" in refused.stderr) == (2, True)

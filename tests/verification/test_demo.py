"""`trueorder demo` as a user runs it: in a process of its own, on real servers, under faults."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from verification.mutants.registry import MUTANTS

COMMAND = [sys.executable, "-m", "verification.cli"]
LIMIT_SECONDS = 110
TRAFFIC_SECONDS = "5"

ON_SERVERS = [
    name
    for name in MUTANTS
    # These two are in the clients' process alone; `mutants/test_stores.py` convicts them there.
    if name not in {"torn-batch", "false-success"}
]

FILES = {
    "README.txt",
    "applied.jsonl",
    "changes.jsonl",
    "documents.json",
    "history.jsonl",
    "log.jsonl",
    "logs",
    "outcome.json",
    "read-model.json",
    "report.html",
    "scenario.json",
    "servers.json",
    "stream.jsonl",
    "verdict.json",
}


def trueorder(*arguments: str, temporary: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
        env={**os.environ, "TMPDIR": str(temporary), "COLUMNS": "100"},
    )


@pytest.fixture
def temporary(tmp_path: Path) -> Iterator[Path]:
    """Where the servers' data is put; nothing may be left there, neither files nor processes."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    yield folder
    assert list(folder.iterdir()) == []
    assert processes_in(folder) == []
    shutil.rmtree(tmp_path)


def processes_in(folder: Path) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes() if entry.name.isdigit() else b""
        except OSError:
            continue  # It ended while we looked.
        if str(folder).encode() in command:
            found.append(command.decode())
    return found


def verdict_of(run: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((run / "verdict.json").read_text())
    return document


@pytest.mark.stack
@pytest.mark.slow
def test_the_line_is_valid_under_faults_and_can_be_judged_again(
    tmp_path: Path, temporary: Path
) -> None:
    run = tmp_path / "run"
    ended = trueorder(
        "demo", "--seconds", "6", "--seed", "1", "--out", str(run), temporary=temporary
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.lstrip().startswith("valid")
    assert "PostgreSQL killed" in ended.stderr
    assert "NATS killed" in ended.stderr
    assert "feed killed" in ended.stderr
    assert {entry.name for entry in run.iterdir()} == FILES
    assert {log.name for log in (run / "logs").iterdir()} >= {
        "postgres.log",
        "nats.log",
        "relay.log",
        "projector.log",
        "documents.log",
        "feed.log",
    }
    first = verdict_of(run)
    assert first["verdict"] == "valid"
    assert {judged["verdict"] for judged in first["properties"]} == {"valid"}

    again = trueorder("judge", str(run), "--json", temporary=temporary)
    assert again.returncode == 0, again.stderr
    second = json.loads(again.stdout)
    assert second["verdict"] == first["verdict"]
    assert [p["name"] for p in second["properties"]] == [p["name"] for p in first["properties"]]


@pytest.mark.stack
@pytest.mark.slow
@pytest.mark.parametrize("name", ON_SERVERS)
def test_a_planted_bug_is_convicted_by_name(name: str, tmp_path: Path, temporary: Path) -> None:
    run = tmp_path / "run"
    size = ("--seconds", TRAFFIC_SECONDS, "--seed", "1")
    ended = trueorder("demo", *size, "--mutant", name, "--out", str(run), temporary=temporary)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    found = set(verdict_of(run)["anomalies"]) & MUTANTS[name].anomalies
    assert found
    assert any(anomaly in ended.stdout for anomaly in found)


@pytest.mark.stack
@pytest.mark.slow
def test_an_interrupted_run_keeps_and_judges_what_it_saw(tmp_path: Path, temporary: Path) -> None:
    run = tmp_path / "run"
    with subprocess.Popen(
        [*COMMAND, "demo", "--seconds", "60", "--seed", "1", "--out", str(run)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(temporary)},
    ) as process:
        wait_for_traffic(run, process)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=LIMIT_SECONDS)
    assert process.returncode == 130
    assert "unknown" in output
    assert (run / "report.html").is_file()
    assert verdict_of(run)["verdict"] == "unknown"
    assert json.loads((run / "outcome.json").read_text())["ended"] == "it was interrupted"


@pytest.mark.stack
def test_a_server_that_fails_is_no_violation(tmp_path: Path, temporary: Path) -> None:
    broken = tmp_path / "nats-server"
    broken.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && echo "nats-server: v2.15.1" && exit 0\n'
        "echo out of luck >&2; exit 1\n"
    )
    broken.chmod(0o755)
    run = tmp_path / "run"
    ended = trueorder("demo", "--nats-server", str(broken), "--out", str(run), temporary=temporary)
    assert ended.returncode == 5
    assert "nats-server ended with exit code 1 while starting" in ended.stderr
    assert f"Its log is {run / 'logs' / 'nats.log'}" in ended.stderr
    assert "out of luck" in (run / "logs" / "nats.log").read_text()
    assert ended.stdout.lstrip().startswith("unknown")
    assert (run / "report.html").is_file()


def wait_for_traffic(run: Path, process: subprocess.Popen[str]) -> None:
    history = run / "history.jsonl"
    deadline = time.monotonic() + LIMIT_SECONDS
    while not (history.exists() and history.read_bytes().count(b'"ok"') > 50):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_mutants_are_listed(temporary: Path) -> None:
    ended = trueorder("demo", "--list-mutants", temporary=temporary)
    assert ended.returncode == 0
    assert [line.split()[0] for line in ended.stdout.splitlines()] == list(MUTANTS)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--seconds", "1"], "a run has 3 to 3600 seconds, not 1"),
        (["--clients", "3"], "a run has 8 to 200 clients, not 3"),
        (["--seed", "-1"], "a seed is a number from 0, not -1"),
        (["--mutant", "nobody"], "no mutant is called 'nobody': there are lost-append"),
        (["--postgres-bin", "/nonexistent"], "no usable PostgreSQL found"),
        (["--seconds", "soon"], "Invalid value"),
    ],
)
def test_what_cannot_be_run_is_a_usage_error(
    arguments: list[str], said: str, tmp_path: Path, temporary: Path
) -> None:
    run = tmp_path / "run"
    ended = trueorder("demo", *arguments, "--out", str(run), temporary=temporary)
    assert ended.returncode == 2
    assert said in " ".join(ended.stderr.split())
    assert not run.exists()


def test_a_folder_with_something_in_it_is_not_used(tmp_path: Path, temporary: Path) -> None:
    (tmp_path / "precious").touch()
    ended = trueorder("demo", "--out", str(tmp_path), temporary=temporary)
    assert ended.returncode == 2
    assert "it is not empty" in ended.stderr


def test_a_folder_without_a_run_cannot_be_judged(tmp_path: Path, temporary: Path) -> None:
    ended = trueorder("judge", str(tmp_path), temporary=temporary)
    assert ended.returncode == 2
    assert "it has no scenario.json" in ended.stderr

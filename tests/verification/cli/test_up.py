"""`trueorder up` as its user meets it: a process, its output, its end, and what is left."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nats
import nats.js.errors
import pytest

import eventstore
from eventstore.event import Event
from eventstore.stream import ANY, StreamName
from tests.support.processes import mentioning, started_in, survivors
from verification.cluster.ports import LOOPBACK, draw_port

pytestmark = pytest.mark.stack

Folders = Callable[[str], Path]
UP = [sys.executable, "-m", "verification.cli", "up"]


class Up:
    """A running `trueorder up` whose first output has been read."""

    def __init__(self, process: subprocess.Popen[str], folder: Path, first: str) -> None:
        self.process = process
        self.folder = folder
        self.first = first

    @property
    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.first)
        return document

    def said(self) -> str:
        """Standard error so far."""
        return (self.folder.parent / f"{self.folder.name}.stderr").read_text(encoding="utf-8")

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(60)


@contextmanager
def running(folder: Path, *options: str) -> Iterator[Up]:
    with (folder.parent / f"{folder.name}.stderr").open("w", encoding="utf-8") as stderr:
        process = subprocess.Popen(
            [*UP, "--dir", folder, *options], stdout=subprocess.PIPE, stderr=stderr, text=True
        )
    assert process.stdout is not None
    try:
        yield Up(process, folder, process.stdout.readline())
    finally:
        process.kill()
        process.wait(10)
        process.stdout.close()


def refused(*options: str | Path) -> tuple[int, str]:
    """The exit code and the complaint of an `up` that does not come up."""
    ran = subprocess.run([*UP, *options], capture_output=True, text=True, timeout=60, check=False)
    assert ran.stdout == ""
    assert "Traceback" not in ran.stderr
    return ran.returncode, " ".join(ran.stderr.split())


def eventually(probe: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not probe():
        assert time.monotonic() < deadline, "it did not happen within a minute"
        time.sleep(0.05)


async def append_one(url: str) -> None:
    async with eventstore.connect(url) as store:
        await store.append(StreamName("order-1"), [Event(type="Placed", data={})], expected=ANY)


async def last_sequence(url: str) -> int:
    connection = await nats.connect(url)
    try:
        return int((await connection.jetstream().stream_info("EVENTS")).state.last_seq)
    except nats.js.errors.NotFoundError:
        return 0
    finally:
        await connection.close()


def test_what_it_prints_can_be_used_and_is_still_there_the_next_time(
    server_folders: Folders,
) -> None:
    folder = server_folders("a folder")
    with running(folder, "--json") as up:
        document = up.document
        assert document["schema"] == "trueorder.up/1"
        asyncio.run(append_one(document["database_url"]))
        eventually(lambda: asyncio.run(last_sequence(document["nats_url"])) == 1)
        assert up.end(signal.SIGINT) == 130
    assert mentioning(str(folder)) == []
    assert "Stopped. The data is in" in up.said()
    with running(folder) as up:
        name, _, url = shlex.split(up.first)[1].partition("=")
        assert (name, url) == ("EVENTSTORE_DATABASE_URL", document["database_url"])
        assert asyncio.run(last_sequence(document["nats_url"])) == 1
        eventually(lambda: "Then try:" in up.said())
        first_step = up.said().partition("Then try:")[2].splitlines()[0]
        environment = {**os.environ, name: url, "PATH": f"{Path(sys.executable).parent}:/bin"}
        ran = subprocess.run(
            shlex.split(first_step), env=environment, timeout=60, check=True, capture_output=True
        )
        assert b"2" in ran.stdout
        eventually(lambda: asyncio.run(last_sequence(document["nats_url"])) == 2)
        assert up.process.stdout is not None
        assert (
            up.process.stdout.readline() == f"export EVENTSTORE_NATS_URL={document['nats_url']}\n"
        )
        assert up.end(signal.SIGTERM) == 143
        assert up.process.stdout.read() == ""
    assert mentioning(str(folder)) == []


def test_what_dies_is_started_again_and_a_kill_of_it_leaves_nothing(
    server_folders: Folders,
) -> None:
    folder = server_folders("cluster")
    with running(folder, "--json") as up:
        os.kill(started_in(folder, "eventstore.cli relay run"), signal.SIGKILL)
        eventually(lambda: "relay runs again" in up.said())
        os.kill(started_in(folder / "nats", "nats-server --config"), signal.SIGKILL)
        eventually(lambda: "nats-server runs again" in up.said())
        refusal = refused("--dir", folder)
        assert refusal[0] == 2
        assert f"{folder}/postgres is in use by process {up.process.pid}" in refusal[1]
        password = up.document["database_url"].partition("postgres:")[2].partition("@")[0]
        assert password not in up.said()
        up.process.kill()
        assert survivors(mentioning(str(folder))) == []
    with running(folder, "--json") as again:
        assert again.document["database_url"] == up.document["database_url"]
        assert again.document["nats_url"] == up.document["nats_url"]


def test_a_second_interrupt_does_not_wait(server_folders: Folders) -> None:
    folder = server_folders("cluster")
    with running(folder, "--json") as up:
        # Stopped, so that an orderly end would take its whole limit.
        os.kill(started_in(folder / "postgres" / "data", "postgres -D"), signal.SIGSTOP)
        up.process.send_signal(signal.SIGINT)
        eventually(lambda: "once more to kill" in up.said())
        assert up.end(signal.SIGINT) == 130
    assert survivors(mentioning(str(folder))) == []


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--postgres-bin", "/nowhere"], "no usable PostgreSQL found. Looked at: - named: no"),
        (["--nats-server", "/nowhere"], "no usable nats-server found. Looked at: - named: no"),
        (["--port", "many"], "Invalid value for --port"),
        (["--port", "70000"], 'Invalid value "70000" for --port'),
        (["--dir", "/etc"], "cannot use the folder /etc: it is not empty, and was not made by"),
        (["--dir", "/etc/passwd"], "it is a file, not a folder"),
        (["--dir"], "requires an argument"),
        (["folder"], "Unused Tokens"),
    ],
)
def test_what_cannot_be_done_is_refused(options: list[str], complaint: str, tmp_path: Path) -> None:
    place = [] if "--dir" in options else ["--dir", str(tmp_path / "cluster")]
    code, said = refused(*options, *place)
    assert code == 2
    assert complaint in said


@pytest.mark.parametrize("option", ["--port", "--nats-port"])
def test_a_taken_port_is_refused(option: str, server_folders: Folders) -> None:
    folder = server_folders("cluster")
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        code, said = refused("--dir", folder, option, str(port))
    assert code == 2
    assert f"cannot listen on 127.0.0.1:{port}: another process does" in said
    assert mentioning(str(folder)) == []


def test_a_server_that_fails_is_exit_5_with_its_own_words(server_folders: Folders) -> None:
    folder = server_folders("cluster")
    with running(folder, "--json", "--port", str(draw_port())) as up:
        up.end(signal.SIGTERM)
    (folder / "postgres" / "data" / "global" / "pg_control").write_bytes(b"")
    code, said = refused("--dir", folder)
    assert code == 5
    assert "while starting. Its log is" in said
    assert "pg_control" in said
    assert mentioning(str(folder)) == []

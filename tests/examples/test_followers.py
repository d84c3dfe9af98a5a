"""The consumers in other languages, on real servers: they see each event once, whatever happens."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from eventstore import wire
from eventstore.event import Event, RecordedEvent
from eventstore.jetstream import connect
from eventstore.postgres.store import PostgresEventStore
from eventstore.store import EventStore
from eventstore.stream import ANY, Position, stream_name
from tests.support import relaying as support
from tests.support.recorded import recorded
from tests.support.source import ROOT

pytestmark = [pytest.mark.stack, pytest.mark.slow, pytest.mark.timeout(300)]

OFFLINE = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ETIMEDOUT", "ENETUNREACH")


def built(*command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "GOFLAGS": "-mod=readonly -buildvcs=false"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="session")
def go_follower(tmp_path_factory: pytest.TempPathFactory) -> Sequence[str]:
    go = shutil.which("go")
    if go is None:
        pytest.skip("no Go here")
    program = str(tmp_path_factory.mktemp("go") / "follow")
    made = built(go, "build", "-o", program, "./follow", folder=ROOT / "examples" / "go")
    assert made.returncode == 0, made.stderr
    return [program]


@pytest.fixture(scope="session")
def typescript_follower(tmp_path_factory: pytest.TempPathFactory) -> Sequence[str]:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("no Node.js here")
    folder = tmp_path_factory.mktemp("typescript")
    for file in ("package.json", "package-lock.json", "tsconfig.json", "follow.ts"):
        shutil.copy(ROOT / "examples" / "typescript" / file, folder)
    fetched = built(npm, "ci", "--no-audit", "--no-fund", "--prefer-offline", folder=folder)
    if fetched.returncode and any(word in fetched.stderr for word in OFFLINE):
        pytest.skip("npm cannot reach its registry")
    assert fetched.returncode == 0, fetched.stderr
    made = built(npm, "run", "build", folder=folder)
    assert made.returncode == 0, made.stdout
    return [node, str(folder / "dist" / "follow.js")]


@pytest.fixture(params=["go", "typescript"])
def follower(request: pytest.FixtureRequest) -> Sequence[str]:
    command: Sequence[str] = request.getfixturevalue(f"{request.param}_follower")
    return command


Start = Callable[[int], asyncio.Future[Process]]


def starter(command: Sequence[str], nats_url: str, checkpoint: Path) -> Start:
    """Starts the program, to stop by itself behind a position."""

    def start(until: int) -> asyncio.Future[Process]:
        arguments = [
            *("--server", nats_url, "--checkpoint", str(checkpoint), "--until", str(until))
        ]
        return asyncio.ensure_future(
            asyncio.create_subprocess_exec(*command, *arguments, stdout=PIPE, stderr=PIPE)
        )

    return start


async def ended(process: Process) -> tuple[int | None, str, str]:
    async with asyncio.timeout(support.PATIENCE_SECONDS):
        out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def read_lines(process: Process, count: int) -> list[str]:
    assert process.stdout is not None
    async with asyncio.timeout(support.PATIENCE_SECONDS):
        return [(await process.stdout.readline()).decode().rstrip("\n") for _ in range(count)]


def lines(events: Sequence[RecordedEvent]) -> list[str]:
    """What a follower prints."""

    def data(event: RecordedEvent) -> str:
        return json.dumps(event.data, ensure_ascii=False, separators=(",", ":"))

    return [f"{e.position} {e.stream} {e.type} {data(e)}" for e in events]


async def fill(store: EventStore, events: int) -> Position:
    """Names and types that have to be escaped, and some that need not be."""
    for number in range(0, events, 2):
        stream = stream_name(("order-1", "order-ü.2", "cart-50%")[number % 3])
        batch = [Event(type="Placed v1.0", data={"n": number}), Event(type="Paid", data={"€": "ß"})]
        position = (await store.append(stream, batch, expected=ANY)).position
    return position


async def delete_stream(nats_url: str) -> None:
    async with connect(nats_url, name="test") as connection:
        await connection.api.delete_stream(wire.STREAM)


async def test_it_follows_through_the_loss_of_the_stream_and_resumes(
    follower: Sequence[str], store_url: str, nats_url: str, tmp_path: Path
) -> None:
    checkpoint = tmp_path / "position"
    start = starter(follower, nats_url, checkpoint)
    async with (
        PostgresEventStore.connect(store_url) as store,
        support.relaying(store_url, nats_url),
    ):
        await support.relayed(nats_url, await fill(store, 300))
        process = await start(700)
        seen = await read_lines(process, 300)
        await delete_stream(nats_url)
        await fill(store, 400)
        code, out, err = await ended(process)
        log = await support.whole_log(store)
        assert (code, seen + out.splitlines()) == (0, lines(log)), err
        assert checkpoint.read_text().strip() == "700"

        # Nothing again, and then what comes.
        assert (await ended(await start(700)))[:2] == (0, "")
        await fill(store, 4)
        code, out, err = await ended(await start(704))
        assert (code, out.splitlines()) == (0, lines((await support.whole_log(store))[700:])), err


async def test_told_to_stop_it_finishes_what_is_in_hand(
    follower: Sequence[str], store_url: str, nats_url: str, tmp_path: Path
) -> None:
    checkpoint = tmp_path / "position"
    async with (
        PostgresEventStore.connect(store_url) as store,
        support.relaying(store_url, nats_url),
    ):
        await support.relayed(nats_url, await fill(store, 250))
        process = await starter(follower, nats_url, checkpoint)(0)
        seen = await read_lines(process, 250)
        process.terminate()
        code, out, err = await ended(process)
        assert (code, out) == (0, ""), err
        assert seen == lines(await support.whole_log(store))
        assert checkpoint.read_text().strip() == "250"


async def make_stream(nats_url: str, *positions: int) -> None:
    """A stream that the relay does not heal, with the events of some positions."""
    async with connect(nats_url, name="test") as connection:
        await connection.api.add_stream(name=wire.STREAM, subjects=[wire.SUBJECTS])
    await publish(nats_url, *positions)


async def publish(nats_url: str, *positions: int) -> None:
    async with connect(nats_url, name="test") as connection:
        for event in map(recorded, positions):
            message = wire.encode(event)
            await connection.api.publish(message.subject, message.body, headers=message.headers)


async def test_what_comes_again_is_dropped(
    follower: Sequence[str], nats_url: str, tmp_path: Path
) -> None:
    """The stream was made again and is being filled, up to where the follower is and beyond."""
    await make_stream(nats_url, 1, 2, 3)
    checkpoint = tmp_path / "position"
    checkpoint.write_text("5\n")
    process = await starter(follower, nats_url, checkpoint)(7)
    await asyncio.sleep(0.5)  # its cursor stands behind 3 now; right too if it comes later
    await publish(nats_url, 4, 5, 6, 7)
    code, out, err = await ended(process)
    assert (code, out.splitlines()) == (0, lines([recorded(6), recorded(7)])), err


async def test_a_gap_is_waited_for_and_not_skipped(
    follower: Sequence[str], nats_url: str, tmp_path: Path
) -> None:
    await make_stream(nats_url, 1, 2, 3, 4, 5)
    async with connect(nats_url, name="test") as connection:
        await connection.api.purge_stream(wire.STREAM, seq=4)
    process = await starter(follower, nats_url, tmp_path / "position")(5)
    assert process.stderr is not None
    async with asyncio.timeout(support.PATIENCE_SECONDS):
        complaint = await process.stderr.readline()
    assert b"position 4 came, 1 is missing" in complaint
    process.terminate()
    code, out, _ = await ended(process)
    assert (code, out) == (0, "")
    assert not (tmp_path / "position").exists()


async def test_a_stranger_on_the_stream_stops_it(
    follower: Sequence[str], nats_url: str, tmp_path: Path
) -> None:
    await make_stream(nats_url, 1, 5)
    code, out, err = await ended(await starter(follower, nats_url, tmp_path / "position")(5))
    assert code == 1
    assert out.splitlines() == lines([recorded(1)])
    assert "is not the log's" in err

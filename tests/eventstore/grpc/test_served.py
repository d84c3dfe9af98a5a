"""`eventstore serve` as it is run, with clients of other makes: Python and Go, on PostgreSQL."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from eventstore import ABSENT, stream_name
from eventstore.grpc.client import GrpcEventStore
from tests.support.source import ROOT
from tests.support.stores import events

pytestmark = pytest.mark.stack

TOKEN = "t" * 24


@asynccontextmanager
async def serving(store_url: str, *arguments: str) -> AsyncIterator[str]:
    """The command in a process of its own; yields HOST:PORT."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "eventstore.cli", "serve", "--port=0", *arguments),
        f"--database-url={store_url}",
        stderr=PIPE,
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(60):
            line = (await process.stderr.readline()).decode()
        found = re.fullmatch(r"listening on grpc://(\S+)\n", line)
        assert found, line + (await process.stderr.read()).decode()
        yield found[1]
        process.send_signal(signal.SIGTERM)
        _, complaints = await process.communicate()
        assert (process.returncode, complaints) == (143, b"")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def output_of(*command: str | Path, folder: Path = ROOT) -> str:
    process = await asyncio.create_subprocess_exec(*command, cwd=folder, stdout=PIPE, stderr=PIPE)
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode()


async def test_the_python_client(store_url: str, tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text(f"append {TOKEN}\n")
    async with serving(store_url, f"--token-file={tokens}") as server:
        example = ROOT / "examples" / "python_client.py"
        printed = await output_of(sys.executable, "-Werror", example, f"grpc://{server}", TOKEN)
    assert printed.splitlines() == [
        "too late: taken at position 1",
        "1 flight-9 SeatTaken {'seat': '14C'}",
        "2 booking-9 Booked None",
    ]


async def test_the_metrics(store_url: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "eventstore.cli", "serve", "--port=0", "--metrics-port=0"),
        f"--database-url={store_url}",
        stderr=PIPE,
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(60):
            lines = [(await process.stderr.readline()).decode() for _ in range(2)]
        found = re.fullmatch(r"metrics at (\S+)\nlistening on (\S+)\n", "".join(lines))
        assert found, lines
        async with GrpcEventStore.connect(found[2]) as store:
            await store.append(stream_name("order-1"), events(3), expected=ABSENT)
        numbers = (await asyncio.to_thread(urlopen, found[1])).read().decode()
    finally:
        process.kill()
        await process.wait()
    assert 'eventstore_events_total{what="appended"} 3\n' in numbers
    assert 'eventstore_calls_total{method="append",result="ok"} 1\n' in numbers
    assert "eventstore_head_position 3\n" in numbers


@pytest.fixture(scope="session")
def go_client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    go = shutil.which("go")
    if go is None:
        pytest.skip("no Go here")
    program = tmp_path_factory.mktemp("go") / "client"
    built = subprocess.run(
        [go, "build", "-o", program, "."],
        cwd=ROOT / "examples" / "go",
        env={**os.environ, "GOFLAGS": "-mod=readonly -buildvcs=false"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return program


@pytest.mark.slow
@pytest.mark.timeout(400)  # the first build compiles gRPC for Go
async def test_the_go_client(go_client: Path, store_url: str, tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text(f"append {TOKEN}\n")
    async with serving(store_url, f"--token-file={tokens}") as server:
        printed = await output_of(go_client, "-server", server, "-token", TOKEN)
        refused = await asyncio.create_subprocess_exec(
            go_client, "-server", server, stdout=PIPE, stderr=PIPE
        )
        _, complaints = await refused.communicate()
    assert printed.splitlines() == [
        "appended flight-7 version 1 position 1",
        "appended booking-1 version 1 position 2",
        "repeated true",
        "refused BoundaryCrossed definite true last match 1",
        '1 flight-7 SeatTaken {"seat":"12A"}',
        '2 booking-1 Booked {"flight":7}',
    ]
    assert refused.returncode == 1
    assert "asks for a token" in complaints.decode()

"""When we are killed with -9, nothing of ours is left: no process, no lock, no shared memory."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.processes import is_running, mentioning, survivors

CHILD = """
import asyncio, json, os, sys, time
from pathlib import Path
from verification.cluster.process import Process

async def main():
    process = await Process.start(
        "child", ["sh", "-c", "setsid sleep 1000 & echo $!; wait"],
        folder=Path(sys.argv[1]), log=Path(sys.argv[1], "log"), environment={"PATH": os.defpath},
    )
    while not process.tail():
        await asyncio.sleep(0.01)
    return [process.pid, int(process.tail()[0])]

pids = asyncio.run(main())
"""

HEIR = """
# A fork that lives on with our end of the guard's pipe, as multiprocessing's do.
heir = os.fork()
if heir == 0:
    time.sleep(1000)
pids.append(heir)
"""

SERVERS = """
import asyncio, json, sys, time
from pathlib import Path
from verification.cluster.cluster import Cluster

folder = Path(sys.argv[1])
async def main():
    async with Cluster.start(folder, migrate=False) as cluster:
        print(json.dumps({"pids": [cluster.postgres.pid, cluster.nats.pid]}), flush=True)
        time.sleep(1000)

asyncio.run(main())
"""

TELL = """
print(json.dumps({"pids": pids}), flush=True)
time.sleep(1000)
"""


def kill_after_first_line(script: str, folder: Path) -> list[int]:
    """Run a script until it has told its children's ids, then kill -9 it."""
    parent = subprocess.Popen(
        [sys.executable, "-c", script, folder], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    with parent.stdout:
        told: dict[str, list[int]] = json.loads(parent.stdout.readline())
        assert all(map(is_running, told["pids"]))
        parent.send_signal(signal.SIGKILL)
        parent.wait(10)
    return told["pids"]


def test_a_killed_parent_leaves_no_child(tmp_path: Path) -> None:
    assert survivors(kill_after_first_line(CHILD + TELL, tmp_path)) == []
    assert survivors(mentioning(str(tmp_path))) == []


def test_not_even_when_a_fork_of_it_holds_the_pipe_open(tmp_path: Path) -> None:
    *children, heir = kill_after_first_line(CHILD + HEIR + TELL, tmp_path)
    try:
        assert survivors(children) == []
        assert is_running(heir)
    finally:
        os.kill(heir, signal.SIGKILL)


def segments_of(creators: list[int]) -> list[str]:
    """The System V shared memory that these processes made."""
    lines = Path("/proc/sysvipc/shm").read_text(encoding="ascii").splitlines()
    creator = lines[0].split().index("cpid")
    return [line for line in lines[1:] if int(line.split()[creator]) in creators]


@pytest.mark.stack
def test_a_killed_parent_leaves_no_server_and_a_folder_to_go_on_with(tmp_path: Path) -> None:
    folder = tmp_path / "cluster"
    for _ in range(2):
        killed = kill_after_first_line(SERVERS, folder)
        assert survivors(killed) == []
        assert survivors(mentioning(str(folder))) == []
        assert segments_of(killed) == []

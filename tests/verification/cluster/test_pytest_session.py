"""A test session that is interrupted, or killed with -9, leaves no server."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.processes import is_running, survivors
from tests.support.source import ROOT

pytestmark = pytest.mark.stack

SESSION = """
import time

def test_with_servers(postgres_server, killable_postgres, nats_server):
    print("PIDS", postgres_server.pid, killable_postgres.pid, nats_server.pid, flush=True)
    time.sleep(1000)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_ended_session_leaves_no_server(tmp_path: Path, number: signal.Signals) -> None:
    file = tmp_path / "test_session.py"
    file.write_text(SESSION, encoding="utf-8")
    options = ["-p", "tests.conftest", "-s", f"--rootdir={tmp_path}", "-p", "no:cacheprovider"]
    session = subprocess.Popen(
        [sys.executable, "-m", "pytest", *options, file],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert session.stdout is not None
    with session.stdout:
        told = next(found for line in session.stdout if (found := re.search("PIDS (.*)", line)))
        servers = [int(pid) for pid in told[1].split()]
        assert all(map(is_running, servers))
        session.send_signal(number)
        session.wait(60)
    assert survivors(servers) == []

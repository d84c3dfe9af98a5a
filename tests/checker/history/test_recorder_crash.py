"""The recording process is killed in the middle of operations, or its disk takes no more."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from checker import MalformedHistory, Outcome
from checker.history.formats import read_history

CLIENT = """
import sys, time
from checker.history.recorder import Recorder

recorder = Recorder(sys.argv[1], header={"model": "register"})
with recorder.operation(0, "write", value=1) as op:
    op.ok()
with recorder.operation(1, "write", value=2):
    with recorder.operation(2, "read"):
        print("both are open", flush=True)
        time.sleep(60)
"""

FULL = """
import resource, signal, sys
from checker.history.recorder import Recorder, RecordingBroken

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))
recorder = Recorder(sys.argv[1])
recorder.invoke(0, "write", value="a")
for attempt in range(2):
    try:
        recorder.invoke(1, "write", value="b" * 300)
    except RecordingBroken as error:
        print(error)
"""


def test_operations_open_at_the_kill_stay_pending(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    with subprocess.Popen(
        [sys.executable, "-c", CLIENT, str(path)], stdout=subprocess.PIPE, text=True
    ) as client:
        assert client.stdout is not None
        assert client.stdout.readline() == "both are open\n"
        client.send_signal(signal.SIGKILL)
    assert client.returncode == -signal.SIGKILL
    history = read_history(path)
    assert [(op.f, op.value, op.outcome, op.completed is None) for op in history] == [
        ("write", 1, Outcome.OK, False),
        ("write", 2, Outcome.INFO, True),
        ("read", None, Outcome.INFO, True),
    ]


def test_a_disk_that_takes_no_more_breaks_the_recording_for_good(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    run = subprocess.run(
        [sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, check=True
    )
    first, second = run.stdout.splitlines()
    assert first == f"{path}: File too large"
    assert second == f"{path}: nothing follows a failed write"
    with pytest.raises(MalformedHistory, match="the last line is cut off"):
        read_history(path)

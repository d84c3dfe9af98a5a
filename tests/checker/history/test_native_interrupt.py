"""Ctrl-C while a history is read natively: it is not kept waiting for the reading."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

READ = """
import sys
from checker import _native
try:
    print("reading", flush=True)
    _native.History.read(sys.argv[1])
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def test_ctrl_c_ends_a_reading_that_waits_for_ever(tmp_path: Path) -> None:
    nobody_writes = tmp_path / "history.jsonl"
    os.mkfifo(nobody_writes)
    with subprocess.Popen(
        [sys.executable, "-c", READ, str(nobody_writes)], stdout=subprocess.PIPE, text=True
    ) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "reading\n"
        reader.send_signal(signal.SIGINT)
        output, _ = reader.communicate(timeout=30)
    assert (output, reader.returncode) == ("interrupted\n", 0)

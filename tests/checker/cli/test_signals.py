"""Ctrl-C and SIGTERM: what was found is written, and the code says what happened."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.support.checker_command import checker_command

# The part of key "slow" is larger, so that it is searched after the other.
SLOW = """
import pathlib, time
from checker.models import CasRegister

class Slow(CasRegister):
    name = "slow"

    def step(self, state, operation):
        if operation.key == "slow":
            pathlib.Path("started").touch()
            time.sleep(600)
        return super().step(state, operation)
"""


def _stopped(folder: Path, number: int, *options: str) -> tuple[int, str, str]:
    (folder / "slow.py").write_text(SLOW)
    rows = [(0, "read", "bad", 5), (1, "write", "slow", None), (2, "write", "slow", None)]
    (folder / "run.ops").write_text(
        "".join(
            json.dumps({"client": c, "call": c, "return": 9, "f": f, "key": key, "out": out}) + "\n"
            for c, f, key, out in rows
        )
    )
    (folder / "later.ops").write_text("{}\n")
    command = checker_command("verify", "run.ops", "later.ops", "--model", "slow:Slow", *options)
    with (
        (folder / "output").open("w") as output,
        subprocess.Popen(
            command,
            cwd=folder,
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as process,
    ):
        while not (folder / "started").exists():
            assert process.poll() is None
            time.sleep(0.01)
        os.kill(process.pid, number)
        _, errors = process.communicate(timeout=30)
    return process.returncode, (folder / "output").read_text(), errors


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_with_what_was_found(tmp_path: Path, number: int, code: int) -> None:
    returncode, output, errors = _stopped(tmp_path, number, "--json", "--junit", "cases.xml")
    document: dict[str, Any] = json.loads(output)
    assert returncode == code
    assert "Traceback" not in errors
    assert document["verdict"] == "invalid"
    run, later = document["files"]
    assert run["verdict"] == "invalid"
    assert run["trouble"] == "interrupted"
    assert [part["key"] for part in run["partitions"]] == ["bad"]
    assert (later["verdict"], later["reason"]) == ("unknown", "stopped before it was looked at")
    suites = ET.fromstring((tmp_path / "cases.xml").read_bytes())  # noqa: S314 - our own
    assert [suite.get("name") for suite in suites] == ["run.ops", "later.ops"]


def test_a_signal_ends_the_text_with_what_was_found(tmp_path: Path) -> None:
    returncode, output, _ = _stopped(tmp_path, signal.SIGINT)
    assert returncode == 130
    assert 'key "bad": ' in output
    assert "stopped before all of it was decided" in output
    assert "unknown   later.ops" in output
    assert "checker verify run.ops --model slow:Slow --html report.html" in output

"""Commands of the projector whose output is full or closed, or that a signal ends."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

_SECONDS = 20.0


def ran(shell: str) -> tuple[int, str, str]:
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m projector.cli {shell}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_an_answer_that_cannot_be_written_is_no_bug_of_ours() -> None:
    code, _, said = ran("--version > /dev/full")
    assert (code, "projector: standard output cannot be written" in said) == (5, True)
    assert "Traceback" not in said


def test_files_that_are_closed() -> None:
    assert ran("--version >&-") == (0, "", "")
    assert ran("lag --database-url=mysql://x 2>&-") == (2, "", "")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_command_without_a_word(number: int, code: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _WAITING, "wait"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "waiting\n"
        process.send_signal(number)
        _, said = process.communicate(timeout=_SECONDS)
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, said) == (code, "")


_WAITING = """
import sys, time
from projector import cli

@cli.app.command
def wait():
    print("waiting", flush=True)
    time.sleep(60)

sys.exit(cli.main())
"""

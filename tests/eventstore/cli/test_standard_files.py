"""Commands whose standard input, output or error is closed or full, as processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from eventstore.config import DATABASE_URL

pytestmark = pytest.mark.stack

COMMAND = f"{sys.executable} -m eventstore.cli"


def ran(url: str, shell: str, *, unbuffered: bool = False) -> tuple[int, str, str]:
    environment = {**os.environ, DATABASE_URL: url, "PYTHONUNBUFFERED": "1" if unbuffered else ""}
    done = subprocess.run(
        ["bash", "-c", f"{COMMAND} {shell}"],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("unbuffered", [False, True])
def test_what_a_command_did_stands_though_its_answer_cannot_be_written(
    store_url: str, *, unbuffered: bool
) -> None:
    append = "append s-1 --type=x --expected=any"
    for command in (append, "read --log", "export -", "doctor"):
        code, _, said = ran(store_url, f"{command} > /dev/full", unbuffered=unbuffered)
        assert code == 5
        assert "standard output cannot be written" in said
        assert "No space left on device" in said
        assert "Traceback" not in said
    assert ran(store_url, "head") == (0, "1\n", "")


def test_files_that_are_closed(store_url: str) -> None:
    assert ran(store_url, "head >&-") == (0, "", "")
    assert ran(store_url, "head 2>&-") == (0, "0\n", "")
    assert ran(store_url, "head --database-url=mysql://x 2>&-") == (2, "", "")
    assert ran(store_url, "append s-1 --type=x --expected=any <&- >&- 2>&-") == (0, "", "")
    assert ran(store_url, "head")[1] == "1\n"
    code, _, said = ran(store_url, "append s-1 - --expected=any <&-")
    assert (code, "it has no events" in said) == (4, True)
    code, _, said = ran(store_url, "import - <&-")
    assert (code, "its last line is missing" in said) == (4, True)

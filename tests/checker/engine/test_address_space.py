"""A process that may have little more memory than its limit says answers unknown, and lives."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.checker.test_front_door import write_hard

resource = pytest.importorskip("resource")
pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="the address space is read from /proc"
)

LIMIT = 8 << 20
ROOM = 8 << 20
"""What the process may take beyond the limit. Without a limit the search goes on to take more, and
is then killed: that takes too long to be shown here."""

VERIFY = """
import resource, sys
from checker.cli import main

most = int(sys.argv[1])
if most:
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
code = main(["verify", *sys.argv[2:]])
with open("/proc/self/status") as status:
    print(next(line for line in status if line.startswith("VmPeak:")), file=sys.stderr)
sys.exit(code)
"""


def verify(address_space: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", VERIFY, str(address_space), *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def address_space(told: str) -> int:
    """How many bytes of addresses a process had at most, as it told at its end."""
    return int(told.split()[-2]) * 1024


def test_a_search_at_its_memory_limit_is_undecided_and_not_killed(tmp_path: Path) -> None:
    easy = write_hard(tmp_path / "easy.ops", writers=2)
    hard = write_hard(tmp_path / "hard.ops", writers=26)
    before = verify(0, str(easy), "--model", "register")
    assert before.returncode == 1, before.stderr
    most = address_space(before.stderr) + LIMIT + ROOM
    limited = verify(most, str(hard), "--model", "register", "--memory-limit", f"{LIMIT}B")
    assert limited.returncode == 3, limited.stderr
    assert f"reached the memory limit of {LIMIT} bytes: raise --memory-limit" in limited.stdout

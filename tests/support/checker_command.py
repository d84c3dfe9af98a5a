"""Run the `checker` command as a user does: in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

__all__ = ["checker_command", "run_checker"]


def checker_command(*arguments: str | Path) -> list[str]:
    """The command line of the checker of this interpreter's environment."""
    return [str(Path(sys.executable).with_name("checker")), *map(str, arguments)]


def run_checker(
    *arguments: str | Path,
    cwd: Path | None = None,
    stdin: bytes = b"",
    env: dict[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    done = subprocess.run(
        checker_command(*arguments),
        cwd=cwd,
        input=stdin,
        capture_output=True,
        check=False,
        timeout=60,
        env={**os.environ, **(env or {})},
    )
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )

"""A file of more than half of the memory limit is not read: unknown, and never a crash."""

from __future__ import annotations

import gzip
import json
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from checker import HistoryTooLarge, Limits, MalformedHistory, Verdict, check_file
from checker.checking import ENGINES, Engine
from checker.cli import main
from checker.history.formats import ReadLimits, read_history
from checker.history.recorded import read_natively

LINES = 2000


def history(folder: Path, *, packed: bool = False) -> Path:
    """A register's history of some 200 kB, or a few when packed."""
    text = "".join(
        f'{{"type": "{kind}", "process": 0, "f": "write", "value": {n}, "time": {2 * n + ok}}}\n'
        for n in range(LINES // 2)
        for ok, kind in enumerate(("invoke", "ok"))
    )
    path = folder / ("history.jsonl.gz" if packed else "history.jsonl")
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    return path


def small(path: Path) -> ReadLimits:
    return ReadLimits(max_bytes=path.stat().st_size - 1)


@pytest.mark.parametrize("read", [read_history, read_natively])
def test_both_readers_refuse_it_as_too_large_and_not_as_wrong(
    tmp_path: Path, read: Callable[..., object]
) -> None:
    path = history(tmp_path)
    with pytest.raises(HistoryTooLarge, match="longer than"):
        read(path, "jsonl", limits=small(path))
    path.write_text("[")
    with pytest.raises(MalformedHistory) as caught:
        read(path, "jsonl")
    assert not isinstance(caught.value, HistoryTooLarge)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("engine", ENGINES)
def test_the_verdict_is_unknown_and_says_what_to_raise(
    tmp_path: Path, engine: Engine, *, packed: bool
) -> None:
    path = history(tmp_path, packed=packed)
    result = check_file(path, "register", engine=engine, limits=Limits(memory_bytes=100_000))
    assert result.verdict is Verdict.UNKNOWN
    (part,) = result.partitions
    assert "longer than 50000 bytes" in part.reason
    assert part.reason.endswith("raise --memory-limit")
    enough = Limits(memory_bytes=1_000_000)
    assert check_file(path, "register", engine=engine, limits=enough).verdict is Verdict.VALID


@pytest.mark.parametrize("as_json", [False, True])
def test_verify_ends_with_3(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *, as_json: bool
) -> None:
    path = str(history(tmp_path))
    options = ["--model", "register", "--memory-limit", "100kB", *(["--json"] if as_json else [])]
    assert main(["verify", path, *options]) == 3
    said = capsys.readouterr().out
    assert "raise --memory-limit" in said
    if as_json:
        assert json.loads(said)["verdict"] == "unknown"


def test_a_process_with_little_memory_is_not_killed_by_reading(tmp_path: Path) -> None:
    path = tmp_path / "large.jsonl"
    with path.open("wb") as file:
        file.truncate(3 << 30)  # takes no room on the disk, and would in memory
    room = 1 << 30
    command = [sys.executable, "-m", "checker.cli", "verify", str(path), "--model", "register"]
    ended = subprocess.run(
        [*command, "--memory-limit", "256MiB"],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (room, room)),
    )
    assert ended.returncode == 3, ended.stderr
    assert "raise --memory-limit" in ended.stdout

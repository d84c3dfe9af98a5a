"""Registers: what the small random histories hit too rarely."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from checker.checking import check_file
from checker.errors import MalformedHistory, UnknownConsistency


def completions(path: Path, *transactions: list[Any]) -> Path:
    lines = [
        {"type": "ok", "process": number, "value": steps}
        for number, steps in enumerate(transactions)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_each_repeated_read_counts_for_read_committed(tmp_path: Path) -> None:
    history = completions(
        tmp_path / "run.jsonl",
        [["w", "x", 1]],
        [["w", "x", 3]],
        [["r", "x", 3], ["r", "x", 1], ["r", "x", 3]],
    )
    result = check_file(history, "rw-register", consistency="read-committed")
    assert [anomaly.type for anomaly in result.anomalies] == ["non-monotonic-read"]


def test_a_value_that_two_wrote_and_one_read_is_refused(tmp_path: Path) -> None:
    history = completions(tmp_path / "run.jsonl", [["w", "x", 1]], [["w", "x", 1]], [["r", "x", 1]])
    with pytest.raises(MalformedHistory, match="both wrote"):
        check_file(history, "rw-register")


def test_registers_show_no_order_of_versions(tmp_path: Path) -> None:
    history = completions(tmp_path / "run.jsonl", [["w", "x", 1]])
    with pytest.raises(UnknownConsistency, match="not judged by 'consistent-view'"):
        check_file(history, "rw-register", consistency="consistent-view")


def test_objects_are_not_judged_without_real_time(tmp_path: Path) -> None:
    history = completions(tmp_path / "run.jsonl", [["read", "x", None]])
    with pytest.raises(MalformedHistory, match="does not tell when operations began"):
        check_file(history, "multi-register")

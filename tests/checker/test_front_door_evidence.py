"""Witnesses that can be replayed, models that break their contract, operations made when needed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from checker import (
    Limits,
    Operation,
    RecordedHistory,
    Verdict,
    check_file,
)
from checker.cli import main
from checker.engine import native_judge
from checker.engine.replay import replay
from checker.history.formats import read_history
from checker.history.recorded import read_natively, record
from checker.models import Register
from tests.support.scripts import script


def test_a_witness_can_be_replayed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = tmp_path / "run.ops", tmp_path / "witness.jsonl"
    rows = [
        {"client": n, "call": n, "return": 50 + n, "f": "write", "key": key, "value": n}
        for n, key in enumerate("abab")
    ]
    rows.append({"client": 9, "call": 60, "return": 70, "f": "read", "key": "b", "value": None,
                 "out": 1})  # fmt: skip
    rows.append({"client": 9, "call": 80, "return": 90, "f": "read", "key": "c", "value": None,
                 "out": 1})  # fmt: skip
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert main(["verify", str(path), "--witness", str(out)]) == 1
    capsys.readouterr()
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [(line["key"], line["model"]) for line in lines] == [
        ("a", "register"),
        ("b", "register"),
    ]
    history = read_history(path)
    for line in lines:
        operations = [operation for operation in history if operation.key == line["key"]]
        assert replay(Register(), operations, line["order"]) == ""
    assert check_file(path, "register").witness is None


def test_operations_are_made_when_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "run.ops"
    path.write_text(
        '{"client": "a", "call": 1, "return": 2, "f": "write", "value": {"x": [1, null]}}\n'
        '{"client": "b", "call": 3, "return": null, "f": "read"}\n'
    )
    recorded = read_natively(path)
    assert isinstance(recorded, RecordedHistory)
    assert len(recorded) == 2
    operations: tuple[Operation, ...] = read_history(path).operations
    assert recorded.operations[1] == operations[1]
    assert recorded.operations[-2:] == operations
    with pytest.raises(IndexError):
        recorded.operations[2]


def test_findings_are_put_into_words_when_they_are_asked_for_and_once() -> None:
    explained: list[str] = []

    def explain(anomaly: str, operations: Sequence[Operation]) -> str:
        explained.append(anomaly)
        return f"{anomaly}: {len(operations)} operations"

    history = script("0 do write @x 1", "0 do write @x 2", "0 do read @x => 1", "0 do write @y 1")
    parts = native_judge.judge(Register(), record(history), Limits(), explain=explain).parts
    assert (parts.worst, len(parts), explained) == (Verdict.INVALID, 2, [])
    (part,) = parts.of_verdict(Verdict.INVALID)
    assert (part.key, len(part.anomalies)) == ("x", 1)
    assert parts[0] is part
    assert len(explained) == 1

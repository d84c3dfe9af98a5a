"""Witnesses that can be replayed, models that break their contract, operations made when needed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from checker import (
    Operation,
    RecordedHistory,
    check,
    check_file,
)
from checker.cli import main
from checker.engine.replay import replay
from checker.history.formats import read_history
from checker.history.recorded import read_natively
from checker.models import Register
from checker.verdict import PartitionResult
from tests.support.drafts import arrange
from tests.support.register_histories import register_drafts
from tests.support.seeded import seeded


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


def test_seconds_are_those_of_the_deciding_alone() -> None:
    now = [0.0]

    def read_slowly(_part: PartitionResult) -> None:
        now[0] += 100

    history = arrange(register_drafts(seeded(1), operations=6))
    result = check(history, "cas-register", on_partition=read_slowly, clock=lambda: now[0])
    assert (now, result.seconds) == ([100.0], 0.0)

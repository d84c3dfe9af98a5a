"""The histories that the benchmark of transactions judges are what their names say."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.transaction_histories import write_elle_json
from benchmarks.transactions import CASES, Case
from checker import check_file


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_history_has_its_verdict_and_its_transactions(case: Case, tmp_path: Path) -> None:
    path = tmp_path / "history.json"
    write_elle_json(case.make(400), path)
    result = check_file(path, case.model, consistency=case.consistency, format="json")
    assert result.verdict.value == case.verdict
    assert result.operations >= 400
    write_elle_json(case.make(400), tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == path.read_bytes()

"""One history in several formats is one history."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import assume, given, settings

from checker import History, Operation
from checker.history.formats import read_history
from checker.history.keyed import lift_keys
from checker.history.writer import write_history
from tests.support.edn import edn_text
from tests.support.histories import histories


def _operations(path: Path) -> list[Operation]:
    return [msgspec.structs.replace(op, line=None) for op in read_history(path)]


@settings(max_examples=60, deadline=None)
@given(history=histories())
def test_jsonl_json_and_edn_say_the_same(
    history: History, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assume(len(history) and lift_keys(history) is history)
    folder = tmp_path_factory.mktemp("formats")
    write_history(history, folder / "run.jsonl")
    lines = (folder / "run.jsonl").read_text().split("\n")[1:-1]
    events = [json.loads(line) for line in lines]
    (folder / "run.json").write_text(f"[{', '.join(lines)}]")
    (folder / "run.edn").write_text(
        "\n".join(
            "{" + ", ".join(f":{name} {edn_text(value)}" for name, value in event.items()) + "}"
            for event in events
        )
    )
    expected = _operations(folder / "run.jsonl")
    assert _operations(folder / "run.json") == expected
    assert _operations(folder / "run.edn") == expected

"""`checker schema`: what the checker reads and writes is as its schemas say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from checker.cli import main
from checker.history.formats import read_history
from checker.history.writer import write_history

CORPUS = Path(__file__).parents[1] / "corpora"
MALFORMED = Path(__file__).parents[1] / "malformed"


def validator(what: str, capsys: pytest.CaptureFixture[str]) -> Any:
    assert main(["schema", what]) == 0
    schema = json.loads(capsys.readouterr().out)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_results_are_as_the_schema_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    schema = validator("result", capsys)
    strange = tmp_path / "strange.ops"
    strange.write_text('{"client": 0, "call": 1, "return": 2, "f": "dance"}\n')
    files = [
        CORPUS / "knossos" / "good" / "cas-register-bug.edn",
        CORPUS / "knossos" / "bad" / "bad-analysis.edn",
        CORPUS / "porcupine" / "etcd" / "etcd_039.log",
        MALFORMED / "broken-line.jsonl",
        strange,
    ]
    main(["verify", *map(str, files), "--json"])
    document = json.loads(capsys.readouterr().out)
    schema.validate(document)
    assert len(document["files"]) == len(files)
    del document["files"][0]["verdict"]
    assert not schema.is_valid(document)


def test_histories_are_as_the_schema_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    schema = validator("history", capsys)
    path = tmp_path / "history.jsonl"
    write_history(read_history(CORPUS / "porcupine" / "etcd" / "etcd_039.log"), path)
    lines = path.read_text().splitlines()
    assert len(lines) > 100
    for line in lines:
        schema.validate(json.loads(line))


@pytest.mark.parametrize(
    ("line", "is_valid"),
    [
        ({"format": "trueorder.history/1", "model": "stream", "seed": 7}, True),
        ({"format": "trueorder.history/2"}, False),
        ({"type": "info", "process": "nemesis", "f": "kill-postgres", "time": 5}, True),
        ({"type": "okay", "process": 1, "f": "read"}, False),
        ({"type": "ok", "process": 1.5, "f": "read"}, False),
        ({"type": "ok", "f": "read"}, False),
        ({"process": 1, "f": "read"}, False),
        ({"type": "invoke", "process": 1, "f": "read", "index": 3, "other": []}, True),
    ],
)
def test_a_line_is_a_header_or_an_event(
    line: dict[str, object],
    is_valid: bool,  # noqa: FBT001 - a column of the table
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert validator("history", capsys).is_valid(line) is is_valid


def test_there_are_two(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "weather"]) == 2
    assert "weather" in capsys.readouterr().err

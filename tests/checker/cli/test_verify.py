from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from checker.cli import main

CORPUS = Path(__file__).parents[1] / "corpora" / "knossos"
GOOD = str(CORPUS / "good" / "memstress3-37.edn")
BAD = str(CORPUS / "bad" / "rethink-fail-minimal.edn")
BROKEN = str(Path(__file__).parents[1] / "malformed" / "broken-line.jsonl")

KEYED = """\
{"format": "trueorder.history/1", "model": "register"}
{"type": "invoke", "process": 0, "f": "write", "key": "x", "value": 1, "time": 1000000}
{"type": "ok", "process": 0, "f": "write", "key": "x", "time": 2500000}
{"type": "invoke", "process": 1, "f": "read", "key": "y", "time": 3000000}
{"type": "ok", "process": 1, "f": "read", "key": "y", "value": "\\u001b[31m", "time": 4000000}
"""


def _json(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def test_json_is_one_document_about_all_files(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", GOOD, BAD, BROKEN, "--model", "cas-register", "--json"]) == 4
    document = _json(capsys)
    assert document["schema"] == "trueorder.result/1"
    assert document["verdict"] == "malformed"
    good, bad, broken = document["files"]
    assert [one["verdict"] for one in document["files"]] == ["valid", "invalid", "malformed"]
    assert [one["file"] for one in document["files"]] == [GOOD, BAD, BROKEN]
    assert (good["model"], good["consistency"]) == ("cas-register", "linearizable")
    assert (good["operations"], good["anomalies"], good["reason"]) == (54, [], "")
    assert good["seconds"] > 0
    assert good["parse_seconds"] > 0
    (anomaly,) = bad["anomalies"]
    assert anomaly["type"]
    assert 1 in anomaly["operations"]
    assert anomaly["explanation"]
    assert bad["partitions"][0]["verdict"] == "invalid"
    assert (broken["line"], broken["operations"]) == (3, None)
    assert "broken JSON" in broken["reason"]


def test_keys_are_judged_apart_and_the_header_names_the_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text(KEYED)
    assert main(["verify", str(path), "--json"]) == 1
    (file,) = _json(capsys)["files"]
    assert (file["model"], file["model_source"]) == ("register", "header")
    assert [(part["key"], part["verdict"]) for part in file["partitions"]] == [
        ("x", "valid"),
        ("y", "invalid"),
    ]
    assert [anomaly["key"] for anomaly in file["anomalies"]] == ["y"]


def test_text_shows_the_operations_and_obeys_no_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text(KEYED)
    assert main(["verify", str(path)]) == 1
    output = capsys.readouterr().out
    lines = output.splitlines()
    assert lines[0].startswith(f"invalid   {path}  register, linearizable: 2 operations in 2 parts")
    assert any(line.startswith('  key "y": ') for line in lines)
    row = next(line for line in lines if line.strip().startswith("#1"))
    assert row.split() == ["#1", "1", "read", "null", '"\\u001b[31m"', *row.split()[5:]]
    assert "3000 - 4000 us" in row
    assert row.endswith(" 4")
    command = f"checker verify {path} --model register --html report.html"
    assert lines[-1] == f"next, to see it on a timeline: {command}"
    assert "\x1b" not in output


def test_standard_input_is_a_file_like_any_other(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(KEYED.encode())))
    assert main(["verify", "-"]) == 1
    output = capsys.readouterr().out
    assert output.startswith("invalid   <stdin>")
    assert "next" not in output


def test_initial_value_is_the_registers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "run.ops"
    path.write_text('{"client": 0, "call": 1, "return": 2, "f": "read", "out": {"a": [1]}}\n')
    assert main(["verify", str(path), "--initial", '{"a": [1]}']) == 0
    assert main(["verify", str(path), "--initial", '"b c"', "--format", "ops"]) == 1
    output = capsys.readouterr().out
    assert "the model was told from the operations' names" in output
    assert f"""verify {path} --model register --initial '"b c"' --format ops --html""" in output


def test_undecided_names_the_limit_and_the_way_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "hard.ops"
    rows = [{"client": n, "call": 0, "return": 9, "f": "write", "value": n} for n in range(12)]
    rows.append({"client": 99, "call": 20, "return": 30, "f": "read", "value": None, "out": "?"})
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    command = ["verify", str(path), "--engine", "reference", "--timeout", "1ms"]
    assert main(command) == 3
    output = capsys.readouterr().out
    assert output.startswith(f"unknown   {path}")
    assert "history: undecided: " in output
    assert f"checker verify {path} --model register --timeout 10m" in output
    assert main([*command, "--json"]) == 3
    assert "raise --timeout" in _json(capsys)["files"][0]["reason"]


def test_page_and_junit_are_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page, junit = tmp_path / "report.html", tmp_path / "junit.xml"
    assert main(["verify", BAD, "--html", str(page), "--junit", str(junit)]) == 1
    assert "<html" in page.read_text()[:200]
    suites = ET.parse(junit).getroot()  # noqa: S314 - our own
    assert suites.attrib["failures"] == "1"
    assert f"timeline: {page}" in capsys.readouterr().out


def test_no_page_is_written_of_what_was_not_judged(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    assert main(["verify", BROKEN, "--html", str(page)]) == 4
    assert not page.exists()


def test_colour_follows_the_terminal_and_no_color(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    main(["verify", BAD])
    assert "\x1b[1;31minvalid" in capsys.readouterr().out
    monkeypatch.setenv("NO_COLOR", "1")
    main(["verify", BAD])
    assert "31m" not in capsys.readouterr().out

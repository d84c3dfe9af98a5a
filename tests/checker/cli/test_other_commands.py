from __future__ import annotations

import json
from pathlib import Path

import pytest

from checker.cli import main

CORPUS = Path(__file__).parents[1] / "corpora" / "knossos"
GOOD = str(CORPUS / "good" / "cas-register-bug.edn")
BROKEN = str(Path(__file__).parents[1] / "malformed" / "broken-line.jsonl")


@pytest.fixture
def run(tmp_path: Path) -> str:
    path = tmp_path / "run.jsonl"
    path.write_text(
        "".join(
            json.dumps(event) + "\n"
            for event in (
                {"type": "invoke", "process": 0, "f": "write", "key": "x", "value": 1, "time": 0},
                {"type": "invoke", "process": 1, "f": "read", "key": "y", "time": 1_000},
                {"type": "info", "process": "nemesis", "f": "kill", "time": 1_500},
                {"type": "ok", "process": 1, "f": "read", "value": None, "time": 3_000},
                {"type": "fail", "process": 0, "f": "write", "time": 2_000_000},
                {"type": "invoke", "process": 0, "f": "read", "key": "x", "time": 3_000_000},
            )
        )
    )
    return str(path)


def test_stats_counts(run: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stats", run, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    read, write = document.pop("functions")
    assert document == {
        "source": run,
        "operations": 3,
        "processes": 2,
        "keys": 2,
        "nemesis_events": 1,
        "duration": 3_000_000,
        "concurrency_max": 2,
        "concurrency_mean": 1.5,
        "unknown_max": 0,
    }
    assert (read["ok"], read["fail"], read["info"], read["pending"]) == (1, 0, 1, 1)
    assert read["latency_p50"] == read["latency_max"] == 2_000
    assert (write["fail"], write["latency_p99"]) == (1, None)


def test_stats_are_readable(run: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stats", run]) == 0
    output = capsys.readouterr().out
    assert "3 operations of 2 processes on 2 keys, 1 nemesis event\n" in output
    assert "lasted 3.00 ms; concurrency up to 2, mean 1.50; 0 unknown outcomes" in output
    row = next(line for line in output.splitlines() if line.startswith("read"))
    assert row.split() == ["read", "1", "0", "1", "1", *["2.00", "us"] * 4]


def test_lint_tells_what_is_odd(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", GOOD, BROKEN, "--json"]) == 4
    good, broken = json.loads(capsys.readouterr().out)
    assert (good["operations"], good["malformed"]) == (6, [])
    assert "no-times" in [finding["rule"] for finding in good["findings"]]
    assert [finding["line"] for finding in broken["malformed"]] == [3]
    assert main(["lint", GOOD, BROKEN]) == 4
    assert f"{BROKEN}:3: malformed: broken JSON" in capsys.readouterr().out


def test_lint_goes_on_after_a_malformation(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(
        '{"type": "invoke", "process": 0, "f": "read"}\n'
        '{"type": "invoke", "process": 0, "f": "read"}\n'
        '{"type": "ok", "process": 9, "f": "read"}\n'
        '{"type": "okay", "process": 0, "f": "read"}\n'
        '{"type": "ok", "process": 0, "f": "read"}\n'
    )
    assert main(["lint", str(path)]) == 4
    *findings, tally = capsys.readouterr().out.splitlines()
    assert [line.split(":")[1:3] for line in findings] == [
        [number, " malformed"] for number in ("2", "3", "4")
    ]
    assert "3 in all" in tally
    assert main(["lint", str(path), "--at-most", "2"]) == 4
    assert "stopped after 2" in capsys.readouterr().out
    assert main(["lint", str(path), "--at-most", "0"]) == 2


def test_models_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models"]) == 0
    text = capsys.readouterr().out
    assert main(["models", "--json"]) == 0
    names = [model["name"] for model in json.loads(capsys.readouterr().out)]
    assert {"register", "cas-register", "stream"} <= set(names)
    assert all(name in text for name in names)
    assert {line.rstrip()[-1] for line in text.splitlines()[1:]} == {"."}

"""`checker shrink`: what it writes, what it says, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from checker.cli import main
from checker.minimize import shrink as algorithm

CORPUS = Path(__file__).parents[1] / "corpora"
ETCD = str(CORPUS / "porcupine" / "etcd" / "etcd_039.log")
GOOD = str(CORPUS / "knossos" / "good" / "cas-register-bug.edn")
BAD = str(CORPUS / "knossos" / "bad" / "bad-analysis.edn")
BROKEN = str(Path(__file__).parents[1] / "malformed" / "broken-line.jsonl")


@pytest.mark.parametrize("name", ["small.jsonl", "small.edn", "small.json", "small.ops.gz"])
def test_what_is_written_fails_in_the_same_way(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = str(tmp_path / name)
    assert main(["shrink", ETCD, "-o", small]) == 0
    text = capsys.readouterr().out
    assert f"wrote 3 of 79 operations to {small}; 1-minimal" in text
    assert "#27 read -> 2" in text
    assert main(["verify", small, "--model", "cas-register", "--json"]) == 1
    (file,) = json.loads(capsys.readouterr().out)["files"]
    assert (file["operations"], file["anomalies"][0]["type"]) == (3, "stale-read")


def test_the_header_says_where_it_comes_from_and_which_model_judges(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["shrink", ETCD]) == 0
    output, errors = capsys.readouterr()
    header, *events = map(json.loads, output.splitlines())
    assert header == {
        "format": "trueorder.history/1",
        "model": "cas-register",
        "part_of": {"file": ETCD, "operations": [3, 21, 27], "of": 79},
    }
    assert len(events) == 6
    assert "wrote 3 of 79 operations; 1-minimal" in errors


def test_the_anomaly_to_keep_can_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["shrink", BAD, "--anomaly", "thin-air"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3
    assert main(["shrink", BAD, "--anomaly", "stale-read"]) == 2
    assert "no 'stale-read': found were thin-air" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ([GOOD], 2, "nothing to shrink in"),
        ([BROKEN], 4, "broken-line.jsonl:3"),
        (["missing"], 2, "cannot read missing"),
        ([BAD, "-o", "no/such/x.jsonl"], 2, "--output: there is no directory no/such"),
        ([BAD, "-o", "x.parquet"], 2, "does not tell a format"),
        ([BAD, "--budget", "never"], 2, "--budget: 'never' is not a duration"),
        ([ETCD, "--budget", "1ms"], 3, "perhaps not the smallest: the budget was spent"),
    ],
)
def test_each_end_has_its_code(
    arguments: list[str], code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["shrink", *arguments]) == code
    assert says in " ".join(capsys.readouterr().err.split())


def test_ctrl_c_writes_the_smallest_so_far(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(algorithm._Reduction, "_drop_operations", interrupted)
    small = tmp_path / "small.jsonl"
    assert main(["shrink", ETCD, "-o", str(small)]) == 130
    assert "perhaps not the smallest: it was stopped" in capsys.readouterr().out
    assert main(["verify", str(small)]) == 1


@pytest.fixture
def hard(tmp_path: Path) -> str:
    """A search that no millisecond is enough for."""
    lines = [{"client": n, "call": 0, "return": 100, "f": "write", "value": n} for n in range(14)]
    lines.append({"client": 99, "call": 200, "return": 300, "f": "read", "out": "never written"})
    path = tmp_path / "hard.ops"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return str(path)


def test_undecided_is_neither_valid_nor_in_violation(
    hard: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["shrink", hard, "--engine", "reference", "--timeout", "1ms"]
    assert main(arguments) == 3
    assert "undecided: " in "".join(capsys.readouterr())

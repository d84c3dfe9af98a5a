"""`checker explain`: what it explains, in which form, and what it says when there is nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from checker.cli import main

CORPUS = Path(__file__).parents[1] / "corpora"
ETCD = str(CORPUS / "porcupine" / "etcd" / "etcd_039.log")
GOOD = str(CORPUS / "knossos" / "good" / "cas-register-bug.edn")
BROKEN = str(Path(__file__).parents[1] / "malformed" / "broken-line.jsonl")


@pytest.fixture
def keyed(tmp_path: Path) -> str:
    """Reads of values that nobody wrote, on three of four keys."""
    path = tmp_path / "keyed.jsonl"
    events = [
        {"type": kind, "process": process, "f": "read", "key": f"k{process}", "value": value}
        for process in range(4)
        for kind, value in (("invoke", None), ("ok", process or None))
    ]
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    return str(path)


def test_text_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", ETCD]) == 1
    output = capsys.readouterr().out
    assert output.startswith("history: stale-read\n  Operation 27 (process 5) read 2, but")
    assert "The longest legal order of them" in output
    assert "No order reaches #27." in output


def test_json_and_markdown_say_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", ETCD, "--format", "json"]) == 1
    document = json.loads(capsys.readouterr().out)
    (told,) = document["explanations"]
    assert (document["file"], document["more"]) == (ETCD, 0)
    assert (told["operations"], told["blocked"]) == ([3, 21, 27], 27)
    assert main(["explain", ETCD, "--format", "markdown"]) == 1
    page = capsys.readouterr().out
    assert page.startswith("## `stale-read`\n")
    assert "| `#3 write 2 -> ok` |" in page


def test_not_all_are_shown_but_each_can_be(keyed: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", keyed, "--limit", "1"]) == 1
    output = capsys.readouterr().out
    assert output.count("thin-air") == 1
    assert "... and 2 more anomalies" in output
    for key in ("k3", '"k3"'):
        assert main(["explain", keyed, "--key", key]) == 1
        assert capsys.readouterr().out.startswith('key "k3": thin-air')
    assert main(["explain", keyed, "--op", "2"]) == 1
    assert capsys.readouterr().out.startswith('key "k2": thin-air')


def test_an_innocent_operation_is_shown_in_its_place(
    keyed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", keyed, "--op", "0"]) == 1
    output = " ".join(capsys.readouterr().out.split())
    assert "is part of no violation that was found" in output
    assert 'in a legal order of key "k0" it is number 1 of 1' in output


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ([GOOD], 0, "no violation is found"),
        ([GOOD, "--op", "99"], 2, "--op: there are operations 0 to 5"),
        ([GOOD, "--key", "nowhere"], 2, "the history has no key 'nowhere'"),
        ([], 2, "name a history file, or an anomaly with --rule"),
        (["--rule", "no-such"], 2, "no anomaly is called 'no-such'; there are aborted-"),
        ([BROKEN], 4, "broken-line.jsonl:3"),
    ],
)
def test_each_end_has_its_code(
    arguments: list[str], code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", *arguments]) == code
    assert says in " ".join("".join(capsys.readouterr()).split())


def test_a_rule_is_defined(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "--rule", "lost-append"]) == 0
    text = capsys.readouterr().out
    assert "Event streams (stream)" in text
    assert "What usually lies behind it: a commit that was not durable" in text
    assert main(["explain", "--rule", "lost-append", "--format", "json"]) == 0
    names = {definition["name"] for definition in json.loads(capsys.readouterr().out)}
    assert names == {"lost-append"}
    assert main(["explain", "--rule", "lost-append", "--format", "markdown"]) == 0
    assert capsys.readouterr().out.startswith("**`lost-append`**")


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
    arguments = ["explain", hard, "--engine", "reference", "--timeout", "1ms"]
    assert main(arguments) == 3
    assert "undecided: " in "".join(capsys.readouterr())


def test_a_violation_of_sequential_consistency_is_explained_as_that(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "opposed.jsonl"
    asked = [(0, "write", 1), (1, "write", 2), (2, "read", 1), (2, "read", 2), (3, "read", 2)]
    events = [
        {"type": kind, "process": process, "f": f, "value": value}
        for process, f, value in [*asked, (3, "read", 1), (4, "read", 2)]
        for kind in ("invoke", "ok")
    ]
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    command = ["explain", str(path), "--model", "register", "--consistency", "sequential"]
    assert main(command) == 1
    output = capsys.readouterr().out
    assert output.startswith("history: non-sequential\n  No order that keeps the order of each")
    assert "6 operations; without any one of them it would not fail so:" in output
    assert "No order reaches #5." in output
    assert "#6 read" not in output

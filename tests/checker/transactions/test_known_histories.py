"""Histories of transactions that others recorded or made up, with known answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from checker import check
from checker.checking import check_file
from checker.history.history import History
from checker.operation import Operation, Outcome
from checker.transactions import weakest

CORPORA = (Path(__file__).parents[1] / "corpora", Path(__file__).parents[4] / "shared" / "corpora")
MODELS = {"list-append", "rw-register", "bank", "long-fork"}
SHORT = {"rc": "read-committed", "ra": "read-atomic", "causal": "causal"}


def _questions() -> list[tuple[Path, str, str | None, str]]:
    """File, model, level, and the known verdict."""
    found: list[tuple[Path, str, str | None, str]] = []
    for corpus in CORPORA:
        table = corpus / "expected.tsv"
        for line in table.read_text().splitlines()[1:] if table.exists() else []:
            name, model, options, expected = line.split("\t")
            if model not in MODELS:
                continue
            level = options if model == "list-append" else None
            answers = [word.split("=") for word in expected.split() if "=" in word]
            if not answers:
                found.append((corpus / name, model, level, expected))
            for short, answer in answers:
                verdict = "valid" if answer == "yes" else "invalid"
                found.append((corpus / name, model, SHORT[short], verdict))
    return found


@pytest.mark.parametrize("engine", ["auto", "reference"])
@pytest.mark.parametrize(("path", "model", "level", "expected"), _questions(), ids=str)
def test_the_verdict_is_the_known_one(
    path: Path, model: str, level: str | None, expected: str, engine: Any
) -> None:
    assert check_file(path, model, consistency=level, engine=engine).verdict == expected


def _cases() -> list[Any]:
    lines = (CORPORA[0] / "elle" / "cases.jsonl").read_text().splitlines()
    return [
        pytest.param(case, level, id=f"{case['name']}-{level}")
        for case in map(json.loads, lines)
        for level in case["expect"]
    ]


def _history(case: dict[str, Any]) -> History:
    count = len(case["txns"])
    operations = []
    for index, transaction in enumerate(case["txns"]):
        outcome = Outcome(transaction["type"])
        one_by_one = case["mode"] == "seq"
        invoked, completed = (2 * index, 2 * index + 1) if one_by_one else (index, count + index)
        steps = transaction["value"]
        operations.append(
            Operation(
                index=index,
                process=transaction["process"],
                f="txn",
                value=[[f, key, None if f == "r" else value] for f, key, value in steps],
                output=steps if outcome is Outcome.OK else None,
                outcome=outcome,
                invoked=invoked,
                completed=None if outcome is Outcome.INFO else completed,
            )
        )
    return History(operations=tuple(operations))


@pytest.mark.parametrize(("case", "level"), _cases())
def test_elles_anomalies_are_found(case: dict[str, Any], level: str) -> None:
    result = check(_history(case), "list-append", consistency=level)
    expected = set(case["expect"][level])
    assert {anomaly.type for anomaly in result.anomalies} >= expected
    assert result.verdict == ("invalid" if expected else "valid")
    if expected:
        levels = weakest(name for anomaly in result.anomalies for name in anomaly.rules_out)
        assert set(levels) == set(case["weakest_violated"])


@pytest.mark.parametrize(("case", "level"), _cases())
def test_completions_alone_say_the_same_but_for_real_time(
    case: dict[str, Any], level: str, tmp_path: Path
) -> None:
    lines = [
        {"type": one["type"], "process": one["process"], "value": one["value"]}
        for one in case["txns"]
    ]
    path = tmp_path / "completions.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    result = check_file(path, "list-append", consistency=level)
    assert {anomaly.type for anomaly in result.anomalies} >= set(case["expect"][level])

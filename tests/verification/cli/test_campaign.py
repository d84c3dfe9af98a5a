from __future__ import annotations

import json

import pytest

from verification.cli import run


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["campaign", "kills", "--count", "0"], "count"),
        (["campaign", "kills", "--seed", "-1"], "seed"),
        (["campaign", "earthquake"], "earthquake"),
    ],
)
def test_usage_errors_are_exit_2_with_a_reason(
    arguments: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert reason in said.err


@pytest.mark.stack
@pytest.mark.slow
def test_a_campaign_says_what_came_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["campaign", "kills", "--count", "1", "--seed", "3", "--json"]) == 0
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert found["schema"] == "trueorder.campaign/1"
    assert found["verdict"] == "valid"
    assert found["command"] == "trueorder campaign kills --count 1 --seed 3"
    assert {judged["name"] for judged in found["properties"]} == {
        "evidence",
        "log",
        "converged",
        "carried",
        "applied",
        "read-model",
    }
    assert "kills 1 of 1" in said.err

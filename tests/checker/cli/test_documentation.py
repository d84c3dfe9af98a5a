"""The reference page and the command line say the same."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path

import pytest

from checker.cli import main
from checker.cli.convert import convert
from checker.cli.exits import Exit
from checker.cli.explain import explain
from checker.cli.lint import lint
from checker.cli.models import models
from checker.cli.one_history import Judging
from checker.cli.schema import schema
from checker.cli.shrink import shrink
from checker.cli.stats import stats
from checker.cli.verify import verify
from checker.history import lint as lint_rules

DOCUMENT = (Path(__file__).parents[3] / "docs" / "reference" / "checker-cli.md").read_text()
BAD = Path(__file__).parents[1] / "corpora" / "knossos" / "bad" / "bad-analysis.edn"


def test_every_option_is_documented() -> None:
    commands = (verify, lint, explain, shrink, convert, stats, models, schema, Judging)
    parameters = {
        name
        for command in commands
        for name, parameter in inspect.signature(command).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY and name != "judging"
    }
    options = {f"--{name.strip('_').replace('_', '-')}" for name in parameters}
    assert {option for option in options if f"`{option}" not in DOCUMENT} == set()


def test_every_exit_code_is_documented() -> None:
    documented = {int(code) for code in re.findall(r"\b\d+\b", DOCUMENT)}
    assert {code.value for code in Exit} <= documented


def test_every_lint_rule_is_documented() -> None:
    rules = set(re.findall(r'rule="([a-z-]+)"', inspect.getsource(lint_rules)))
    assert rules
    assert {rule for rule in rules if f"`{rule}`" not in DOCUMENT} == set()


def test_json_example_has_the_fields_of_the_document(
    capsys: pytest.CaptureFixture[str],
) -> None:
    (block,) = re.findall(r"```json\n(.*?)```", DOCUMENT, re.DOTALL)
    example = json.loads(block)
    main(["verify", str(BAD), "--json"])
    document = json.loads(capsys.readouterr().out)
    assert list(example) == list(document)
    (shown,), (real,) = example["files"], document["files"]
    assert list(shown) == list(real)
    for part in ("anomalies", "partitions"):
        assert list(shown[part][0]) == list(real[part][0])

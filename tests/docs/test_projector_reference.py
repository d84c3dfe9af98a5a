"""What the reference says of the command `projector` is what there is."""

from __future__ import annotations

import re

from projector.cli import app
from projector.cli.exits import Exit
from projector.lag import LagState
from projector.telemetry import ProjectorMetrics
from tests.support.source import ROOT

REFERENCE = (ROOT / "docs" / "reference" / "projector-cli.md").read_text(encoding="utf-8")


def test_every_command_is_there_and_no_other() -> None:
    named = set(re.findall(r"^\| `projector (\w+)", REFERENCE, re.MULTILINE))
    assert named == {name for name in app if not name.startswith("-")}


def test_every_exit_code_is_there() -> None:
    rows = re.findall(r"^\| ([\d, ]+) \|", REFERENCE, re.MULTILINE)
    named = {int(number) for row in rows for number in row.split(",")}
    assert named == {*Exit} | {143}


def test_every_state_and_metric_is_there() -> None:
    assert set(re.findall(r"^\| `([a-z ]+)` \| ", REFERENCE, re.MULTILINE)) >= {*LagState}
    named = set(re.findall(r"`(projector_\w+)`", REFERENCE))
    assert named == set(re.findall(r"^# TYPE (\w+)", ProjectorMetrics().text(), re.MULTILINE))

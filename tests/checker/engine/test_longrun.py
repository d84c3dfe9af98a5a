"""The long run, a short way: it runs, counts, and would tell."""

from __future__ import annotations

import msgspec
import pytest

from checker import Partitions, Verdict, check
from checker.models import Register
from tests import longrun
from tests.support.scripts import script


def test_nothing_disagrees_in_a_short_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert longrun.main(["--seed", "7", "--histories", "20", "--native", "0"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "seed 7, 20 histories of each family"
    assert len(lines) == 1 + len(longrun.families())
    assert all(": 20 histories: " in line for line in lines[1:])


def test_a_wrong_verdict_and_a_wrong_witness_are_told() -> None:
    history = script("0 do write 1", "0 do read => 1")
    right = check(history, Register())
    assert longrun.disagreement(history, Register(), right) == ""
    (part,) = right.partitions
    invalid = msgspec.structs.replace(part, verdict=Verdict.INVALID)
    wrong = msgspec.structs.replace(right, partitions=Partitions.of((invalid,)))
    assert "by the reference" in longrun.disagreement(history, Register(), wrong)
    backwards = msgspec.structs.replace(part, witness=(1, 0))
    wrong = msgspec.structs.replace(right, partitions=Partitions.of((backwards,)))
    assert "is illegal where it stands" in longrun.disagreement(history, Register(), wrong)

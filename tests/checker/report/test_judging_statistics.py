"""What deciding took: counted from the parts, the same in words and as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from checker import CheckResult, PartitionResult, Partitions, Verdict
from checker.cli import main
from checker.report.judging_statistics import judging_statistics

KV = str(Path(__file__).parents[1] / "corpora" / "porcupine" / "kv" / "c01-bad.txt")
GOOD = str(Path(__file__).parents[1] / "corpora" / "knossos" / "good" / "cas-register-bug.edn")


def _part(key: str, algorithm: str, seconds: float, seen: int = 0) -> PartitionResult:
    return PartitionResult(
        key=key,
        verdict=Verdict.UNKNOWN if seen > 50 else Verdict.VALID,
        algorithm=algorithm,
        operations=len(key),
        seconds=seconds,
        configurations=seen,
        reason="time is up" if seen > 50 else "",
    )


def _result(*parts: PartitionResult) -> CheckResult:
    return CheckResult(
        model="register",
        consistency="linearizable",
        verdict=Verdict.VALID,
        algorithm="",
        operations=sum(part.operations for part in parts),
        seconds=1.0,
        peak_bytes=4096,
        partitions=Partitions.of(parts),
    )


def test_parts_are_counted_by_algorithm_and_the_hardest_are_named() -> None:
    statistics = judging_statistics(
        _result(
            _part("a", "zones", 0.1),
            _part("bb", "search", 0.2, 7),
            _part("ccc", "zones", 0.3),
            _part("dddd", "search", 1.0, 99),
        )
    )
    assert (statistics.parts, statistics.largest_part) == (4, 4)
    assert (statistics.configurations, statistics.peak_bytes) == (106, 4096)
    search, zones = statistics.algorithms
    assert (search.algorithm, search.parts, search.undecided) == ("search", 2, 1)
    assert (search.operations, search.configurations) == (6, 106)
    assert (zones.algorithm, zones.parts, zones.operations) == ("zones", 2, 4)
    assert [part.key for part in statistics.hardest] == ["dddd", "bb", "ccc"]


def test_nothing_takes_nothing() -> None:
    statistics = judging_statistics(_result())
    assert (statistics.parts, statistics.largest_part, statistics.algorithms) == (0, 0, ())


def test_words_and_json_say_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", KV, "--model", "kv", "--statistics", "--json"]) == 1
    (file,) = json.loads(capsys.readouterr().out)["files"]
    told = file["statistics"]
    assert told["parts"] == len(file["partitions"]) == 8
    assert told["configurations"] > 0
    assert told["peak_bytes"] == file["peak_bytes"]
    assert main(["verify", KV, "--model", "kv", "--statistics"]) == 1
    text = " ".join(capsys.readouterr().out.split())
    assert "8 parts, the largest of 7 operations; searches kept" in text
    assert f'hardest: key "{told["hardest"][0]["key"]}":' in text


def test_they_are_said_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", GOOD, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["files"][0]["statistics"] is None
    assert main(["verify", GOOD]) == 0
    assert "configurations" not in capsys.readouterr().out

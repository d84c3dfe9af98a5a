from __future__ import annotations

import json
from xml.etree import ElementTree as ET

from checker.history.history import HistoryBuilder
from checker.report.file_report import FileReport, FileVerdict, Trouble, worst_file_verdict
from checker.report.machine import json_document, junit_document
from checker.result import CheckResult, Partitions
from checker.verdict import Anomaly, PartitionResult, Verdict


def _judged() -> FileReport:
    builder = HistoryBuilder()
    builder.invoke(0, "read")
    parts = (
        PartitionResult(
            key="x", verdict=Verdict.VALID, algorithm="sweep", operations=1, seconds=0.5
        ),
        PartitionResult(
            key=["y", 1],
            verdict=Verdict.INVALID,
            algorithm="sweep",
            operations=2,
            seconds=0.25,
            anomalies=(
                Anomaly(type="stale-read", operations=(4, 7), explanation="It read\x1b[31m <old>."),
                Anomaly(type="lost-append", operations=(9,), explanation="It vanished."),
            ),
        ),
        PartitionResult(
            key=None,
            verdict=Verdict.UNKNOWN,
            algorithm="search",
            operations=3,
            seconds=1.0,
            reason="time is up",
        ),
    )
    result = CheckResult(
        model="stream",
        consistency="linearizable",
        verdict=Verdict.INVALID,
        algorithm="sweep, search",
        operations=6,
        seconds=1.75,
        peak_bytes=1234,
        partitions=Partitions.of(parts),
    )
    return FileReport(
        file="run.jsonl",
        verdict=FileVerdict.INVALID,
        history=builder.build(),
        result=result,
        model="stream",
        model_source="option",
        parse_seconds=0.125,
    )


MALFORMED = FileReport(
    file="bad.jsonl",
    verdict=FileVerdict.MALFORMED,
    reason="broken JSON",
    line=3,
    operation="0 write",
)
FAILED = FileReport(
    file="gone.jsonl",
    verdict=FileVerdict.UNKNOWN,
    reason="cannot be read",
    trouble=Trouble.INFRASTRUCTURE,
)


def test_json_has_the_fields_of_the_contract() -> None:
    document = json.loads(json_document([_judged()], version="checker 1.0"))
    (file,) = document.pop("files")
    assert document == {
        "schema": "trueorder.result/1",
        "verdict": "invalid",
        "checker": "checker 1.0",
    }
    assert file.pop("partitions") == [
        {
            "key": key,
            "verdict": verdict,
            "operations": operations,
            "algorithm": algorithm,
            "seconds": seconds,
            "reason": reason,
        }
        for key, verdict, operations, algorithm, seconds, reason in (
            ("x", "valid", 1, "sweep", 0.5, ""),
            (["y", 1], "invalid", 2, "sweep", 0.25, ""),
            (None, "unknown", 3, "search", 1.0, "time is up"),
        )
    ]
    first, second = file.pop("anomalies")
    assert first == {
        "type": "stale-read",
        "key": ["y", 1],
        "operations": [4, 7],
        "explanation": "It read\x1b[31m <old>.",
        "cycle": [],
        "rules_out": [],
    }
    assert second["type"] == "lost-append"
    assert file == {
        "file": "run.jsonl",
        "model": "stream",
        "model_source": "option",
        "consistency": "linearizable",
        "operations": 1,
        "verdict": "invalid",
        "algorithm": "sweep, search",
        "seconds": 1.75,
        "parse_seconds": 0.125,
        "peak_bytes": 1234,
        "clock_uncertainty": 0,
        "reason": "",
        "line": None,
        "operation": None,
        "trouble": None,
        "statistics": None,
    }


def test_json_tells_why_there_is_no_verdict() -> None:
    document = json.loads(json_document([MALFORMED, FAILED], version=""))
    malformed, failed = document["files"]
    assert document["verdict"] == "malformed"
    assert (malformed["reason"], malformed["line"]) == ("broken JSON", 3)
    assert (failed["verdict"], failed["trouble"]) == ("unknown", "infrastructure")
    assert failed["operations"] is None


def test_verdicts_are_merged_from_bad_to_good() -> None:
    order = [FileVerdict.VALID, FileVerdict.UNKNOWN, FileVerdict.INVALID, FileVerdict.MALFORMED]
    for index, verdict in enumerate(order):
        assert worst_file_verdict(order[: index + 1]) is verdict
    assert worst_file_verdict([]) is FileVerdict.VALID


def test_junit_has_a_suite_a_file_and_a_case_a_part() -> None:
    root = ET.fromstring(junit_document([_judged(), MALFORMED, FAILED]))  # noqa: S314 - our own
    assert root.attrib == {
        "name": "checker",
        "tests": "5",
        "failures": "1",
        "errors": "2",
        "skipped": "1",
    }
    judged, malformed, failed = root
    assert judged.attrib["time"] == "1.750000"
    valid, invalid, unknown = judged
    assert (valid.attrib["name"], list(valid)) == ('key "x"', [])
    assert invalid.attrib["name"] == 'key ["y",1]'
    (failure,) = invalid
    assert failure.attrib["type"] == "stale-read, lost-append"
    # XML has no way to write an escape character, so a report may not hold it.
    assert failure.text == "It read\ufffd[31m <old>.\n\nIt vanished."
    assert unknown.attrib["name"] == "history"
    assert unknown[0].attrib == {"message": "time is up"}
    (error,) = malformed[0]
    assert error.attrib["message"] == "bad.jsonl:3: broken JSON [0 write]"
    assert failed[0][0].attrib["type"] == "infrastructure"

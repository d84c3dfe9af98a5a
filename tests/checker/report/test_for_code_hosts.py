"""SARIF and GitHub: violations beside the lines of the history, and nothing taken for markup."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from checker.cli import main
from checker.history.history import HistoryBuilder
from checker.report import github, sarif
from checker.report.file_report import FileReport, FileVerdict, Trouble
from checker.report.github import SUMMARY_BYTES_MAX, annotation_lines, summary
from checker.report.sarif import sarif_document
from checker.result import CheckResult, Partitions
from checker.verdict import Anomaly, PartitionResult, Verdict

HOSTILE = "read `x` | <b>\x1b[31m%\r\n::error::forged, : <script>"

STALE = """\
{"type": "invoke", "process": 0, "f": "write", "value": 1, "time": 10}
{"type": "ok", "process": 0, "f": "write", "value": 1, "time": 20}
{"type": "invoke", "process": 1, "f": "read", "value": null, "time": 30}
{"type": "ok", "process": 1, "f": "read", "value": null, "time": 40}
"""


def report(*parts: PartitionResult, file: str = "run.jsonl") -> FileReport:
    builder = HistoryBuilder()
    for process in range(3):
        builder.invoke(process, "read")
    result = CheckResult(
        model="register",
        consistency="linearizable",
        verdict=Verdict.INVALID,
        algorithm="sweep",
        operations=3,
        seconds=1.0,
        peak_bytes=1,
        partitions=Partitions.of(parts),
    )
    return FileReport(
        file=file,
        verdict=FileVerdict.INVALID,
        history=builder.build(),
        result=result,
        model="register",
    )


def part(verdict: Verdict, *anomalies: Anomaly, key: Any = None) -> PartitionResult:
    return PartitionResult(
        key=key,
        verdict=verdict,
        algorithm="sweep",
        operations=3,
        seconds=1.0,
        anomalies=anomalies,
        reason="time is up" if verdict is Verdict.UNKNOWN else "",
    )


def stale(*operations: int, explanation: str = "It was old.") -> Anomaly:
    return Anomaly(type="stale-read", operations=operations, explanation=explanation)


MALFORMED = FileReport(
    file="bad, file.jsonl", verdict=FileVerdict.MALFORMED, reason="broken JSON", line=3
)
STOPPED = FileReport(
    file="late.jsonl",
    verdict=FileVerdict.UNKNOWN,
    reason="stopped",
    trouble=Trouble.INTERRUPTED,
)


def run_of(*reports: FileReport) -> Any:
    document = json.loads(sarif_document(reports, version="1.2.3"))
    assert document["version"] == "2.1.0"
    (run,) = document["runs"]
    assert run["tool"]["driver"]["version"] == "1.2.3"
    return run


def test_a_violation_is_a_result_with_its_operations_by_process() -> None:
    run = run_of(report(part(Verdict.INVALID, stale(0, 2), key=["a", 1]), part(Verdict.VALID)))
    (result,) = run["results"]
    assert (result["ruleId"], result["level"]) == ("stale-read", "error")
    assert result["message"]["text"] == 'key ["a",1]: It was old.'
    assert [one["id"] for one in result["relatedLocations"]] == [1, 2]
    (flow,) = result["codeFlows"]
    threads = {thread["id"]: thread["locations"] for thread in flow["threadFlows"]}
    assert threads.keys() == {"process 0", "process 2"}
    assert [steps[0]["executionOrder"] for steps in threads.values()] == [1, 2]
    (rule,) = run["tool"]["driver"]["rules"]
    assert rule["id"] == "stale-read"
    assert "older than" in rule["shortDescription"]["text"]
    assert run["invocations"][0] == {"executionSuccessful": True, "toolExecutionNotifications": []}


def test_what_is_undecided_is_open_and_what_was_not_judged_is_a_notification() -> None:
    run = run_of(report(part(Verdict.UNKNOWN)), MALFORMED, STOPPED)
    (result,) = run["results"]
    assert (result["ruleId"], result["kind"]) == ("undecided", "open")
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    malformed, stopped = invocation["toolExecutionNotifications"]
    place = malformed["locations"][0]["physicalLocation"]
    assert place == {
        "artifactLocation": {"uri": "bad%2C%20file.jsonl"},
        "region": {"startLine": 3},
    }
    assert stopped["message"]["text"] == "stopped"


def test_a_finding_is_known_again_and_another_is_not() -> None:
    def fingerprint(found: FileReport) -> str:
        (result,) = run_of(found)["results"]
        (value,) = result["partialFingerprints"].values()
        return str(value)

    one = report(part(Verdict.INVALID, stale(0)))
    assert fingerprint(one) == fingerprint(report(part(Verdict.INVALID, stale(1)), file="other"))
    lost = Anomaly(type="lost-write", operations=(0,), explanation="")
    assert fingerprint(one) != fingerprint(report(part(Verdict.INVALID, lost)))


def test_the_results_are_bounded_and_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "RESULTS_MAX", 2)
    run = run_of(report(part(Verdict.INVALID, *(stale(n % 3) for n in range(5)))))
    assert len(run["results"]) == 2
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"] == "3 more results are left out."


def test_annotations_are_the_worst_ten_and_nothing_in_them_is_a_command() -> None:
    undecided = [part(Verdict.UNKNOWN)] * 20
    hostile = part(Verdict.INVALID, stale(0, explanation=HOSTILE))
    lines = annotation_lines([report(*undecided), MALFORMED, report(hostile)])
    assert len(lines) == github.ANNOTATIONS_MAX
    assert lines[0].startswith("::error file=run.jsonl,title=stale-read::read")
    assert lines[0].endswith("%25%0D%0A::error::forged, : <script>")
    assert lines[1] == "::error file=bad%2C file.jsonl,line=3,title=malformed::broken JSON"
    assert lines[2] == "::warning file=run.jsonl,title=undecided::time is up"
    assert not any("\n" in line or "\r" in line for line in lines)


def test_a_summary_is_a_table_and_shows_what_was_found_as_it_is() -> None:
    text = summary(
        [report(part(Verdict.INVALID, stale(0, explanation=HOSTILE)), file="a`|.jsonl"), MALFORMED]
    )
    assert "| ❌ | `a'\\|.jsonl` | `register` | 3 | invalid |" in text
    assert "| ⚠️ | `bad, file.jsonl` |  |  | malformed |" in text
    assert "    read `x` | <b>\\x1b[31m%\n    ::error::forged, : <script>\n" in text


def test_a_summary_is_bounded_and_it_is_said() -> None:
    long = [stale(0, explanation="é" * 1000)] * 600
    text = summary([report(part(Verdict.INVALID, *long)), MALFORMED])
    assert SUMMARY_BYTES_MAX - 3000 < len(text.encode()) < SUMMARY_BYTES_MAX + 100
    assert text.endswith("More was found than fits here.\n")


def test_verify_writes_sarif_and_tells_github(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    history, out, told = (tmp_path / name for name in ("h.jsonl", "o.sarif", "summary.md"))
    history.write_text(STALE)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(told))
    arguments = ["verify", str(history), "--model", "register", "--json"]
    assert main([*arguments, "--sarif", str(out)]) == 1
    said = capsys.readouterr()
    assert json.loads(said.out)["verdict"] == "invalid", "standard output is the document alone"
    assert said.err.startswith(f"::error file={history},line=3,title=stale-read::")
    (result,) = json.loads(out.read_bytes())["runs"][0]["results"]
    (place,) = result["locations"]
    assert place["physicalLocation"]["artifactLocation"]["uri"] == history.as_uri()
    assert place["physicalLocation"]["region"] == {"startLine": 3}
    assert told.read_text().startswith("| | history |")

    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))
    history.write_text("\n".join(STALE.splitlines()[:2]))
    assert main(arguments) == 5, "what could not be written is no success"
    monkeypatch.delenv("GITHUB_ACTIONS")
    capsys.readouterr()
    assert main(arguments) == 0
    assert not capsys.readouterr().err

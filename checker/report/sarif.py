"""The result as SARIF 2.1.0 (OASIS), which code hosts and editors show beside the history's lines.

A violation is a result whose rule is its anomaly: it lies where the last of its operations is
invoked, the others are related to it, and a flow of threads has the operations of each process. An
undecided part is a result of the kind ``open``. A file that was not judged is a notification, and
the run was not successful.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import Any, Final
from urllib.parse import quote

import msgspec

from checker.models.describe import describe
from checker.operation import Operation
from checker.report.anomaly_definitions import definition_of
from checker.report.file_report import FileReport, FileVerdict
from checker.verdict import Anomaly, PartitionResult, Verdict

__all__ = ["RESULTS_MAX", "sarif_document"]

RESULTS_MAX: Final = 5_000
"""GitHub shows no more results of a run."""

_LOCATIONS_MAX: Final = 1_000
"""GitHub shows no more locations of a flow."""

_SCHEMA: Final = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_UNDECIDED: Final = "undecided"


def sarif_document(reports: Sequence[FileReport], *, version: str) -> bytes:
    """Return the result as one run in SARIF, indented, newline at its end.

    Args:
        reports: What became of each file, in the order given.
        version: The checker's own.
    """
    results = [result for report in reports for result in _results(report)]
    left_out = len(results) - RESULTS_MAX
    notifications = [_notification(report) for report in reports if _not_judged(report)]
    if left_out > 0:
        notifications.append(_note(f"{left_out} more results are left out."))
    run = {
        "tool": {"driver": {"name": "checker", "version": version, "rules": _rules(results)}},
        "invocations": [
            {
                "executionSuccessful": not any(map(_not_judged, reports)),
                "toolExecutionNotifications": notifications,
            }
        ],
        "columnKind": "unicodeCodePoints",
        "results": results[:RESULTS_MAX],
    }
    document = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def _not_judged(report: FileReport) -> bool:
    return report.verdict is FileVerdict.MALFORMED or report.trouble is not None


def _rules(results: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Describe every anomaly that occurs."""
    rules = []
    for name in dict.fromkeys(result["ruleId"] for result in results):
        rule: dict[str, Any] = {"id": name}
        if definitions := definition_of(name):
            first = definitions[0]
            rule["shortDescription"] = {"text": first.observed}
            if first.cause:
                rule["help"] = {"text": f"Usually: {first.cause}"}
        elif name == _UNDECIDED:
            rule["shortDescription"] = {"text": "Not decided within the limits."}
        rules.append(rule)
    return rules


def _results(report: FileReport) -> Iterable[dict[str, Any]]:
    for part in () if report.result is None else report.result.partitions:
        if part.verdict is Verdict.INVALID:
            for anomaly in part.anomalies:
                yield _violation(report, part, anomaly)
        elif part.verdict is Verdict.UNKNOWN:
            yield {
                "ruleId": _UNDECIDED,
                "kind": "open",
                "level": "none",
                "message": {"text": f"{_name(part)}: {part.reason}"},
                "locations": [_place(report.file, None)],
            }


def _violation(report: FileReport, part: PartitionResult, anomaly: Anomaly) -> dict[str, Any]:
    operations = report.operations(anomaly.operations)[:_LOCATIONS_MAX]
    last = operations[-1].line if operations else None
    text = anomaly.explanation or anomaly.type
    result: dict[str, Any] = {
        "ruleId": anomaly.type,
        "level": "error",
        "message": {"text": text if part.key is None else f"{_name(part)}: {text}"},
        "locations": [_place(report.file, last)],
        "partialFingerprints": {"trueorder/anomaly/v1": _fingerprint(report, anomaly, operations)},
    }
    if operations:
        result["relatedLocations"] = [
            {"id": number, **_located(report.file, operation)}
            for number, operation in enumerate(operations, 1)
        ]
        result["codeFlows"] = [{"threadFlows": _thread_flows(report.file, operations)}]
    if anomaly.rules_out:
        result["properties"] = {"rulesOut": list(anomaly.rules_out)}
    return result


def _thread_flows(file: str, operations: Sequence[Operation]) -> list[dict[str, Any]]:
    """Give every process a thread; the order of execution is that of invocation."""
    threads: dict[str, list[dict[str, Any]]] = {}
    for order, operation in enumerate(operations, 1):
        threads.setdefault(str(operation.process), []).append(
            {"executionOrder": order, "location": _located(file, operation)}
        )
    return [{"id": f"process {name}", "locations": steps} for name, steps in threads.items()]


def _located(file: str, operation: Operation) -> dict[str, Any]:
    return {**_place(file, operation.line), "message": {"text": describe(operation)}}


def _place(file: str, line: int | None) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(file)}}
    if line is not None:
        physical["region"] = {"startLine": line}
    return {"physicalLocation": physical}


def _uri(file: str) -> str:
    path = PurePath(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())


def _name(part: PartitionResult) -> str:
    return "history" if part.key is None else f"key {msgspec.json.encode(part.key).decode()}"


def _fingerprint(report: FileReport, anomaly: Anomaly, operations: Sequence[Operation]) -> str:
    """Tell a finding that comes again: by model, anomaly, and what was asked and answered."""
    seen = [(one.f, one.key, one.value, one.output, one.outcome) for one in operations]
    told = msgspec.json.encode([report.model, anomaly.type, seen], order="sorted")
    return hashlib.sha256(told).hexdigest()[:32]


def _notification(report: FileReport) -> dict[str, Any]:
    operation = f" [{report.operation}]" if report.operation else ""
    note = _note(f"{report.reason or report.trouble or report.verdict}{operation}", level="error")
    return {**note, "locations": [_place(report.file, report.line)]}


def _note(text: str, *, level: str = "note") -> dict[str, Any]:
    return {"level": level, "message": {"text": text}}

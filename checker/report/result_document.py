"""`trueorder.result/1`, field by field: what ``--json`` prints and ``checker schema result`` says.

Field names and meanings never change within a version of the schema; fields may be added.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

import msgspec

from checker.report.file_report import (
    FileReport,
    FileVerdict,
    ModelSource,
    Trouble,
    worst_file_verdict,
)
from checker.report.judging_statistics import JudgingStatistics, judging_statistics
from checker.verdict import Dependency, Verdict

__all__ = ["SCHEMA", "FileEntry", "ResultDocument", "result_document"]

SCHEMA: Final = "trueorder.result/1"


class AnomalyEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One violation: its name, the part it is in, and the operations that exclude every order."""

    type: str
    key: Any
    operations: tuple[int, ...]
    explanation: str
    cycle: tuple[Dependency, ...]
    rules_out: tuple[str, ...]


class PartitionEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a history that was judged alone."""

    key: Any
    verdict: Verdict
    operations: int
    algorithm: str
    seconds: float
    reason: str


class FileEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one file."""

    file: str
    model: str | None
    model_source: ModelSource | None
    consistency: str | None
    operations: int | None
    verdict: FileVerdict
    algorithm: str | None
    seconds: float | None
    parse_seconds: float
    peak_bytes: int | None
    clock_uncertainty: int
    reason: str
    line: int | None
    operation: str | None
    trouble: Trouble | None
    statistics: JudgingStatistics | None
    anomalies: tuple[AnomalyEntry, ...]
    partitions: tuple[PartitionEntry, ...]


class ResultDocument(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one run of ``checker verify``, whatever the number of files."""

    schema: Literal["trueorder.result/1"] = SCHEMA
    verdict: FileVerdict
    checker: str
    files: tuple[FileEntry, ...]


def result_document(
    reports: Sequence[FileReport], *, version: str, statistics: bool = False
) -> ResultDocument:
    """Say what became of each file, in the order given.

    Args:
        reports: What became of each file.
        version: The checker's own, so that a result can be traced to what made it.
        statistics: Say also what deciding took.
    """
    return ResultDocument(
        verdict=worst_file_verdict(report.verdict for report in reports),
        checker=version,
        files=tuple(_file(report, statistics=statistics) for report in reports),
    )


def _file(report: FileReport, *, statistics: bool) -> FileEntry:
    result = report.result
    parts = () if result is None else result.partitions
    return FileEntry(
        file=report.file,
        model=report.model,
        model_source=report.model_source,
        consistency=None if result is None else result.consistency,
        operations=None if report.history is None else len(report.history),
        verdict=report.verdict,
        algorithm=None if result is None else result.algorithm,
        seconds=None if result is None else result.seconds,
        parse_seconds=report.parse_seconds,
        peak_bytes=None if result is None else result.peak_bytes,
        clock_uncertainty=0 if result is None else result.clock_uncertainty,
        reason=report.reason,
        line=report.line,
        operation=report.operation,
        trouble=report.trouble,
        statistics=judging_statistics(result) if statistics and result else None,
        anomalies=tuple(
            AnomalyEntry(
                type=anomaly.type,
                key=part.key,
                operations=anomaly.operations,
                explanation=anomaly.explanation,
                cycle=anomaly.cycle,
                rules_out=anomaly.rules_out,
            )
            for part in parts
            for anomaly in part.anomalies
        ),
        partitions=tuple(
            PartitionEntry(
                key=part.key,
                verdict=part.verdict,
                operations=part.operations,
                algorithm=part.algorithm,
                seconds=part.seconds,
                reason=part.reason,
            )
            for part in parts
        ),
    )

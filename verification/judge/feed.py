"""What came out of the change feed: the changes as they were told, the documents, the bucket."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from checker.delivery import (
    Change,
    Finding,
    check_changes,
    check_follower,
    check_state,
    fold_changes,
)
from verification.artefacts import ChangeRow, Documents, LogRow
from verification.judge.property import Property, from_findings

__all__ = ["documents_of", "judge_changes", "judge_documents", "judge_feed"]

_REMOVED_EVERY: Final = 5


def documents_of(rows: Iterable[LogRow]) -> dict[str, Any]:
    """Fold log rows into the documents: the last event of each stream, unless it is a fifth one.

    Stated a second time, from the description alone: the projection's own fold would agree with its
    own mistakes.
    """
    last = {row.stream: row for row in rows}
    return {
        stream: {"version": row.version, "id": row.id, "data": row.data}
        for stream, row in last.items()
        if row.version % _REMOVED_EVERY
    }


def judge_documents(log: Sequence[LogRow], documents: Documents, *, until: int) -> Property:
    """Judge whether the documents are the fold of the log up to position ``until``."""
    findings: list[Finding] = []
    if documents.checkpoint != until:
        said = f"the checkpoint of the documents says {documents.checkpoint}, {until} was due"
        findings.append(Finding(type="wrong-checkpoint", explanation=said))
    folded = documents_of(row for row in log if row.position <= until)
    findings.extend(check_state(folded, documents.rows))
    return from_findings(
        "documents",
        "The documents equal the fold of the log",
        f"{len(documents.rows):,} documents",
        findings,
        {},
    )


def judge_changes(rows: Sequence[ChangeRow]) -> Property:
    """Judge whether each change was told once, at its place, with its predecessor."""
    return from_findings(
        "changes",
        "Each change was told once, in order",
        f"{len(rows):,} changes",
        check_changes(_changes(rows)),
        {},
    )


def judge_feed(rows: Sequence[ChangeRow], documents: Documents) -> Property:
    """Judge whether who follows the changes has the documents, all having had their time."""
    bucket = {key: value for key, value in documents.bucket.items() if value is not None}
    return from_findings(
        "feed",
        "Stream and bucket fold to the documents",
        f"{len(documents.rows):,} documents, {len(bucket):,} values",
        (
            *check_follower(
                documents.rows, fold_changes(_changes(rows)), follower="the fold of the changes"
            ),
            *check_follower(documents.rows, bucket, follower="the bucket"),
        ),
        {},
    )


def _changes(rows: Iterable[ChangeRow]) -> list[Change]:
    return [
        Change(
            place=row.sequence,
            number=row.number,
            previous=row.previous,
            key=row.key,
            document=row.document,
        )
        for row in rows
    ]

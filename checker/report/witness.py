"""Witnesses for whoever does not want to believe a valid verdict: orders that can be replayed.

One JSON object a line for each valid part: ``file``, ``model``, ``key`` (null for the whole), and
``order``, the indices of the part's operations in an order that the model allows and time does not
forbid. Indices count a history's operations in order of invocation, from 0; pending ones that are
left out never happened. `checker.engine.replay` replays an order in thirty lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from checker.report.file_report import FileReport
from checker.verdict import Verdict

__all__ = ["witness_lines"]


def witness_lines(reports: Sequence[FileReport]) -> bytes:
    """Return the lines of all valid parts of the files, in order."""
    return b"".join(line for report in reports for line in _lines(report))


def _lines(report: FileReport) -> Iterator[bytes]:
    for part in () if report.result is None else report.result.partitions:
        if part.verdict is Verdict.VALID and part.witness is not None:
            fields = {
                "file": report.file,
                "model": report.model,
                "key": part.key,
                "order": list(part.witness),
            }
            yield msgspec.json.encode(fields) + b"\n"

"""What clients were told, against the log as it was in the end.

Weaker than linearizability, and implied by it; but each question is one that a user asks, so that
a broken run answers it in his words: is everything in the log that was acknowledged, and could a
reader who trusted positions miss an event?
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from checker.delivery.finding import IDS_MAX, Finding
from checker.delivery.log import Log

__all__ = ["Acknowledged", "LogRead", "check_acknowledged", "check_log_reads"]


class Acknowledged(msgspec.Struct, frozen=True, kw_only=True):
    """An append that was answered with success, and the position told for its last event.

    ``operation`` is its index in the history; ``position`` is None in a system without positions.
    """

    operation: int
    stream: str
    ids: tuple[str, ...]
    position: int | None


class LogRead(msgspec.Struct, frozen=True, kw_only=True):
    """A read of the log: the positions it returned, of those above ``after``."""

    operation: int
    after: int
    positions: tuple[int, ...]


def check_acknowledged(log: Log, appends: Iterable[Acknowledged]) -> tuple[Finding, ...]:
    """Check that every acknowledged append is in the log, whole, where it was said to be.

    Finds ``lost-append`` and ``wrong-position``.
    """
    findings = []
    for append in appends:
        missing = tuple(i for i in append.ids if i not in log.by_id)
        if missing:
            findings.append(
                Finding(
                    type="lost-append",
                    explanation=f"an append of {len(append.ids)} to {append.stream} was "
                    f"acknowledged at position {append.position}, but in the end the log lacks "
                    f"{'all' if len(missing) == len(append.ids) else len(missing)} of it",
                    ids=missing[:IDS_MAX],
                    operations=(append.operation,),
                    count=len(missing),
                )
            )
            continue
        last = log.by_id[append.ids[-1]]
        if append.position is not None and last.position != append.position:
            findings.append(
                Finding(
                    type="wrong-position",
                    explanation=f"an append to {append.stream} was acknowledged at position "
                    f"{append.position}; in the log it ends at {last.position}",
                    ids=(last.id,),
                    operations=(append.operation,),
                )
            )
    return tuple(findings)


def check_log_reads(log: Log, reads: Iterable[LogRead]) -> tuple[Finding, ...]:
    """Check that no read of the log skipped a position that holds an event in the end.

    A reader that goes on from the last position it saw never gets what such a read skipped: the
    position was handed out before its event could be seen. Finds ``late-position``, once for each
    position, with the first read that skipped it.
    """
    entries = {entry.position: entry for entry in log.entries}
    findings: dict[int, Finding] = {}
    for read in reads:
        seen = set(read.positions)
        for position in range(read.after + 1, max(seen, default=0)):
            if position in seen or position in findings or position not in entries:
                continue
            findings[position] = Finding(
                type="late-position",
                explanation=f"a read of the log after {read.after} saw position {max(seen)} "
                f"but not {position}, which holds an event of {entries[position].stream} "
                "in the end: whoever goes on from there never sees it",
                ids=(entries[position].id,),
                operations=(read.operation,),
            )
    return tuple(findings[position] for position in sorted(findings))

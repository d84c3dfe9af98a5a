"""The log that deliveries are compared with, and what it must be by itself.

A log is a sequence of entries in position order. By itself it promises that positions are dense
(1, 2, 3 ... without a hole), that no event is in it twice, and that the versions of every stream
are dense in log order. Whether it is the log that the clients were *told* is not decided here:
that is the linearizability of the history.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from checker.delivery.finding import Finding

__all__ = ["Log", "LogEntry", "check_log"]


class LogEntry(msgspec.Struct, frozen=True):
    """One event of the log, as a full read of it showed it."""

    position: int
    stream: str
    version: int
    id: str


class Log:
    """A log in memory, in position order, looked up by event id."""

    def __init__(self, entries: Iterable[LogEntry]) -> None:
        self.entries: tuple[LogEntry, ...] = tuple(sorted(entries, key=lambda e: e.position))
        self.by_id: dict[str, LogEntry] = {}
        for entry in self.entries:
            self.by_id.setdefault(entry.id, entry)

    def __len__(self) -> int:
        return len(self.entries)

    @property
    def head(self) -> int:
        """The position of the last event, 0 if there is none."""
        return self.entries[-1].position if self.entries else 0


def check_log(entries: Sequence[LogEntry]) -> tuple[Finding, ...]:
    """Check a log by itself, in the order in which it was read.

    Finds ``position-gap``, ``position-order``, ``duplicate-event`` and ``version-gap``.
    """
    findings: list[Finding] = []
    seen: dict[str, int] = {}
    versions: dict[str, int] = {}
    previous = 0
    for entry in entries:
        findings.extend(_check_position(entry, previous))
        previous = max(previous, entry.position)
        first = seen.setdefault(entry.id, entry.position)
        if first != entry.position:
            findings.append(
                Finding(
                    type="duplicate-event",
                    explanation=f"event {entry.id} is in the log twice, "
                    f"at positions {first} and {entry.position}",
                    ids=(entry.id,),
                )
            )
        expected = versions.get(entry.stream, 0) + 1
        if entry.version != expected:
            findings.append(
                Finding(
                    type="version-gap",
                    explanation=f"stream {entry.stream} goes from version {expected - 1} "
                    f"to {entry.version} at position {entry.position}",
                    ids=(entry.id,),
                )
            )
        versions[entry.stream] = entry.version
    return tuple(findings)


def _check_position(entry: LogEntry, previous: int) -> tuple[Finding, ...]:
    if entry.position == previous + 1:
        return ()
    if entry.position > previous:
        missing = entry.position - previous - 1
        return (
            Finding(
                type="position-gap",
                explanation=f"the log goes from position {previous} to {entry.position}: "
                f"{missing} position{'s' if missing > 1 else ''} without an event",
                ids=(entry.id,),
                count=missing,
            ),
        )
    return (
        Finding(
            type="position-order",
            explanation=f"position {entry.position} was read after position {previous}",
            ids=(entry.id,),
        ),
    )

"""A history in memory, and the only way to make one: event by event, checked as it grows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from checker.errors import MalformedHistory
from checker.operation import Operation, Outcome

__all__ = ["History", "HistoryBuilder", "NemesisEvent"]


class NemesisEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What the fault injector did, and when (nanoseconds). It explains; it is never judged."""

    f: str
    value: Any = None
    time: int = 0


class History(msgspec.Struct, frozen=True, kw_only=True):
    """What clients observed: operations in order of invocation.

    ``operations[i].index == i``, and all endpoints have distinct ranks (see `Operation`).
    """

    operations: tuple[Operation, ...]
    nemesis: tuple[NemesisEvent, ...] = ()
    header: dict[str, Any] = msgspec.field(default_factory=dict)
    source: str = "<history>"

    def __len__(self) -> int:
        return len(self.operations)

    def __iter__(self) -> Iterator[Operation]:
        return iter(self.operations)


class _Open:
    """An invocation whose completion has not come yet."""

    __slots__ = ("f", "index", "key", "line", "rank", "time", "value")

    def __init__(
        self, *, index: int, f: str, key: Any, value: Any, rank: int, time: int, line: int | None
    ) -> None:
        self.index = index
        self.f = f
        self.key = key
        self.value = value
        self.rank = rank
        self.time = time
        self.line = line


class HistoryBuilder:
    """Pair invocations with completions, in the order in which they are given.

    Each call is one event and takes the next rank. What cannot have been observed (a completion
    without an invocation, a process that overlaps itself or goes on after an unknown outcome)
    raises `MalformedHistory` at once, with the line it was told.
    """

    def __init__(self, *, source: str = "<history>", header: dict[str, Any] | None = None) -> None:
        self._source = source
        self._header = header or {}
        self._operations: list[Operation | None] = []
        self._open: dict[int | str, _Open] = {}
        self._retired: dict[int | str, int | None] = {}
        self._nemesis: list[NemesisEvent] = []
        self._rank = 0

    def invoke(
        self,
        process: int | str,
        f: str,
        *,
        key: Any = None,
        value: Any = None,
        time: int | None = None,
        line: int | None = None,
    ) -> None:
        """Add an invocation. ``time`` is in nanoseconds, the rank when there is none."""
        if process in self._open:
            raise self._malformed(
                f"process {process!r} invokes {f!r} while its {self._open[process].f!r} is open: "
                "one process does one thing at a time",
                line,
                f"{process} {f}",
            )
        if process in self._retired:
            raise self._malformed(
                f"process {process!r} goes on after an operation with unknown outcome: "
                "it must continue under a new process",
                line,
                f"{process} {f}",
            )
        self._open[process] = _Open(
            index=len(self._operations),
            f=f,
            key=key,
            value=value,
            rank=self._rank,
            time=self._rank if time is None else time,
            line=line,
        )
        self._operations.append(None)
        self._rank += 1

    def complete(
        self,
        process: int | str,
        outcome: Outcome,
        *,
        f: str | None = None,
        output: Any = None,
        error: Any = None,
        time: int | None = None,
        line: int | None = None,
    ) -> None:
        """Add the completion of a process's open operation."""
        opened = self._open.pop(process, None)
        if opened is None:
            raise self._malformed(
                f"process {process!r} completes {f!r} without an invocation", line, f"{process} {f}"
            )
        if f is not None and f != opened.f:
            raise self._malformed(
                f"process {process!r} completes {f!r} but had invoked {opened.f!r}",
                line,
                f"{process} {f}",
            )
        when = self._rank if time is None else time
        if when < opened.time:
            raise self._malformed(
                f"process {process!r} completes {opened.f!r} at time {when}, "
                f"before its invocation at {opened.time}",
                line,
                f"{process} {opened.f}",
            )
        known = outcome is not Outcome.INFO
        if not known:
            self._retired[process] = line
        self._operations[opened.index] = Operation(
            index=opened.index,
            process=process,
            f=opened.f,
            key=opened.key,
            value=opened.value,
            output=output if known else None,
            error=error,
            outcome=outcome,
            invoked=opened.rank,
            completed=self._rank if known else None,
            time_invoked=opened.time,
            time_completed=when,
            line=opened.line,
        )
        self._rank += 1

    def nemesis(self, f: str, value: Any = None, *, time: int | None = None) -> None:
        """Add what the fault injector did; it takes no rank."""
        self._nemesis.append(
            NemesisEvent(f=f, value=value, time=self._rank if time is None else time)
        )

    def build(self) -> History:
        """End the history; operations still open have an unknown outcome."""
        for process, opened in self._open.items():
            self._operations[opened.index] = Operation(
                index=opened.index,
                process=process,
                f=opened.f,
                key=opened.key,
                value=opened.value,
                outcome=Outcome.INFO,
                invoked=opened.rank,
                time_invoked=opened.time,
                line=opened.line,
            )
        self._open.clear()
        return History(
            operations=tuple(op for op in self._operations if op is not None),
            nemesis=tuple(self._nemesis),
            header=self._header,
            source=self._source,
        )

    def _malformed(self, reason: str, line: int | None, operation: str) -> MalformedHistory:
        return MalformedHistory(reason, source=self._source, line=line, operation=operation)

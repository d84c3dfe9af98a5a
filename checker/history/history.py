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


class _Invocation(msgspec.Struct, gc=False):
    """An invocation whose completion has not come yet."""

    index: int
    f: str
    key: Any
    value: Any
    rank: int
    time: int
    line: int | None


class HistoryBuilder:
    """Pair invocations with completions, in the order in which they are given.

    Each invocation, and each completion with a known outcome, takes the next rank. What cannot
    have been observed (a completion without an invocation, a process that overlaps itself or goes
    on after an unknown outcome, a completion before its invocation) raises `MalformedHistory` at
    once, with the line it was told.
    """

    def __init__(self, *, source: str = "<history>", header: dict[str, Any] | None = None) -> None:
        self.source = source
        self._header = dict(header or {})
        self._operations: list[Operation | None] = []
        self._open: dict[int | str, _Invocation] = {}
        self._retired: dict[int | str, int | None] = {}
        self._nemesis: list[NemesisEvent] = []
        self._rank = 0
        self._alone = False

    @property
    def takes_completions_alone(self) -> bool:
        """Whether no operation was invoked so far."""
        return self._alone or not self._operations

    def invoke_alone(
        self,
        process: int | str | None,
        f: str,
        *,
        key: Any = None,
        value: Any = None,
        time: int | None = None,
        line: int | None = None,
    ) -> int | str:
        """Add the invocation of an operation of which only the completion was recorded.

        The history has no other invocations then, and its header says that its ranks mean nothing:
        ``real_time`` is False. Returns the process, a new one if None is given.
        """
        self._alone = True
        self._header["real_time"] = False
        if process is None:
            process = f"?{len(self._operations)}"
        self._retired.pop(process, None)
        self._open_operation(process, f, key, value, time, line)
        return process

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
        """Add an invocation. ``time`` is in nanoseconds, the rank when there is none.

        Raises:
            MalformedHistory: The process has an open operation, or one with unknown outcome, or
                the history has completions without invocations.
        """
        if process in self._open or process in self._retired or self._alone:
            raise self._impossible_invocation(process, f, line)
        self._open_operation(process, f, key, value, time, line)

    def _open_operation(
        self,
        process: int | str,
        f: str,
        key: Any,
        value: Any,
        time: int | None,
        line: int | None,
    ) -> None:
        rank = self._rank
        self._open[process] = _Invocation(
            len(self._operations), f, key, value, rank, rank if time is None else time, line
        )
        self._operations.append(None)
        self._rank = rank + 1

    def complete(
        self,
        process: int | str,
        outcome: Outcome,
        *,
        f: str | None = None,
        key: Any = None,
        output: Any = None,
        error: Any = None,
        time: int | None = None,
        line: int | None = None,
    ) -> None:
        """Add the completion of a process's open operation.

        ``f`` and ``key`` may be left out; where they are given they must be the invocation's.
        ``output`` counts only when the outcome is OK.

        Raises:
            MalformedHistory: It does not complete what the process has open.
        """
        opened = self._open.pop(process, None)
        if (
            opened is None
            or (f is not None and f != opened.f)
            or (key is not None and key != opened.key)
            or (time is not None and time < opened.time)
        ):
            raise self._impossible_completion(opened, process, f, key, time, line)
        completed: int | None = None
        if outcome is Outcome.INFO:
            self._retired[process] = line
        else:
            completed = self._rank
            self._rank += 1
        self._operations[opened.index] = Operation(
            index=opened.index,
            process=process,
            f=opened.f,
            key=opened.key,
            value=opened.value,
            output=output if outcome is Outcome.OK else None,
            error=error,
            outcome=outcome,
            invoked=opened.rank,
            completed=completed,
            time_invoked=opened.time,
            time_completed=max(opened.time, self._rank) if time is None else time,
            line=opened.line,
        )

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
            source=self.source,
        )

    def _impossible_invocation(
        self, process: int | str, f: str, line: int | None
    ) -> MalformedHistory:
        opened = self._open.get(process)
        if self._alone:
            reason = (
                f"process {process!r} invokes {f!r} after completions without invocations: "
                "a history has all invocations, or none"
            )
        elif opened is not None:
            reason = (
                f"process {process!r} invokes {f!r} while its {opened.f!r}{_since(opened.line)} "
                "is open: one process does one thing at a time"
            )
        else:
            reason = (
                f"process {process!r} goes on after an operation with unknown outcome"
                f"{_since(self._retired[process])}: it must continue under a new process"
            )
        return self._malformed(reason, line, f"{process} {f}")

    def _impossible_completion(
        self,
        opened: _Invocation | None,
        process: int | str,
        f: str | None,
        key: Any,
        time: int | None,
        line: int | None,
    ) -> MalformedHistory:
        if opened is None:
            what = "an operation" if f is None else repr(f)
            reason = f"process {process!r} completes {what} without an invocation"
            return self._malformed(reason, line, f"{process} {f or ''}".rstrip())
        invoked = f"{opened.f!r}{_since(opened.line)}"
        if f is not None and f != opened.f:
            reason = f"process {process!r} completes {f!r} but had invoked {invoked}"
        elif key is not None and key != opened.key:
            reason = (
                f"process {process!r} completes {opened.f!r} of key {key!r} "
                f"but had invoked it of key {opened.key!r}{_since(opened.line)}"
            )
        else:
            reason = (
                f"process {process!r} completes {invoked} at time {time}, "
                f"before its invocation at {opened.time}"
            )
        return self._malformed(reason, line, f"{process} {opened.f}")

    def _malformed(self, reason: str, line: int | None, operation: str) -> MalformedHistory:
        return MalformedHistory(reason, source=self.source, line=line, operation=operation)


def _since(line: int | None) -> str:
    return "" if line is None else f" (line {line})"

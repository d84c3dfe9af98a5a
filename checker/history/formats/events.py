"""What the event formats (JSONL, EDN, Porcupine's logs) have in common: Jepsen's meaning."""

from __future__ import annotations

from typing import Any

from checker.errors import MalformedHistory
from checker.history.codec import NEMESIS
from checker.history.history import HistoryBuilder
from checker.operation import Outcome

__all__ = ["add_event"]

_OUTCOMES = {outcome.value: outcome for outcome in Outcome}


def add_event(
    builder: HistoryBuilder,
    kind: str,
    process: int | str,
    f: str,
    *,
    key: Any = None,
    value: Any = None,
    error: Any = None,
    time: int | None = None,
    line: int | None = None,
) -> None:
    """Add one event to the history.

    An invocation's ``value`` is the request, an ok completion's is the answer; the value of a
    failed or unknown one is an echo and means nothing.

    Raises:
        MalformedHistory: The event cannot follow what came before, or its type is unknown.
    """
    if process == NEMESIS:
        builder.nemesis(f, value, time=time)
    elif kind == "invoke":
        builder.invoke(process, f, key=key, value=value, time=time, line=line)
    elif (outcome := _OUTCOMES.get(kind)) is not None:
        builder.complete(
            process, outcome, f=f, key=key, output=value, error=error, time=time, line=line
        )
    else:
        raise MalformedHistory(
            f"unknown type {kind!r}: an event is an invoke, ok, fail or info",
            source=builder.source,
            line=line,
            operation=f"{process} {f}",
        )

"""What a violation of a log is called in words, from its operations alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from checker.models.describe import name_operation, shorten
from checker.monitors.violation import sentence
from checker.operation import Operation, Outcome

__all__ = ["explain"]


def explain(anomaly: str, operations: Sequence[Operation]) -> str:
    """Say in one sentence what the operations of a violation show together."""
    return sentence(_WORDS[anomaly](*operations))


def _claim(operation: Operation) -> str:
    """What an operation says of the log."""
    name = name_operation(operation)
    if operation.f == "read":
        return f"{name} read {_events(operation.output['len'])}"
    if operation.outcome is Outcome.OK:
        return f"{name} was answered length {shorten(operation.output)}"
    return f"{name} appended {shorten(operation.value)} without an answer"


def _no_state(wrong: Operation) -> str:
    return f"{_claim(wrong)}, which no log answers"


def _overlap(one: Operation, other: Operation) -> str:
    return f"{_claim(one)}, and so was {name_operation(other)}: one of them was overwritten"


def _divergent(one: Operation, other: Operation) -> str:
    return f"{_claim(one)} and so did {name_operation(other)}, but with another hash"


def _missing_events(teller: Operation) -> str:
    return f"{_claim(teller)}, but not so many can have been appended before it ended"


def _wrong_hash(wrong: Operation, right: Operation | None = None) -> str:
    words = f"{_claim(wrong)} with a hash that no events that can be there have"
    if right is None:
        return words
    return f"{words}, whereas {_claim(right)} before them with a hash that is right"


def _future_read(early: Operation, late: Operation) -> str:
    return f"{_claim(early)}, and only then did the append begin that is among them: {_claim(late)}"


def _duplicate(reader: Operation, *appends: Operation) -> str:
    names = " and ".join(name_operation(append) for append in appends)
    return f"{_claim(reader)} with a hash in which the event of {names} counts once too often"


def _stale_read(late: Operation, early: Operation) -> str:
    return f"{_claim(late)}, but {_claim(early)} before it began"


def _lost_append(append: Operation, read: Operation) -> str:
    return (
        f"{_claim(append)} before {name_operation(read)} began, which read "
        f"{_events(read.output['len'])}; no read ever shows it"
    )


def _stale_append(late: Operation, early: Operation) -> str:
    return f"{_claim(late)}, but it began after {_claim(early)}"


def _events(count: int) -> str:
    return "1 event" if count == 1 else f"{count} events"


_WORDS: Final[Mapping[str, Callable[..., str]]] = MappingProxyType(
    {
        "no-state": _no_state,
        "overlap": _overlap,
        "divergent": _divergent,
        "missing-events": _missing_events,
        "wrong-hash": _wrong_hash,
        "future-read": _future_read,
        "duplicate": _duplicate,
        "stale-read": _stale_read,
        "lost-append": _lost_append,
        "stale-append": _stale_append,
    }
)

"""What the event formats (JSONL, EDN, Porcupine's logs) have in common: Jepsen's meaning."""

from __future__ import annotations

import msgspec

from checker.errors import MalformedHistory
from checker.history.codec import NEMESIS, Event
from checker.history.formats.limits import MAX_TIME
from checker.history.history import HistoryBuilder
from checker.operation import Outcome

__all__ = ["add_event", "field_fault"]

_OUTCOMES = {outcome.value: outcome for outcome in Outcome}


def add_event(builder: HistoryBuilder, event: Event, line: int | None) -> None:
    """Add one event to the history.

    An invocation's ``value`` is the request, an ok completion's is the answer; the value of a
    failed or unknown one is an echo and means nothing.

    Raises:
        MalformedHistory: The event cannot follow what came before, or its type is unknown.
    """
    kind, process = event.type, event.process
    if event.time is not None and not -MAX_TIME <= event.time <= MAX_TIME:
        raise MalformedHistory(
            "field `time`: beyond 64 bits",
            source=builder.source,
            line=line,
            operation=f"{process} {event.f}",
        )
    if process == NEMESIS:
        builder.nemesis(event.f, event.value, time=event.time)
    elif kind == "invoke":
        builder.invoke(
            process, event.f, key=event.key, value=event.value, time=event.time, line=line
        )
    elif (outcome := _OUTCOMES.get(kind)) is not None:
        builder.complete(
            process,
            outcome,
            f=event.f,
            key=event.key,
            output=event.value,
            error=event.error,
            time=event.time,
            line=line,
        )
    else:
        raise MalformedHistory(
            f"unknown type {kind!r}: an event is an invoke, ok, fail or info",
            source=builder.source,
            line=line,
            operation=f"{process} {event.f}",
        )


def field_fault(error: msgspec.ValidationError) -> str:
    """Say which field of an event is missing or of the wrong kind."""
    # msgspec says "Expected `int`, got `str` - at `$.time`", or "... missing required field `f`".
    message = str(error)
    wrong, _, place = message.partition(" - at `$.")
    if place:
        return f"field `{place.rstrip('`')}`: {wrong[0].lower()}{wrong[1:]}"
    _, _, missing = message.partition("missing required field ")
    return f"the field {missing} is missing" if missing else message

"""What the event formats (JSONL, EDN, Porcupine's logs) have in common: Jepsen's meaning."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from checker.errors import MalformedHistory
from checker.history.codec import NEMESIS, Event
from checker.history.formats.limits import MAX_TIME
from checker.history.history import HistoryBuilder
from checker.operation import Outcome

__all__ = ["add_event", "field_fault", "transaction_event"]

UNNAMED: Final = "?"
"""The process of events that do not name one."""

_OUTCOMES = {outcome.value: outcome for outcome in Outcome}


def add_event(builder: HistoryBuilder, event: Event, line: int | None) -> None:
    """Add one event to the history.

    An invocation's ``value`` is the request, an ok completion's is the answer; the value of a
    failed or unknown one is an echo and means nothing. Transactions are taken without invocations,
    too, if the history has none at all.

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
    alone = builder.takes_completions_alone and _is_transaction(event.value)
    if process == NEMESIS:
        builder.nemesis(event.f, event.value, time=event.time)
    elif kind == "invoke":
        builder.invoke(
            process, event.f, key=event.key, value=event.value, time=event.time, line=line
        )
    elif (outcome := _OUTCOMES.get(kind)) is not None:
        if alone:
            process = builder.invoke_alone(
                None if process == UNNAMED else process,
                event.f,
                key=event.key,
                value=event.value,
                time=event.time,
                line=line,
            )
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


def transaction_event(fields: Any) -> Event | None:
    """Read a transaction's event that names no process or no ``f``, as Elle's histories may.

    Its process is then ``?``, its ``f`` is ``txn``. Returns None unless that is all that is wrong.
    """
    if not isinstance(fields, dict) or not _is_transaction(fields.get("value")):
        return None
    try:
        return msgspec.convert({"process": UNNAMED, "f": "txn", **fields}, Event)
    except msgspec.ValidationError:
        return None


def _is_transaction(value: Any) -> bool:
    """Say whether a value looks like a list of micro-operations."""
    return isinstance(value, list) and (not value or isinstance(value[0], list))


def field_fault(error: msgspec.ValidationError) -> str:
    """Say which field of an event is missing or of the wrong kind."""
    # msgspec says "Expected `int`, got `str` - at `$.time`", or "... missing required field `f`".
    message = str(error)
    wrong, _, place = message.partition(" - at `$.")
    if place:
        return f"field `{place.rstrip('`')}`: {wrong[0].lower()}{wrong[1:]}"
    _, _, missing = message.partition("missing required field ")
    return f"the field {missing} is missing" if missing else message

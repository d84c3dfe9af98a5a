"""What one operation says of streams, from its own values alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from checker.models.describe import name_operation, shorten
from checker.operation import Operation, Outcome

__all__ = ["claim", "events_of", "mention", "where"]


def claim(operation: Operation) -> str:
    """Say in words what an operation says about the state."""
    name = name_operation(operation)
    if operation.f == "append":
        return f"{name} {_append(operation)}"
    answer = operation.output
    if operation.f in {"version", "head"}:
        unit = "version" if operation.f == "version" else "position"
        return f"{name} found {where(operation)} at {unit} {shorten(answer)}"
    numbers = [number for number, _ in _rows(operation)]
    if not numbers:
        return f"{name} read {where(operation)} and found nothing after {_after(operation)}"
    unit = "version" if operation.f == "read" else "position"
    if numbers == list(range(numbers[0], numbers[0] + len(numbers))):
        return f"{name} read {_span(unit, numbers[0], numbers[-1])} of {where(operation)}"
    return f"{name} read {unit}s {shorten(numbers)} of {where(operation)}"


def where(operation: Operation) -> str:
    """Name the stream or the log that an operation is about."""
    if operation.f in {"read-log", "head"}:
        return "the log"
    return f"stream {shorten(operation.key)}"


def mention(operation: Operation, event: Any) -> str:
    """Say where an operation puts an event, as far as it says."""
    name = name_operation(operation)
    number = _numbers_of(operation).get(event)
    if operation.f == "append":
        verb = "was acknowledged with" if operation.outcome is Outcome.OK else "appended"
        if number is None or operation.outcome is not Outcome.OK:
            return f"{name} {verb} it to {where(operation)}"
        return f"{name} {verb} version {number} of {where(operation)} for it"
    unit = "position" if operation.f == "read-log" else "version"
    return f"{name} shows it at {unit} {number} of {where(operation)}"


def events_of(operation: Operation) -> Sequence[Any]:
    """The ids of the events that an operation appended or shows."""
    if operation.f == "append":
        ids: Sequence[Any] = operation.value["ids"]
        return ids
    if operation.f in {"read", "read-log"}:
        return [event for _, event in _rows(operation)]
    return ()


def _numbers_of(operation: Operation) -> Mapping[Any, int]:
    """The versions of the events that an operation tells of, or their positions in the log."""
    if operation.f != "append":
        return {event: number for number, event in _rows(operation)}
    ids = operation.value["ids"]
    first = operation.output["version"] - len(ids) if operation.outcome is Outcome.OK else 0
    return {event: first + place for place, event in enumerate(ids, start=1)}


def _append(operation: Operation) -> str:
    value = operation.value
    if operation.outcome is Outcome.OK:
        last, size = operation.output["version"], len(value["ids"])
        position = operation.output.get("position")
        at = "" if position is None else f", up to position {position} of the log"
        span = _span("version", last - size + 1, last)
        return f"was acknowledged with {span} of {where(operation)}{at}"
    if operation.outcome is Outcome.INFO:
        return f"appended {shorten(value['ids'])} to {where(operation)} without an answer"
    error = operation.error
    if not isinstance(error, dict) or error.get("type") != "wrong-expected-version":
        return f"failed to append to {where(operation)} and certainly had no effect"
    actual = error.get("actual")
    found = "" if actual is None else f", as it was at version {actual}"
    expected = value["expected"]
    return f"was refused because it expected {where(operation)} at version {expected}{found}"


def _rows(operation: Operation) -> Iterator[tuple[int, Any]]:
    """The number and the id of each event of an answered page."""
    for event in operation.output["events"]:
        yield event[0], event[3 if operation.f == "read-log" else 1]


def _after(operation: Operation) -> Any:
    return (operation.value or {}).get("after", 0)


def _span(unit: str, first: int, last: int) -> str:
    return f"{unit} {first}" if first == last else f"{unit}s {first}-{last}"

"""What a violation of streams is called in words, from its operations alone.

Both engines find the same anomalies with the same operations, and both are explained here. Each
anomaly's operations stand in the order of ``docs/reference/anomalies.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from types import MappingProxyType
from typing import Any, Final

from checker.models.describe import name_operation, shorten
from checker.monitors.streams.claims import claim, events_of, mention, where
from checker.monitors.violation import sentence
from checker.operation import Operation

__all__ = ["explain"]


def explain(anomaly: str, operations: Sequence[Operation]) -> str:
    """Say in one sentence what the operations of a violation show together."""
    return sentence(_WORDS[anomaly](*operations))


def _lost_append(lost: Operation, *others: Operation) -> str:
    *rivals, reader = others
    kept = "".join(f" and {claim(rival)} as well," for rival in rivals)
    begins = "," if kept or _overlap(lost, reader) else f" before {name_operation(reader)} began,"
    return f"{claim(lost)}{begins}{kept} but {claim(reader)}, and no read ever shows the first one"


def _phantom(reader: Operation, *writers: Operation) -> str:
    for writer in writers:
        event = _shared(reader, writer)
        return f"{mention(reader, event)}, event {shorten(event)}, but {mention(writer, event)}"
    shown = shorten(events_of(reader))
    return f"{claim(reader)}, and shows an event that no operation appended: one of {shown}"


def _aborted_visible(reader: Operation, refused: Operation) -> str:
    event = _shared(reader, refused)
    return (
        f"event {shorten(event)} is there, {mention(reader, event)}, but its append, "
        f"{name_operation(refused)}, failed and certainly had no effect"
    )


def _late_position(reader: Operation, append: Operation, *witnesses: Operation) -> str:
    shown = "".join(f", as {name_operation(witness)} shows" for witness in witnesses)
    return (
        f"{claim(reader)}, and left out where {name_operation(append)} appended an event{shown}: "
        "it came late, below what had been read already, and a reader that goes on from there "
        "never sees it"
    )


def _divergent(*operations: Operation) -> str:
    one, other, *appends = operations
    if one.f == other.f == "append":
        return (
            f"the same append was acknowledged at two places: {claim(one)}, but {claim(other)}"
            if one.value == other.value
            else f"one place is told of twice: {claim(one)}, but {claim(other)}"
        )
    by = "".join(f"; {claim(append)}" for append in appends)
    return f"two events are told of at one place: {_shows(one)}, but {_shows(other)}{by}"


def _duplicate(one: Operation, other: Operation | None = None) -> str:
    if other is None:
        ids = shorten(events_of(one))
        return f"{claim(one)}, but names an event id twice: {ids}"
    event = _shared(one, other)
    if one.f == other.f == "append":
        return (
            f"{name_operation(one)} and {name_operation(other)} were both acknowledged, but are "
            f"different appends that share an event id: {shorten(event)}"
        )
    return (
        f"event {shorten(event)} is in {where(one)} twice: {mention(one, event)}, but "
        f"{mention(other, event)}"
    )


def _overlaps(one: Operation, other: Operation) -> str:
    return f"{claim(one)}, and {claim(other)} as well: one of them was overwritten"


def _missing_events(teller: Operation, *others: Operation) -> str:
    skips = _skipped(teller)
    if skips:
        told = "".join(f", though {claim(other)}" for other in others)
        return f"{claim(teller)}, but not {skips}{told}"
    below = claim(others[0]) if others else "nothing"
    return (
        f"{claim(teller)}, but no append can have filled the place below it; next below it: {below}"
    )


def _expected_violated(append: Operation, cause: Operation | None = None) -> str:
    expected = append.value["expected"]
    tells = "" if cause is None else f": {claim(cause)}"
    return (
        f"{claim(append)}, though it expected {where(append)} at version {expected}, where it was "
        f"not{tells}"
    )


def _torn_read(reader: Operation, *appends: Operation) -> str:
    if not appends:
        return (
            f"{claim(reader)} and found its end in the middle of an append of several events: it "
            "saw a part of what happens at once"
        )
    names = " and ".join(name_operation(append) for append in appends)
    return (
        f"{_shows(reader)}, so that the events of one append do not stand together: those of "
        f"{names} share places"
    )


def _version_mismatch(*operations: Operation) -> str:
    told = ", but ".join(map(claim, operations))
    event = _shared(*operations[:2]) if len(operations) > 1 else None
    of = "of one event" if event is None else f"of event {shorten(event)}"
    return f"{told}: the numbers {of} disagree"


def _unjustified_conflict(refused: Operation, *knew: Operation) -> str:
    if not knew:
        return f"{claim(refused)}, which cannot have been why: it was never so, or was as expected"
    return (
        f"{_before(refused, knew)}: its expectation was met, or the version that it was told was "
        "not the stream's then"
    )


def _future_read(late: Operation, *early: Operation) -> str:
    known = ", and ".join(map(claim, early))
    return f"{known}, but only afterwards did the append begin that makes it so: {claim(late)}"


def _stale_read(late: Operation, *early: Operation) -> str:
    return _before(late, early)


def _stale_append(late: Operation, *early: Operation) -> str:
    if not early:
        return f"{claim(late)}, which nothing that happened before it allows"
    known = ", and ".join(map(claim, early))
    return f"{claim(late)}, but it began after {known}, which comes after that in the log"


def _no_state(wrong: Operation, *others: Operation) -> str:
    limit = (wrong.value or {}).get("limit") if wrong.f in {"read", "read-log"} else None
    if limit is not None and len(events_of(wrong)) > limit:
        return f"{claim(wrong)}, more than the {limit} that it asked for"
    below = "".join(
        f"; the last that can have been appended there: {claim(other)}" for other in others
    )
    return f"{claim(wrong)}, but it never was there{below}"


def _before(late: Operation, early: Sequence[Operation]) -> str:
    if not early:
        return f"{claim(late)}, which nothing that happened before it allows"
    known = ", and ".join(map(claim, early))
    return f"{claim(late)}, but {known} before it began"


def _shows(operation: Operation) -> str:
    if operation.f in {"read", "read-log"}:
        return f"{claim(operation)} as {shorten(events_of(operation))}"
    return claim(operation)


def _skipped(reader: Operation) -> str:
    """The number that a page leaves out."""
    if reader.f not in {"read", "read-log"} or not events_of(reader):
        return ""
    unit = "version" if reader.f == "read" else "position"
    numbers = [event[0] for event in reader.output["events"]]
    first = (reader.value or {}).get("after", 0) + 1
    wrong = next((want for want, got in enumerate(numbers, start=first) if want != got), None)
    return "" if wrong is None else f"{unit} {wrong}"


def _shared(*operations: Operation) -> Any:
    """An event that two operations both speak of; None if there is none."""
    told = map(events_of, operations)
    for one, other in combinations(told, 2):
        for event in one:
            if event in other:
                return event
    return None


def _overlap(one: Operation, other: Operation) -> bool:
    return one.completed is None or one.completed >= other.invoked


_WORDS: Final[Mapping[str, Callable[..., str]]] = MappingProxyType(
    {
        "lost-append": _lost_append,
        "phantom": _phantom,
        "aborted-visible": _aborted_visible,
        "late-position": _late_position,
        "divergent": _divergent,
        "duplicate": _duplicate,
        "overlap": _overlaps,
        "missing-events": _missing_events,
        "expected-violated": _expected_violated,
        "torn-read": _torn_read,
        "version-mismatch": _version_mismatch,
        "unjustified-conflict": _unjustified_conflict,
        "future-read": _future_read,
        "stale-read": _stale_read,
        "stale-append": _stale_append,
        "no-state": _no_state,
    }
)

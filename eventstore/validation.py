"""The rules of appends and reads, checked before anything is sent.

Every store calls these functions first, so all of them refuse the same requests in the same words.
It decides nothing that depends on what the log holds. The rules of a single event are in
`eventstore.encoding`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import msgspec

from eventstore.encoding import EncodedEvent, encode_event, tag_fault
from eventstore.errors import InvalidEvent, InvalidRequest
from eventstore.event import Event
from eventstore.query import Query, QueryItem
from eventstore.store import READ_LIMIT_MAX, Boundary, Write
from eventstore.stream import Expect, ExpectedVersion, StreamName, stream_name

__all__ = [
    "APPEND_BYTES_MAX",
    "APPEND_EVENTS_MAX",
    "PAGE_BYTES_MIN",
    "QUERY_ITEMS_MAX",
    "QUERY_NAMES_MAX",
    "WAIT_SECONDS_MAX",
    "EncodedWrite",
    "check_append",
    "check_append_all",
    "check_ids",
    "check_page",
    "check_query",
    "check_read",
    "check_read_backwards",
    "check_wait",
]

APPEND_EVENTS_MAX: Final = 1_000
"""The most events of one append."""

APPEND_BYTES_MAX: Final = 16 * 1024 * 1024
"""The most bytes of one append, data and metadata of all its events as JSON."""

PAGE_BYTES_MIN: Final = 4 * 1024 * 1024
"""The least bound of a page of the log: several events of the largest size fit into it."""

QUERY_ITEMS_MAX: Final = 16
"""The most items of one query: each is looked up for itself, some of them under the log's lock."""

QUERY_NAMES_MAX: Final = 64
"""The most categories, types or tags of one item."""

WAIT_SECONDS_MAX: Final = 24 * 3600
"""The longest wait for a position."""

_POSITION_MAX: Final = 2**63 - 1


class EncodedWrite(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A write that keeps the rules."""

    stream: StreamName
    events: list[EncodedEvent]
    expected: ExpectedVersion


def check_append(
    stream: str,
    events: Sequence[Event],
    expected: ExpectedVersion,
    boundary: Boundary | None = None,
) -> tuple[StreamName, list[EncodedEvent]]:
    """Check an append, and encode its events.

    Raises:
        InvalidStreamName, InvalidEvent, InvalidRequest: says which rule is broken, and where.
    """
    name = stream_name(stream)
    _check_expected(expected)
    if boundary is not None:
        _check_boundary(boundary)
    where = f"append to {name!r}"
    encoded = _encode(where, events)
    _check_whole(where, encoded)
    return name, encoded


def check_append_all(
    writes: Sequence[Write], boundary: Boundary | None = None
) -> tuple[EncodedWrite, ...]:
    """Check an append to several streams, and encode its events.

    Raises:
        InvalidStreamName, InvalidEvent, InvalidRequest: says which rule is broken, and where.
    """
    if not writes:
        raise InvalidRequest("append to several streams: there are none; give at least one write.")
    if boundary is not None:
        _check_boundary(boundary)
    checked: list[EncodedWrite] = []
    for write in writes:
        name = stream_name(write.stream)
        _check_expected(write.expected)
        if any(name == other.stream for other in checked):
            raise InvalidRequest(
                f"append to several streams: {name!r} occurs twice. Put all of its events into one."
            )
        encoded = _encode(f"append to {name!r}", write.events)
        checked.append(EncodedWrite(stream=name, events=encoded, expected=write.expected))
    _check_whole("append to several streams", [e for write in checked for e in write.events])
    return tuple(checked)


def check_read(after: int, limit: int, until: int | None = None) -> None:
    """Check the range of a read forwards.

    Raises:
        InvalidRequest: says which bound is out of range.
    """
    if not _is_place(after):
        raise InvalidRequest(
            f"read after {after!r}: a version or a position is an integer of at least 0; "
            "0 reads from the start."
        )
    _check_extent(limit, until)


def check_page(after: int, limit: int, until: int | None, bytes_max: int) -> None:
    """Check the range and the bound of a page of the log.

    Raises:
        InvalidRequest: says which is out of range.
    """
    check_read(after, limit, until)
    if not _is_place(bytes_max) or bytes_max < PAGE_BYTES_MIN:
        raise InvalidRequest(
            f"read at most {bytes_max!r} bytes: a page has at least {PAGE_BYTES_MIN}."
        )


def check_read_backwards(before: int | None, limit: int, until: int | None = None) -> None:
    """Check the range of a read backwards.

    Raises:
        InvalidRequest: says which bound is out of range.
    """
    if before is not None and not _is_place(before):
        raise InvalidRequest(
            f"read before {before!r}: a version or a position is an integer of at least 0; "
            "None reads from the end."
        )
    _check_extent(limit, until)


def check_query(query: Query) -> None:
    """Check a query.

    Raises:
        InvalidRequest: says which rule is broken, and in which item.
    """
    if not isinstance(query, Query):
        raise InvalidRequest(f"query: it is a {type(query).__name__}, not a Query.")
    if not 1 <= len(query.items) <= QUERY_ITEMS_MAX:
        raise InvalidRequest(
            f"query: it has {len(query.items)} items, a query has 1 to {QUERY_ITEMS_MAX}; "
            "Query.everything() matches all events."
        )
    for number, item in enumerate(query.items, 1):
        _check_item(f"query, item {number} of {len(query.items)}", item)


def check_ids(event_ids: Sequence[UUID]) -> None:
    """Check the event ids of an append whose outcome is asked for.

    Raises:
        InvalidRequest: says what is wrong with them.
    """
    if not 1 <= len(event_ids) <= APPEND_EVENTS_MAX:
        raise InvalidRequest(
            f"outcome of {len(event_ids)} event ids: an append has 1 to {APPEND_EVENTS_MAX}."
        )
    for event_id in event_ids:
        if not isinstance(event_id, UUID):
            raise InvalidRequest(f"outcome: event id {event_id!r} is not a UUID.")
    if len(set(event_ids)) < len(event_ids):
        raise InvalidRequest("outcome: an event id occurs twice, which no append has.")


def check_wait(position: int, timeout_seconds: float) -> None:
    """Check a wait for a position.

    Raises:
        InvalidRequest: says what is out of range.
    """
    if not _is_place(position):
        raise InvalidRequest(f"wait for {position!r}: a position is an integer of at least 0.")
    if not 0 <= timeout_seconds <= WAIT_SECONDS_MAX:
        raise InvalidRequest(
            f"wait for {timeout_seconds!r} s: the limit is 0 to {WAIT_SECONDS_MAX} s."
        )


def _encode(where: str, events: Sequence[Event]) -> list[EncodedEvent]:
    if not 1 <= len(events) <= APPEND_EVENTS_MAX:
        raise InvalidRequest(
            f"{where}: it has {len(events)} events, an append has 1 to {APPEND_EVENTS_MAX}."
        )
    encoded: list[EncodedEvent] = []
    try:
        for event in events:
            encoded.append(encode_event(event))  # noqa: PERF401 - its length says where it failed
    except InvalidEvent as error:
        raise InvalidEvent(f"{where}, event {len(encoded) + 1} of {len(events)}: {error}") from None
    return encoded


def _check_whole(where: str, encoded: Sequence[EncodedEvent]) -> None:
    if len(encoded) > APPEND_EVENTS_MAX:
        raise InvalidRequest(
            f"{where}: it has {len(encoded)} events, an append has 1 to {APPEND_EVENTS_MAX}."
        )
    if len(encoded) == 1:
        return  # what else there is to check is about several
    size = 0
    ids: set[UUID] = set()
    for number, event in enumerate(encoded, 1):
        if event.id in ids:
            raise InvalidEvent(
                f"{where}, event {number} of {len(encoded)}: its id {event.id} occurs twice in "
                "the append. Give every event an id of its own."
            )
        ids.add(event.id)
        size += len(event.data) + len(event.metadata)
    if size > APPEND_BYTES_MAX:
        raise InvalidRequest(
            f"{where}: its events have {size} bytes as JSON, at most "
            f"{APPEND_BYTES_MAX} go into one append."
        )


def _check_expected(expected: ExpectedVersion) -> None:
    if not isinstance(expected, Expect) and not _is_place(expected):
        raise InvalidRequest(
            f"expected version {expected!r}: it is ANY, EXISTS, ABSENT or an integer of at least 0."
        )


def _check_boundary(boundary: Boundary) -> None:
    if not isinstance(boundary, Boundary):
        raise InvalidRequest(f"boundary: it is a {type(boundary).__name__}, not a Boundary.")
    check_query(boundary.query)
    if not _is_place(boundary.after):
        raise InvalidRequest(
            f"boundary after {boundary.after!r}: a position is an integer of at least 0; "
            "0 refuses any event that matches."
        )


def _check_item(where: str, item: QueryItem) -> None:
    if not isinstance(item, QueryItem):
        raise InvalidRequest(f"{where}: it is a {type(item).__name__}, not a QueryItem.")
    named: dict[str, Any] = {"categories": item.categories, "types": item.types, "tags": item.tags}
    for field, names in named.items():
        _check_names(where, field, names)
    for category in item.categories:
        if "-" in category:  # a boundary drawn by it would never be crossed
            raise InvalidRequest(
                f"{where}: {category[:40]!r} is no category: it is what stands before the first "
                "hyphen of a stream's name."
            )
    for tag in item.tags:
        if fault := tag_fault(tag):
            raise InvalidRequest(f"{where}: its tag {tag[:40]!r} is none: {fault}.")


def _check_names(where: str, field: str, names: Any) -> None:
    if not isinstance(names, tuple) or len(names) > QUERY_NAMES_MAX:
        raise InvalidRequest(f"{where}: its {field} are not a tuple of up to {QUERY_NAMES_MAX}.")
    for name in names:
        if not isinstance(name, str) or not name.isprintable():
            raise InvalidRequest(f"{where}: {name!r} among its {field} is no printable text.")
        if not name and field != "tags":  # of a variable that a script did not set
            raise InvalidRequest(f"{where}: one of its {field} is empty, and matches nothing.")


def _check_extent(limit: int, until: int | None) -> None:
    if not _is_place(limit) or not 1 <= limit <= READ_LIMIT_MAX:
        raise InvalidRequest(
            f"read at most {limit!r} events: the limit is 1 to {READ_LIMIT_MAX}; "
            "page on with the last version or position."
        )
    if until is not None and not _is_place(until):
        raise InvalidRequest(f"read until {until!r}: a position is an integer of at least 0.")


def _is_place(value: object) -> bool:
    """Whether it can be a version or a position."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _POSITION_MAX

"""Between the types of the store and the messages of the contract. No I/O.

Data and metadata travel as the JSON text that is stored. What a client sent is decoded here and
judged by the store's own rules; only what cannot be decoded at all is refused here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any, Final
from uuid import UUID

import msgspec

from eventstore.errors import InvalidEvent, InvalidRequest
from eventstore.event import Event, RecordedEvent
from eventstore.grpc import eventstore_pb2 as pb
from eventstore.query import Query, QueryItem
from eventstore.store import Appended, Boundary, Write
from eventstore.stream import Expect, ExpectedVersion, Position, StreamName, StreamVersion

__all__ = [
    "PAGE_BYTES",
    "appended_from",
    "appended_to",
    "boundary_from",
    "boundary_to",
    "pages",
    "query_from",
    "query_to",
    "recorded_from",
    "recorded_to",
    "uuid_from",
    "write_from",
    "write_to",
]

PAGE_BYTES: Final = 1024 * 1024
"""A page is sent when it has reached so many bytes: with one more event, which has less than this
too, it fits into gRPC's usual limit of 4 MiB a message."""

_UUID_BYTES: Final = 16


def write_to(write: Write) -> pb.Write:
    """Encode one stream's share of an append; the rules were checked before."""
    return pb.Write(
        stream=write.stream,
        events=[_event_to(event) for event in write.events],
        expected=_expected_to(write.expected),
    )


def write_from(message: pb.Write) -> Write:
    """Decode one stream's share of an append.

    Raises:
        InvalidEvent, InvalidRequest: an id or JSON cannot be decoded, or nothing is expected.
    """
    return Write(
        stream=StreamName(message.stream),
        events=[_event_from(event) for event in message.events],
        expected=_expected_from(message),
    )


def boundary_to(boundary: Boundary | None) -> pb.Boundary | None:
    """Encode a boundary."""
    if boundary is None:
        return None
    return pb.Boundary(query=query_to(boundary.query), after=boundary.after)


def boundary_from(request: pb.AppendRequest) -> Boundary | None:
    """Decode the boundary of an append, null if it has none."""
    if not request.HasField("boundary"):
        return None
    return Boundary(_query_of(request.boundary.query), Position(request.boundary.after))


def query_to(query: Query | None) -> pb.Query | None:
    """Encode a query."""
    if query is None:
        return None
    return pb.Query(
        items=[
            pb.QueryItem(categories=item.categories, types=item.types, tags=item.tags)
            for item in query.items
        ]
    )


def query_from(request: pb.ReadLogRequest | pb.SubscribeRequest) -> Query | None:
    """Decode the query of a request, null if it has none."""
    return _query_of(request.query) if request.HasField("query") else None


def appended_to(appended: Appended) -> pb.Appended:
    """Encode an acknowledgement."""
    return pb.Appended(
        stream=appended.stream,
        version=appended.version,
        position=appended.position,
        events=appended.events,
        repeated=appended.repeated,
    )


def appended_from(message: pb.Appended) -> Appended:
    """Decode an acknowledgement."""
    return Appended(
        stream=StreamName(message.stream),
        version=StreamVersion(message.version),
        position=Position(message.position),
        events=message.events,
        repeated=message.repeated,
    )


def recorded_to(event: RecordedEvent) -> pb.RecordedEvent:
    """Encode a recorded event."""
    message = pb.RecordedEvent(
        event=_event_to(event), stream=event.stream, version=event.version, position=event.position
    )
    message.recorded_at.FromDatetime(event.recorded_at)
    return message


def recorded_from(message: pb.RecordedEvent) -> RecordedEvent:
    """Decode a recorded event."""
    event = _event_from(message.event)
    return RecordedEvent(
        id=event.id,
        type=event.type,
        data=event.data,
        metadata=event.metadata,
        tags=event.tags,
        stream=StreamName(message.stream),
        version=StreamVersion(message.version),
        position=Position(message.position),
        recorded_at=message.recorded_at.ToDatetime(tzinfo=dt.UTC),
    )


def pages(events: Iterable[RecordedEvent]) -> Iterator[list[pb.RecordedEvent]]:
    """Cut events into pages of bounded size; none if there are no events."""
    page: list[pb.RecordedEvent] = []
    size = 0
    for event in events:
        message = recorded_to(event)
        page.append(message)
        size += message.ByteSize()
        if size >= PAGE_BYTES:
            yield page
            page, size = [], 0
    if page:
        yield page


def uuid_from(data: bytes) -> UUID:
    """Decode a UUID.

    Raises:
        InvalidRequest: it does not have 16 bytes.
    """
    if len(data) != _UUID_BYTES:
        raise InvalidRequest(f"an event id has {len(data)} bytes; a UUID has {_UUID_BYTES}.")
    return UUID(bytes=data)


def _event_to(event: Event | RecordedEvent) -> pb.Event:
    return pb.Event(
        id=event.id.bytes,
        type=event.type,
        data=msgspec.json.encode(event.data),
        metadata=msgspec.json.encode(event.metadata),
        tags=event.tags,
    )


def _event_from(message: pb.Event) -> Event:
    return Event(
        id=uuid_from(message.id),
        type=message.type,
        data=_decoded(message, "data", message.data or b"null"),
        metadata=_decoded(message, "metadata", message.metadata or b"{}"),
        tags=tuple(message.tags),
    )


def _decoded(message: pb.Event, part: str, text: bytes) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidEvent(
            f"event of type {message.type!r}: its {part} is no JSON: {error}."
        ) from None


def _expected_to(expected: ExpectedVersion) -> pb.Expected:
    match expected:
        case Expect.ANY:
            return pb.Expected(any=pb.Expected.Any())
        case Expect.EXISTS:
            return pb.Expected(exists=pb.Expected.Exists())
        case Expect.ABSENT:
            return pb.Expected(absent=pb.Expected.Absent())
        case version:
            return pb.Expected(version=version)


def _expected_from(message: pb.Write) -> ExpectedVersion:
    match message.expected.WhichOneof("kind"):
        case "version":
            return StreamVersion(message.expected.version)
        case None:
            raise InvalidRequest(
                f"append to {message.stream!r}: it does not say what it expects of the stream: "
                "set a version, any, exists or absent."
            )
        case kind:
            return Expect(kind)


def _query_of(message: pb.Query) -> Query:
    return Query(
        tuple(
            QueryItem(tuple(item.categories), tuple(item.types), tuple(item.tags))
            for item in message.items
        )
    )

"""`eventstore.wire` for the hot path: the same messages, as the bytes of the protocol. No I/O.

The headers of a message of our own making have one order, so one regular expression reads them all,
and most messages of a log share their subject with others, so what a subject says is remembered.
Any other message goes through `wire.decode`, which knows all there is to complain of.

It promises to agree with `wire.encode` to the byte, and with `wire.decode` on every message; tests
hold it to that.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, Protocol, cast
from uuid import UUID

import msgspec

from eventstore import wire
from eventstore.errors import ForeignMessage, InvalidEvent
from eventstore.event import RecordedEvent
from eventstore.stream import Position, StreamName, StreamVersion, stream_name
from eventstore.uncollected import uncollected

__all__ = [
    "Carried",
    "WireBytes",
    "decode",
    "decode_all",
    "decode_at",
    "encode",
    "encode_parts",
    "header_fields",
    "subject_for",
]

_SUBJECTS_REMEMBERED: Final = 1 << 16

_FEW: Final = 8
"""Fewer messages are read faster one by one than column by column."""

_OURS: Final = re.compile(
    # Possessive: what is not ours is seen at once, and what is takes half the time. Where a value
    # is taken as it comes, whoever decodes it is as strict as `wire.decode`.
    rb"NATS/1\.0\r\n"
    rb"Nats-Msg-Id: ([0-9a-f-]{36})\r\n"
    rb"Trueorder-Position: ([1-9][0-9]{0,18}+)\r\n"
    rb"Trueorder-Previous-Position: ([0-9]{1,19}+)\r\n"
    rb"Trueorder-Stream-Version: ([1-9][0-9]{0,18}+)\r\n"
    rb"Trueorder-Recorded-At: ([0-9T:.-]{26}\+00:00)\r\n"
    rb"Content-Type: application/json\r\n"
    rb"(?:Trueorder-Metadata: (\{[^\r]*+)\r\n)?+"
    rb"(?:Trueorder-Tags: ([^\r]*+)\r\n)?+"
    rb"(?:traceparent: [^\r]*+\r\n)?+"
    # Publishing adds headers of its own.
    rb"(?:Nats-[^\r]*+\r\n)*+\r\n"
)

_decode_id: Final = msgspec.json.Decoder(UUID).decode
_decode_ids: Final = msgspec.json.Decoder(list[UUID]).decode
_decode_times: Final = msgspec.json.Decoder(list[dt.datetime]).decode
_decode_json: Final = msgspec.json.Decoder().decode
_decode_metadata: Final = msgspec.json.Decoder(dict[str, Any]).decode
_decode_tags: Final = msgspec.json.Decoder(tuple[str, ...]).decode
_instant: Final = dt.datetime.fromisoformat


class WireBytes(msgspec.Struct, frozen=True, gc=False):
    """An event as it goes through the socket; ``headers`` are lines that end in CR LF."""

    position: Position
    id: UUID
    subject: bytes
    headers: bytes
    body: bytes


def encode(event: RecordedEvent) -> WireBytes:
    """Write an event as a message; see `wire.encode`.

    Raises:
        InvalidEvent: data or metadata are no JSON values, or the subject would be too long.
    """
    return encode_parts(
        event.position,
        event.id,
        str(event.id),
        _subject_of(event),
        event.version,
        event.recorded_at.astimezone(dt.UTC).isoformat(timespec="microseconds"),
        wire.encode_data(event),
        wire.optional_headers(event) if event.metadata or event.tags else None,
    )


def encode_parts(
    position: Position,
    event_id: UUID,
    id_text: str,
    subject: bytes,
    version: StreamVersion,
    recorded_at: str,
    body: bytes,
    optional: Mapping[str, str] | None,
) -> WireBytes:
    """Write an event that is at hand in parts: its data as JSON, its rarer headers if any.

    ``recorded_at`` is as RFC 3339 has it, with microseconds, in UTC.
    """
    headers = (
        f"{wire.EVENT_ID}: {id_text}\r\n"
        f"{wire.POSITION}: {position}\r\n"
        f"Trueorder-Previous-Position: {position - 1}\r\n"
        f"Trueorder-Stream-Version: {version}\r\n"
        f"Trueorder-Recorded-At: {recorded_at}\r\n"
        "Content-Type: application/json\r\n"
    )
    if optional:
        headers += "".join(f"{name}: {value}\r\n" for name, value in optional.items())
    return WireBytes(position, event_id, subject, headers.encode(), body)


def _subject_of(event: RecordedEvent) -> bytes:
    try:
        return subject_for(event.stream, event.type)
    except ValueError as error:
        raise InvalidEvent(f"event {event.id}: {error}") from error


@lru_cache(maxsize=_SUBJECTS_REMEMBERED)
def subject_for(stream: StreamName, event_type: str) -> bytes:
    """Name the subject of the events of a type in a stream; see `wire.subject_for`.

    Raises:
        ValueError: as that says.
    """
    return wire.subject_for(stream, event_type).encode()


def decode(subject: bytes, headers: bytes, body: bytes) -> RecordedEvent:
    """Read a message back as the event it carries; see `wire.decode`.

    Raises:
        ForeignMessage: nobody following the contract wrote that message; says what is wrong.
    """
    ours = _OURS.fullmatch(headers)
    if ours is not None:
        event_id, position, previous, version, recorded_at, metadata, tags = ours.groups()
        number = int(position)
        try:
            if int(previous) == number - 1:
                stream, event_type = _names(subject)
                return RecordedEvent(
                    id=_decode_id(b'"%b"' % event_id),
                    type=event_type,
                    data=_decode_json(body),
                    metadata=_decode_metadata(metadata) if metadata else {},
                    stream=stream,
                    version=StreamVersion(int(version)),
                    position=Position(number),
                    recorded_at=_instant(recorded_at.decode()),
                    tags=_decode_tags(tags) if tags else (),
                )
        except Exception:  # noqa: BLE001, S110 - whatever is wrong, the careful way has words for it
            pass
    return wire.decode(subject.decode("utf-8", "replace"), header_fields(headers), body)


def decode_at(sequence: int, subject: bytes, headers: bytes, body: bytes) -> RecordedEvent:
    """Read the message that is at a place in the stream, where its event's position must be.

    Raises:
        ForeignMessage: it is none of the log's, or its event is of another position.
    """
    try:
        event = decode(subject, headers, body)
    except ForeignMessage as error:
        raise ForeignMessage(error.subject, error.reason, sequence) from error
    if event.position != sequence:
        reason = f"it says position {event.position}"
        raise ForeignMessage(subject.decode("utf-8", "replace"), reason, sequence)
    return event


class Carried(Protocol):
    """A message as it came, whoever brought it; ``headers`` is the whole block."""

    @property
    def subject(self) -> bytes: ...  # noqa: D102 - said above
    @property
    def headers(self) -> bytes: ...  # noqa: D102
    @property
    def body(self) -> bytes: ...  # noqa: D102


def decode_all(messages: Sequence[Carried]) -> list[RecordedEvent] | None:
    """Read many messages at once; faster than one by one.

    Null if any of them needs the careful way, or is none of the log's: see what `decode` says.
    """
    try:
        if len(messages) < _FEW:
            return [decode(one.subject, one.headers, one.body) for one in messages]
        with uncollected():
            return _decode_all(messages)
    except Exception:  # noqa: BLE001 - whatever is wrong, `decode` has words for it
        return None


def _decode_all(messages: Sequence[Carried]) -> list[RecordedEvent] | None:
    """Convert column by column. Raises whatever it does if a message is not of our making."""
    ours = map(_OURS.fullmatch, [message.headers for message in messages])
    found = [match.groups() for match in ours if match is not None]
    if len(found) < len(messages):
        return None
    ids, positions, before, versions, times, metadata, tags = zip(*found, strict=True)
    numbers = list(map(int, positions))
    if [number - 1 for number in numbers] != list(map(int, before)):
        return None
    streams, types = zip(*map(_names, [message.subject for message in messages]), strict=True)
    # By position, in the order of the struct's fields: by name it takes almost twice as long.
    return list(
        map(
            RecordedEvent,
            _decode_ids(_texts(ids)),
            types,
            map(_decode_json, [message.body for message in messages]),
            [_decode_metadata(text) if text else {} for text in metadata],
            streams,
            cast("Iterable[StreamVersion]", map(int, versions)),
            cast("Iterable[Position]", numbers),
            _decode_times(_texts(times)),
            [_decode_tags(text) if text else () for text in tags],
        )
    )


def _texts(column: Sequence[bytes]) -> bytes:
    """Write plain texts as a JSON array."""
    return b'["%b"]' % b'","'.join(column)


@lru_cache(maxsize=_SUBJECTS_REMEMBERED)
def _names(subject: bytes) -> tuple[StreamName, str]:
    """Take stream name and event type from a subject."""
    stream, event_type = wire.names_of(subject.decode())
    return stream_name(stream), event_type


def header_fields(block: bytes) -> dict[str, str]:
    """Read a block of headers, from ``NATS/1.0`` to the empty line; of a repeated one the first."""
    fields: dict[str, str] = {}
    for line in block.decode("utf-8", "replace").split("\r\n")[1:]:
        name, colon, value = line.partition(":")
        if colon:
            fields.setdefault(name.strip(), value.strip())
    return fields

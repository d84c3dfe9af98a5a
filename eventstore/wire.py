"""Recorded events on the wire: what a message of the stream `EVENTS` looks like. No I/O.

A message is a subject, headers and a body:

- subject ``events.CATEGORY.STREAM.TYPE``, each token escaped by `escape_token`;
- headers ``Nats-Msg-Id`` (the event's id), ``Trueorder-Position``, ``Trueorder-Previous-Position``,
  ``Trueorder-Stream-Version``, ``Trueorder-Recorded-At`` (RFC 3339, UTC), ``Trueorder-Metadata``
  (JSON, ASCII; only if there is any), ``Trueorder-Tags`` (a JSON array, ASCII; only if there is
  any), ``Content-Type`` and, if the metadata has it, ``traceparent`` (W3C Trace Context);
- body: the event's data as JSON, UTF-8.

It promises that `decode` gives back exactly the event that `encode` was given, and that a message
is a function of its event: whoever publishes a position publishes the same bytes. It deliberately
does not know ``Nats-Expected-Last-Sequence``: that header belongs to the act of publishing.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote_to_bytes
from uuid import UUID

import msgspec

from eventstore.errors import ForeignMessage, InvalidEvent, InvalidStreamName
from eventstore.event import RecordedEvent
from eventstore.stream import Position, StreamName, StreamVersion, category_of, stream_name

__all__ = [
    "EVENT_ID",
    "POSITION",
    "STREAM",
    "SUBJECTS",
    "SUBJECT_BYTES_MAX",
    "WireMessage",
    "decode",
    "encode",
    "encode_data",
    "escape_token",
    "names_of",
    "optional_headers",
    "subject_for",
    "subject_of",
    "unescape_token",
]

STREAM: Final = "EVENTS"
"""The JetStream stream that carries the log."""

SUBJECTS: Final = "events.>"
"""All subjects of the log."""

SUBJECT_BYTES_MAX: Final = 3072
"""The longest subject. Names and types of 255 bytes fit, even if each byte is escaped, and so does
the rest of a protocol line, which NATS limits to 4096 bytes."""

EVENT_ID: Final = "Nats-Msg-Id"
POSITION: Final = "Trueorder-Position"
_PREVIOUS: Final = "Trueorder-Previous-Position"
_VERSION: Final = "Trueorder-Stream-Version"
_RECORDED_AT: Final = "Trueorder-Recorded-At"
_METADATA: Final = "Trueorder-Metadata"
_TAGS: Final = "Trueorder-Tags"
_CONTENT_TYPE: Final = "Content-Type"
_TRACEPARENT: Final = "traceparent"

_JSON: Final = "application/json"
_TRACEPARENT_FORM: Final = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_SUBJECT_FORM: Final = re.compile(r"events\.([^.]+)\.([^.]+)\.([^.]+)", re.DOTALL)
_NOT_ASCII: Final = re.compile(r"[^\x00-\x7f]")
_FORBIDDEN: Final = re.compile(r"[\x00-\x20%*.>\x7f]")
_BROKEN_ESCAPE: Final = re.compile(r"%(?![0-9A-F]{2})")


class WireMessage(msgspec.Struct, frozen=True, kw_only=True):
    """An event as JetStream carries it."""

    subject: str
    headers: dict[str, str]
    body: bytes


def escape_token(text: str) -> str:
    """Write any text as one token of a subject.

    NATS forbids space, control characters, ``.``, ``*`` and ``>`` in a token. Each of them, and
    ``%``, becomes ``%`` and two upper-case hexadecimal digits, as in a URL; everything else, also
    what is not ASCII, stands for itself in UTF-8.
    """
    return _FORBIDDEN.sub(lambda match: f"%{ord(match[0]):02X}", text)


def unescape_token(token: str) -> str:
    """Read back what `escape_token` wrote.

    Raises:
        ValueError: the token is not of its making.
    """
    if _BROKEN_ESCAPE.search(token):
        raise ValueError(f"{token!r} has a % that does not begin an escape")
    return unquote_to_bytes(token).decode("utf-8")


def subject_of(event: RecordedEvent) -> str:
    """Name the subject of an event.

    Raises:
        InvalidEvent: a part is empty or not text, or the subject would be too long. A store that
            checks names and types never records such an event.
    """
    try:
        return subject_for(event.stream, event.type)
    except ValueError as error:
        raise InvalidEvent(f"event {event.id}: {error}") from error


def subject_for(stream: StreamName, event_type: str) -> str:
    """Name the subject of the events of a type in a stream.

    Raises:
        ValueError: as `subject_of` says.
    """
    tokens = (category_of(stream), stream, event_type)
    subject = ".".join(("events", *map(escape_token, tokens)))
    try:
        length = len(subject.encode("utf-8"))
    except UnicodeEncodeError as error:
        raise ValueError("its stream or type is no Unicode text") from error
    if not all(tokens):
        raise ValueError("its category, stream or type is empty")
    if length > SUBJECT_BYTES_MAX:
        raise ValueError(
            f"its subject has {length} bytes, at most {SUBJECT_BYTES_MAX} are possible: use "
            "shorter stream names and event types."
        )
    return subject


def encode(event: RecordedEvent) -> WireMessage:
    """Write an event as a message.

    Raises:
        InvalidEvent: data or metadata are no JSON values, or see `subject_of`.
    """
    headers = {
        EVENT_ID: str(event.id),
        POSITION: str(event.position),
        _PREVIOUS: str(event.position - 1),
        _VERSION: str(event.version),
        _RECORDED_AT: event.recorded_at.astimezone(dt.UTC).isoformat(timespec="microseconds"),
        _CONTENT_TYPE: _JSON,
    }
    headers |= optional_headers(event)
    return WireMessage(subject=subject_of(event), headers=headers, body=encode_data(event))


def encode_data(event: RecordedEvent) -> bytes:
    """Write the body of an event's message.

    Raises:
        InvalidEvent: its data are no JSON value.
    """
    try:
        return msgspec.json.encode(event.data)
    except (TypeError, ValueError) as error:
        raise InvalidEvent(f"event {event.id}: its data are not JSON: {error}") from error


def optional_headers(event: RecordedEvent) -> dict[str, str]:
    """Write those headers that not every event has, in their order.

    Raises:
        InvalidEvent: its metadata are no JSON values.
    """
    headers: dict[str, str] = {}
    try:
        if event.metadata:
            headers[_METADATA] = _ascii_json(event.metadata)
        if event.tags:
            headers[_TAGS] = _ascii_json(event.tags)
    except (TypeError, ValueError) as error:
        raise InvalidEvent(f"event {event.id}: its metadata are not JSON: {error}") from error
    traceparent = event.metadata.get(_TRACEPARENT)
    if isinstance(traceparent, str) and _TRACEPARENT_FORM.fullmatch(traceparent):
        headers[_TRACEPARENT] = traceparent
    return headers


def _ascii_json(value: dict[str, Any] | tuple[str, ...]) -> str:
    """Write JSON for a header: ASCII, in a fixed order, at most three times as long as in UTF-8."""
    text = msgspec.json.encode(value, order="sorted").decode("utf-8")
    if text.isascii():
        return text
    return _NOT_ASCII.sub(lambda match: _utf16_escape(match[0]), text)


def _utf16_escape(character: str) -> str:
    units = character.encode("utf-16-be").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))


def decode(subject: str, headers: Mapping[str, str] | None, body: bytes) -> RecordedEvent:
    """Read a message back as the event it carries. Headers that it does not know are ignored.

    Raises:
        ForeignMessage: nobody following this contract wrote that message; says what is wrong.
    """
    stream, event_type = names_of(subject)
    try:
        fields = _Fields(headers or {})
        fields.require_json()
        return RecordedEvent(
            id=UUID(fields.text(EVENT_ID)),
            type=event_type,
            data=msgspec.json.decode(body),
            metadata=fields.metadata(),
            tags=fields.tags(),
            stream=stream_name(stream),
            version=StreamVersion(fields.number(_VERSION, least=1)),
            position=fields.position(),
            recorded_at=fields.instant(_RECORDED_AT),
        )
    except (ValueError, InvalidStreamName, RecursionError) as error:
        # msgspec.DecodeError is a ValueError too.
        raise ForeignMessage(subject, str(error)) from error


def names_of(subject: str) -> tuple[str, str]:
    """Take stream name and event type from a subject. The name is not checked further.

    Raises:
        ForeignMessage: it is no subject of the log.
    """
    match = _SUBJECT_FORM.fullmatch(subject)
    if not match:
        raise ForeignMessage(subject, "a subject is events.CATEGORY.STREAM.TYPE")
    try:
        category, stream, event_type = map(unescape_token, match.groups())
    except ValueError as error:
        raise ForeignMessage(subject, str(error)) from error
    if stream.partition("-")[0] != category:
        raise ForeignMessage(subject, f"{stream!r} is not a stream of category {category!r}")
    return stream, event_type


class _Fields:
    """The headers of a message, read with complaints that name the header."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers

    def text(self, name: str) -> str:
        value = self._headers.get(name)
        if value is None:
            raise ValueError(f"header {name} is missing")
        return value

    def number(self, name: str, *, least: int) -> int:
        value = self.text(name)
        if not (value.isascii() and value.isdecimal()) or int(value) < least:
            raise ValueError(f"header {name} is {value!r}, not a number from {least}")
        return int(value)

    def position(self) -> Position:
        value = self.number(POSITION, least=1)
        if self.number(_PREVIOUS, least=0) != value - 1:
            raise ValueError(f"header {_PREVIOUS} is not the position before {value}")
        return Position(value)

    def require_json(self) -> None:
        if self.text(_CONTENT_TYPE) != _JSON:
            raise ValueError(f"header {_CONTENT_TYPE} is not {_JSON}")

    def instant(self, name: str) -> dt.datetime:
        value = dt.datetime.fromisoformat(self.text(name))
        if value.tzinfo is None:
            raise ValueError(f"header {name} has no time zone")
        return value.astimezone(dt.UTC)

    def metadata(self) -> dict[str, Any]:
        value = msgspec.json.decode(self._headers.get(_METADATA, "{}"))
        if not isinstance(value, dict):
            raise ValueError(f"header {_METADATA} is not a JSON object")  # noqa: TRY004 - of text, not of code
        return value

    def tags(self) -> tuple[str, ...]:
        try:
            return msgspec.json.decode(self._headers.get(_TAGS, "[]"), type=tuple[str, ...])
        except msgspec.DecodeError as error:
            raise ValueError(f"header {_TAGS} is not a JSON array of texts: {error}") from error

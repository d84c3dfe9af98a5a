"""The fast way to write and read messages is the careful way, to the byte and to the complaint."""

from __future__ import annotations

import re

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventstore import wire, wire_bytes
from eventstore.dataplane.frames import HEADERS_BEGIN, Message
from eventstore.errors import ForeignMessage, InvalidEvent
from eventstore.event import RecordedEvent
from eventstore.stream import StreamName
from tests.support.recorded import recorded, recorded_events


def block(headers: dict[str, str]) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return HEADERS_BEGIN + lines.encode() + b"\r\n"


def carried(written: wire_bytes.WireBytes) -> Message:
    return Message(1, written.subject, b"", HEADERS_BEGIN + written.headers + b"\r\n", written.body)


@given(recorded_events)
@settings(deadline=None)
def test_the_bytes_are_those_of_the_careful_way(event: RecordedEvent) -> None:
    message, written = wire.encode(event), wire_bytes.encode(event)
    assert written.position == event.position
    assert written.subject.decode() == message.subject
    assert HEADERS_BEGIN + written.headers + b"\r\n" == block(message.headers)
    assert written.body == message.body


@given(recorded_events, st.booleans())
@settings(deadline=None)
def test_what_is_written_is_read(event: RecordedEvent, published: bool) -> None:  # noqa: FBT001
    written = wire_bytes.encode(event)
    added = b"Nats-Expected-Last-Sequence: 7\r\nNats-Batch-Id: x\r\n" if published else b""
    headers = HEADERS_BEGIN + written.headers + added + b"\r\n"
    assert wire_bytes.decode(written.subject, headers, written.body) == event
    assert wire_bytes._OURS.fullmatch(headers), "the fast way does not know our own message"


@given(st.lists(recorded_events, max_size=12))
@settings(deadline=None)
def test_many_are_read_as_one_by_one(events: list[RecordedEvent]) -> None:
    written = [wire_bytes.encode(event) for event in events]
    assert wire_bytes.decode_all(list(map(carried, written))) == events


def read_carefully(subject: bytes, headers: bytes, body: bytes) -> RecordedEvent | str:
    fields = wire_bytes.header_fields(headers)
    try:
        return wire.decode(subject.decode(errors="replace"), fields, body)
    except ForeignMessage as error:
        return str(error)


@given(recorded_events, st.data())
@settings(deadline=None, max_examples=300)
def test_a_damaged_message_is_read_as_the_careful_way_reads_it(
    event: RecordedEvent, data: st.DataObject
) -> None:
    written = wire_bytes.encode(event)
    parts = [written.subject, HEADERS_BEGIN + written.headers + b"\r\n", written.body]
    which = data.draw(st.integers(0, 2))
    part = parts[which]
    at = data.draw(st.integers(0, len(part)))
    dropped = data.draw(st.integers(0, 3))
    added = data.draw(
        st.binary(max_size=3) | st.sampled_from([b"0", b"9", b"}", b'"', b"-", b"\r\n"])
    )
    parts[which] = part[:at] + added + part[at + dropped :]
    try:
        read: RecordedEvent | str = wire_bytes.decode(*parts)
    except ForeignMessage as error:
        read = str(error)
    assert read == read_carefully(*parts)
    damaged = Message(1, parts[0], b"", parts[1], parts[2])
    for good in (1, 2 * wire_bytes._FEW):  # read one by one, and column by column
        neighbours = [recorded(position) for position in range(1, good + 1)]
        messages = [*map(carried, map(wire_bytes.encode, neighbours)), damaged]
        at_once = wire_bytes.decode_all(messages)
        assert at_once is None or at_once == [*neighbours, read], "never otherwise, if at all"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Trueorder-Previous-Position: 6", b"Trueorder-Previous-Position: 5"),
        (b"Content-Type: application/json\r\n", b""),
        (b"Trueorder-Stream-Version: ", b"Trueorder-Stream-Version: -"),
        (b"T", b" "),
    ],
)
def test_a_wrong_header_is_named(old: bytes, new: bytes) -> None:
    written = wire_bytes.encode(recorded(7))
    headers = (HEADERS_BEGIN + written.headers + b"\r\n").replace(old, new)
    with pytest.raises(ForeignMessage, match=r"header|Invalid"):
        wire_bytes.decode(written.subject, headers, written.body)


def test_an_event_that_no_store_records_is_named() -> None:
    event = msgspec.structs.replace(recorded(1), stream=StreamName(""))
    with pytest.raises(InvalidEvent, match=re.escape(str(event.id))):
        wire_bytes.encode(event)

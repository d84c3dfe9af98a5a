from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventstore import wire
from eventstore.encoding import METADATA_BYTES_MAX, TAGS_MAX
from eventstore.errors import ForeignMessage, InvalidEvent
from eventstore.event import RecordedEvent
from eventstore.stream import StreamName
from tests.support.recorded import recorded, recorded_events

any_text = st.text(st.characters(exclude_categories=["Cs"]))


@given(recorded_events)
@settings(deadline=None)
def test_what_is_encoded_is_decoded(event: RecordedEvent) -> None:
    message = wire.encode(event)
    assert wire.decode(message.subject, message.headers, message.body) == event


@given(recorded_events)
@settings(deadline=None)
def test_a_message_is_one_that_nats_carries(event: RecordedEvent) -> None:
    message = wire.encode(event)
    assert len(message.subject.split(".")) == 4
    assert not re.search(r"[\x00-\x20*>\x7f]", message.subject)
    assert len(message.subject.encode()) <= wire.SUBJECT_BYTES_MAX
    for name, value in message.headers.items():
        assert re.fullmatch(r"[A-Za-z-]+", name)
        assert value.isascii()
        assert "\r" not in value
        assert "\n" not in value
        assert value == value.strip()


@given(any_text)
@settings(deadline=None)
def test_a_token_is_reversible(text: str) -> None:
    token = wire.escape_token(text)
    assert wire.unescape_token(token) == text
    assert not re.search(r"[\x00-\x20.*>\x7f]", token)


@given(any_text, any_text)
@settings(deadline=None)
def test_two_texts_never_share_a_token(one: str, other: str) -> None:
    assert (wire.escape_token(one) == wire.escape_token(other)) == (one == other)


@pytest.mark.parametrize("token", ["%", "%2", "%zz", "%2e", "a%", "%FF", "%C3%28"])
def test_a_token_of_other_making_is_refused(token: str) -> None:
    with pytest.raises(ValueError, match=r"escape|utf-8"):
        wire.unescape_token(token)


def test_a_message_in_full() -> None:
    event = msgspec.structs.replace(
        recorded(7, streams=1),
        stream=StreamName("order.eu-10 42".replace(" ", "*")),
        type="Order placed",
        tags=("customer:42", "Zoë"),
        metadata={"user": "Zoë", "traceparent": f"00-{'a' * 32}-{'b' * 16}-01"},
    )
    message = wire.encode(event)
    assert message.subject == "events.order%2Eeu.order%2Eeu-10%2A42.Order%20placed"
    assert message.body == b'{"n":7}'
    assert message.headers == {
        "Nats-Msg-Id": "00000000-0000-0000-0000-000000000007",
        "Trueorder-Position": "7",
        "Trueorder-Previous-Position": "6",
        "Trueorder-Stream-Version": "7",
        "Trueorder-Recorded-At": "2026-11-24T12:00:00.007000+00:00",
        "Trueorder-Metadata": '{"traceparent":"00-'
        + "a" * 32
        + "-"
        + "b" * 16
        + '-01","user":"Zo\\u00eb"}',
        "Trueorder-Tags": '["customer:42","Zo\\u00eb"]',
        "Content-Type": "application/json",
        "traceparent": f"00-{'a' * 32}-{'b' * 16}-01",
    }


def test_a_message_from_before_there_were_tags() -> None:
    event = recorded(1)
    message = wire.encode(event)
    assert "Trueorder-Tags" not in message.headers
    assert wire.decode(message.subject, message.headers, message.body).tags == ()


def test_the_longest_headers_fit() -> None:
    event = msgspec.structs.replace(
        recorded(1),
        stream=StreamName("é" * 126 + "-ab"),
        type="é" * 127,
        metadata={"m": "é" * ((METADATA_BYTES_MAX - 8) // 2)},
        tags=tuple(f"{number:x}" + "é" * 127 for number in range(TAGS_MAX)),
    )
    headers = wire.encode(event).headers
    # As NATS writes them, and with room for the headers of publishing (see relay/jetstream.py).
    assert sum(len(name) + len(value) + 4 for name, value in headers.items()) < 64 * 1024 - 1024


@given(st.dictionaries(any_text, any_text, min_size=1))
@settings(deadline=None)
def test_a_header_is_at_most_three_times_as_long_as_the_metadata(metadata: dict[str, str]) -> None:
    message = wire.encode(msgspec.structs.replace(recorded(1), metadata=metadata))
    header = message.headers["Trueorder-Metadata"]
    assert len(header) <= 3 * len(msgspec.json.encode(metadata))


@pytest.mark.parametrize("traceparent", ["00-abc", 7, "x\r\nEvil: 1", None])
def test_a_trace_context_that_is_none_stays_in_the_metadata(traceparent: object) -> None:
    event = msgspec.structs.replace(recorded(1), metadata={"traceparent": traceparent})
    message = wire.encode(event)
    assert "traceparent" not in message.headers
    assert wire.decode(message.subject, message.headers, message.body) == event


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"type": ""}, "empty"),
        ({"type": "\ud800"}, "no Unicode"),
        ({"type": "😀" * 1000}, "at most 3072"),
        ({"data": object()}, "not JSON"),
        ({"metadata": {"by": object()}}, "not JSON"),
    ],
)
def test_an_event_that_cannot_be_sent_is_refused(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidEvent, match=reason):
        wire.encode(msgspec.structs.replace(recorded(1), **change))


@dataclass
class Foreign:
    subject: str | None = None
    body: bytes | None = None
    headers: dict[str, str | None] | None = None


@pytest.mark.parametrize(
    ("foreign", "reason"),
    [
        (Foreign(subject="events.count.count-0"), "a subject is"),
        (Foreign(subject="other.count.count-0.Counted"), "a subject is"),
        (Foreign(subject="events.count..Counted"), "a subject is"),
        (Foreign(subject="events.count.count%-0.Counted"), "escape"),
        (Foreign(subject="events.order.count-0.Counted"), "not a stream of category"),
        (Foreign(subject="events.count.count.Counted"), "not a stream name"),
        (Foreign(body=b"{"), "truncated"),
        (Foreign(body=b"\xff"), "malformed"),
        (Foreign(headers={"Nats-Msg-Id": None}), "Nats-Msg-Id is missing"),
        (Foreign(headers={"Nats-Msg-Id": "7"}), "hexadecimal UUID"),
        (Foreign(headers={"Trueorder-Position": "0"}), "not a number from 1"),
        (Foreign(headers={"Trueorder-Position": "-1"}), "not a number from 1"),
        (Foreign(headers={"Trueorder-Position": "१"}), "not a number from 1"),
        (Foreign(headers={"Trueorder-Previous-Position": "5"}), "not the position before"),
        (Foreign(headers={"Trueorder-Stream-Version": "one"}), "not a number"),
        (Foreign(headers={"Trueorder-Recorded-At": "noon"}), "isoformat"),
        (Foreign(headers={"Trueorder-Recorded-At": "2026-11-24T12:00:00"}), "no time zone"),
        (Foreign(headers={"Trueorder-Metadata": "[]"}), "not a JSON object"),
        (Foreign(headers={"Trueorder-Metadata": "{"}), "truncated"),
        (Foreign(headers={"Trueorder-Tags": "{}"}), "not a JSON array"),
        (Foreign(headers={"Trueorder-Tags": "[1]"}), "not a JSON array"),
        (Foreign(headers={"Content-Type": "text/plain"}), "is not application/json"),
    ],
)
def test_a_message_of_other_making_is_refused(foreign: Foreign, reason: str) -> None:
    good = wire.encode(recorded(1))
    headers = {**good.headers, **(foreign.headers or {})}
    subject = foreign.subject or good.subject
    with pytest.raises(ForeignMessage, match=reason) as caught:
        wire.decode(
            subject,
            {name: value for name, value in headers.items() if value is not None},
            good.body if foreign.body is None else foreign.body,
        )
    assert caught.value.subject == subject
    assert "Only the relay may publish" in str(caught.value)


def test_a_message_without_headers_is_refused() -> None:
    good = wire.encode(recorded(1))
    with pytest.raises(ForeignMessage, match="missing"):
        wire.decode(good.subject, None, good.body)

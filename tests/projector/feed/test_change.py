from __future__ import annotations

import datetime as dt
import re
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventstore.errors import ForeignMessage
from eventstore.stream import Position
from eventstore.wire_bytes import header_fields
from projector.feed.change import (
    SUBJECT_BYTES_MAX,
    CommittedChange,
    FeedName,
    decode,
    encode,
    escape_key,
    unescape_key,
)
from projector.feed.postgres_tables import KEY_BYTES_MAX
from tests.support.recorded import NOON, json_values, text

FEED = FeedName("balances", 2)
IDENTITY = UUID(int=7)
# What the clients of NATS take as the key of a bucket (ADR-8), dots aside.
KEY_OF_A_BUCKET = re.compile(r"[A-Za-z0-9_=/-]+")

keys = text.filter(lambda key: 0 < len(key.encode()) <= KEY_BYTES_MAX)


def sent(**changed: Any) -> tuple[str, dict[str, str], bytes]:
    parts: dict[str, Any] = {
        "number": 5,
        "previous": 3,
        "key": "alice",
        "position": 40,
        "document": b'{"n":1}',
        "committed_at": NOON,
    }
    message = encode(FEED, IDENTITY, **(parts | changed))
    block = b"NATS/1.0\r\n" + message.headers + b"\r\n"
    return message.subject.decode(), header_fields(block), message.body


@given(keys)
def test_any_key_is_a_token_and_a_key_of_a_bucket_and_is_read_back(key: str) -> None:
    escaped = escape_key(key)
    assert KEY_OF_A_BUCKET.fullmatch(escaped)
    assert unescape_key(escaped) == key


@given(keys, keys)
def test_two_keys_are_never_one(one: str, other: str) -> None:
    assert (escape_key(one) == escape_key(other)) == (one == other)


def test_plain_keys_stay_readable() -> None:
    assert escape_key("order-1042/total_eur") == "order-1042/total_eur"
    assert escape_key("a.b *>é=") == "a=2Eb=20=2A=3E=C3=A9=3D"


@pytest.mark.parametrize("token", ["", "a.b", "a=2e", "a=", "a=2", "é", "=C3"])
def test_what_is_no_escaped_key_is_refused(token: str) -> None:
    with pytest.raises(ValueError, match=r"escaped key|decode"):
        unescape_key(token)


def test_the_longest_key_fits_in_a_subject_and_a_longer_one_is_refused() -> None:
    longest = FeedName("p" * 63, 2**31 - 1)
    fields: dict[str, Any] = {"number": 1, "previous": 0, "position": 1, "committed_at": NOON}
    message = encode(longest, IDENTITY, key="." * KEY_BYTES_MAX, document=b"1", **fields)
    assert len(message.subject) <= SUBJECT_BYTES_MAX
    with pytest.raises(ValueError, match="at most 3072 are possible"):
        encode(longest, IDENTITY, key="." * 1100, document=b"1", **fields)
    with pytest.raises(ValueError, match="not empty"):
        encode(longest, IDENTITY, key="", document=b"1", **fields)


@given(
    keys,
    st.integers(1, 2**62),
    st.integers(0, 2**62),
    st.integers(0, 2**62),
    st.none() | json_values.filter(lambda value: value is not None),
    st.datetimes(min_value=dt.datetime(1970, 1, 2), timezones=st.just(dt.UTC)),  # noqa: DTZ001 - hypothesis adds the zone
)
def test_a_change_is_read_back_as_it_was_written(
    key: str, number: int, previous: int, position: int, document: Any, committed_at: dt.datetime
) -> None:
    body = None if document is None else msgspec.json.encode(document)
    message = sent(
        key=key,
        number=number,
        previous=previous,
        position=position,
        document=body,
        committed_at=committed_at,
    )
    assert decode(FEED, *message) == CommittedChange(
        number=number,
        previous=previous,
        key=key,
        position=Position(position),
        document=None if body is None else msgspec.json.decode(body),
        committed_at=committed_at,
    )


def test_a_removal_is_what_a_bucket_takes_for_one() -> None:
    _, headers, body = sent(document=None)
    assert (headers["KV-Operation"], body) == ("DEL", b"")


def test_a_message_is_a_function_of_its_feed_and_its_number() -> None:
    ids = [
        encode(
            FEED,
            identity,
            number=number,
            previous=0,
            key="k",
            position=1,
            document=b"1",
            committed_at=NOON,
        ).id
        for identity in (IDENTITY, UUID(int=8))
        for number in (1, 2)
    ]
    assert len(set(ids)) == len(ids)
    assert sent()[1]["Nats-Msg-Id"] == sent()[1]["Nats-Msg-Id"]


@pytest.mark.parametrize(
    ("headers", "complaint"),
    [
        ({"Trueorder-Change": "0"}, "Trueorder-Change is '0'"),
        ({"Trueorder-Change": "x"}, "Trueorder-Change is 'x'"),
        ({"Trueorder-Previous-Change": "-1"}, "Trueorder-Previous-Change is '-1'"),
        ({"Trueorder-Position": "\u0661"}, "Trueorder-Position"),
        ({"Trueorder-Committed-At": "today"}, "today"),
    ],
)
def test_what_nobody_following_the_contract_wrote_is_refused(
    headers: dict[str, str], complaint: str
) -> None:
    subject, good, body = sent()
    with pytest.raises(ForeignMessage, match=complaint):
        decode(FEED, subject, good | headers, body)


def test_headers_subject_and_body_are_looked_at() -> None:
    subject, headers, body = sent()
    with pytest.raises(ForeignMessage, match="no header Trueorder-Position"):
        decode(FEED, subject, {k: v for k, v in headers.items() if k != "Trueorder-Position"}, body)
    with pytest.raises(ForeignMessage, match="does not begin with"):
        decode(FeedName("balances", 1), subject, headers, body)
    with pytest.raises(ForeignMessage, match="no JSON"):
        decode(FEED, subject, headers, b"{")

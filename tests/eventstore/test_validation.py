"""The rules of what may be appended; the contract suite says which words a store refuses with."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventstore import ANY, Event, InvalidEvent, InvalidRequest, stream_name
from eventstore.encoding import DEPTH_MAX, EncodedEvent
from eventstore.validation import APPEND_BYTES_MAX, check_append
from tests.support.stores import json_values

ORDER = stream_name("order-1")


def encode(data: Any) -> EncodedEvent:
    _, (encoded,) = check_append(ORDER, [Event(type="x", data=data)], ANY)
    return encoded


def nested(depth: int, *, wide: bool = False) -> Any:
    value: Any = [[]] * 200 if wide else []
    for level in range(depth - (2 if wide else 1)):
        value = {"a": value} if level % 2 else [value]
    return value


@given(json_values)
def test_what_is_let_through_decodes_to_what_it_was(value: Any) -> None:
    decoded = msgspec.json.decode(encode(value).data)
    assert msgspec.json.encode(decoded) == msgspec.json.encode(value)


@given(
    json_values,
    st.sampled_from([float("nan"), float("inf"), "\0", "x\0", 2**64, -(2**63) - 1, "\udfff"]),
    st.integers(0, 3),
)
def test_a_bad_leaf_is_found_wherever_it_is(value: Any, leaf: Any, depth: int) -> None:
    for level in range(depth):
        leaf = [value, leaf] if level % 2 else {"a": value, "b": leaf}
    with pytest.raises(InvalidEvent):
        encode([value, leaf, None])


@pytest.mark.parametrize("text", ["\\u0000", "null", "1" * 30, "[" * 300, "}{" * 300, "\\\\u0000"])
def test_texts_that_look_bad_are_let_through(text: str) -> None:
    assert msgspec.json.decode(encode({text: [text]}).data) == {text: [text]}


def test_what_stands_between_events_is_in_none() -> None:
    assert encode("a\x1eb").data == '"a\\u001eb"'
    with pytest.raises(InvalidEvent, match=r"its data contains the control character U\+001E"):
        encode({"a": msgspec.Raw(b'1}\x1e{"b":2')})


@pytest.mark.parametrize("wide", [False, True])
def test_how_deep_it_may_be(*, wide: bool) -> None:
    encode(nested(DEPTH_MAX, wide=wide))
    with pytest.raises(InvalidEvent, match="nested deeper than 100"):
        encode(nested(DEPTH_MAX + 1, wide=wide))
    with pytest.raises(InvalidEvent, match=r"nested deeper|not a JSON value"):
        encode(nested(100_000))


def test_wide_is_not_deep() -> None:
    encode([[[n] for n in range(1000)], "[" * 1000])


@dataclasses.dataclass
class Money:
    amount: float
    at: dt.datetime


def test_what_the_encoder_knows_becomes_plain_json() -> None:
    money = Money(1.5, dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    assert encode(money).data == '{"amount":1.5,"at":"2026-01-01T00:00:00Z"}'
    with pytest.raises(InvalidEvent, match=r"data\.amount is nan"):
        encode(Money(float("nan"), dt.datetime(2026, 1, 1, tzinfo=dt.UTC)))


def test_an_append_has_a_size() -> None:
    event_bytes = 900_000
    amount = APPEND_BYTES_MAX // event_bytes
    batch = [Event(type="x", data="x" * event_bytes) for _ in range(amount + 1)]
    assert check_append(ORDER, batch[:-1], ANY)
    with pytest.raises(InvalidRequest, match="go into one append"):
        check_append(ORDER, batch, ANY)


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (Event(type="x", id="not-a-uuid"), "not a UUID"),  # type: ignore[arg-type]
        (Event(type="x", metadata=["a"]), "not a dict"),  # type: ignore[arg-type]
        (Event(type=None), "its type None"),  # type: ignore[arg-type]
    ],
)
def test_fields_of_the_wrong_kind(event: Event, words: str) -> None:
    with pytest.raises(InvalidEvent, match=words):
        check_append(ORDER, [event], ANY)

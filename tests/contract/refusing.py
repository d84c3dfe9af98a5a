"""What is refused before it is sent, and in which words."""

from __future__ import annotations

from typing import Any

import pytest

from eventstore import (
    ABSENT,
    ANY,
    READ_LIMIT_MAX,
    Event,
    EventStore,
    InvalidEvent,
    InvalidRequest,
    InvalidStreamName,
    StreamName,
    stream_name,
)
from tests.support.stores import events, ids

ORDER = stream_name("order-1")


class RefusingContract:
    @pytest.mark.parametrize(
        ("batch", "error", "words"),
        [
            ([], InvalidRequest, "it has 0 events"),
            (events(1001), InvalidRequest, "it has 1001 events"),
            ([Event(type="")], InvalidEvent, "event 1 of 1: its type ''"),
            ([Event(type="a\nb")], InvalidEvent, "its type"),
            ([Event(type="é" * 128)], InvalidEvent, "256 bytes"),
            ([Event(type="x", data=float("nan"))], InvalidEvent, "its data is nan"),
            (
                [Event(type="x", data={"a": [1, "\0"]})],
                InvalidEvent,
                r"data\.a\[1\] contains a NUL",
            ),
            ([Event(type="x", data={"\0": 1})], InvalidEvent, "contains a NUL"),
            ([Event(type="x", data="\ud800")], InvalidEvent, "not a JSON value"),
            ([Event(type="x", data=2**64)], InvalidEvent, "wider than 64 bits"),
            ([Event(type="x", data=object())], InvalidEvent, "not a JSON value"),
            ([Event(type="x", data="x" * 983_041)], InvalidEvent, "983043 bytes"),
            ([Event(type="x", metadata={"x": "x" * 16_384})], InvalidEvent, "its metadata has"),
            ([*events(1), *events(1)[:0], "text"], InvalidEvent, "event 2 of 2: it is a str"),
        ],
    )
    async def test_events_that_break_a_rule(
        self, store: EventStore, batch: list[Event], error: type[InvalidRequest], words: str
    ) -> None:
        with pytest.raises(error, match=words):
            await store.append(ORDER, batch, expected=ANY)
        assert await store.head() == 0

    async def test_an_id_twice_in_one_append(self, store: EventStore) -> None:
        with pytest.raises(InvalidEvent, match=r"event 3 of 3: its id .* occurs twice"):
            await store.append(ORDER, [*(batch := events(2)), batch[0]], expected=ANY)
        assert await store.head() == 0

    @pytest.mark.parametrize("expected", [-1, True, 2**63, 1.0, "any", None], ids=repr)
    async def test_expected_versions_that_are_none(self, store: EventStore, expected: Any) -> None:
        with pytest.raises(InvalidRequest, match="expected version"):
            await store.append(ORDER, events(1), expected=expected)

    @pytest.mark.parametrize("name", ["order", "order-", "-1", "or der-1", "", "é" * 127 + "-1", 7])
    async def test_names_that_are_none(self, store: EventStore, name: Any) -> None:
        with pytest.raises(InvalidStreamName):
            await store.append(StreamName(name), events(1), expected=ANY)
        with pytest.raises(InvalidStreamName):
            await store.read_stream(StreamName(name))
        with pytest.raises(InvalidStreamName):
            await store.stream_version(StreamName(name))

    @pytest.mark.parametrize(
        ("after", "limit"), [(-1, 1), (0, 0), (0, READ_LIMIT_MAX + 1), (2**63, 1), (True, 1)]
    )
    async def test_ranges_that_are_none(self, store: EventStore, after: Any, limit: int) -> None:
        with pytest.raises(InvalidRequest):
            await store.read_stream(ORDER, after=after, limit=limit)
        with pytest.raises(InvalidRequest):
            await store.read_log(after=after, limit=limit)

    async def test_the_largest_event_and_append(self, store: EventStore) -> None:
        large = Event(type="é" * 127, data="x" * 983_038, metadata={"m": "x" * 16_376})
        name = stream_name("é" * 126 + "-ab")
        await store.append(name, [large], expected=ABSENT)
        await store.append(ORDER, batch := events(1000), expected=ABSENT)
        log = await store.read_log(limit=2000)
        assert ids(log) == [large.id, *ids(batch)]
        assert (log[0].data, log[0].metadata, log[0].type) == (
            large.data,
            large.metadata,
            large.type,
        )

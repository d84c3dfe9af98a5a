"""What reads of streams and of the log answer."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
import pytest

from eventstore import (
    ABSENT,
    ANY,
    READ_LIMIT_MAX,
    Event,
    EventStore,
    Position,
    StreamVersion,
    stream_name,
)
from tests.support.stores import events

ORDER = stream_name("order-1")
OTHER = stream_name("order-2")
AT = StreamVersion


class ReadingContract:
    async def test_an_empty_store(self, store: EventStore) -> None:
        assert await store.head() == 0
        assert await store.stream_version(ORDER) == 0
        assert await store.read_stream(ORDER) == []
        assert await store.read_log() == []

    async def test_what_was_appended_is_read(self, store: EventStore) -> None:
        first = Event(type="placed", data={"lines": [{"sku": "é", "n": 2}]}, metadata={"by": "x"})
        second = Event(type="paid")
        await store.append(ORDER, [first, second], expected=ABSENT)
        await store.append(OTHER, events(1), expected=ABSENT)
        read = await store.read_stream(ORDER)
        assert [(e.id, e.type, e.data, e.metadata) for e in read] == [
            (e.id, e.type, e.data, e.metadata) for e in (first, second)
        ]
        assert [(e.stream, e.version, e.position) for e in read] == [(ORDER, 1, 1), (ORDER, 2, 2)]
        assert [type(e.id) for e in read] == [UUID, UUID]
        assert (await store.read_log())[:2] == read
        assert (await store.read_log())[2].stream == OTHER

    async def test_pages(self, store: EventStore) -> None:
        for stream in (ORDER, OTHER, ORDER):
            await store.append(stream, events(3), expected=ANY)
        read = await store.read_stream(ORDER, after=AT(2), limit=3)
        assert [e.version for e in read] == [3, 4, 5]
        assert [e.position for e in read] == [3, 7, 8]
        assert [e.position for e in await store.read_log(after=Position(4), limit=4)] == [
            5,
            6,
            7,
            8,
        ]
        assert await store.read_stream(ORDER, after=AT(6)) == []
        assert await store.read_log(after=Position(2**63 - 1), limit=READ_LIMIT_MAX) == []

    async def test_a_reader_may_keep_and_change_what_it_read(self, store: EventStore) -> None:
        await store.append(ORDER, events(1), expected=ABSENT)
        (read,) = await store.read_log()
        read.data["number"] = "changed"
        assert (await store.read_stream(ORDER))[0].data == {"number": 1}

    async def test_times_are_utc_and_do_not_go_back(self, store: EventStore) -> None:
        for _ in range(3):
            await store.append(ORDER, events(2), expected=ANY)
        times = [event.recorded_at for event in await store.read_log()]
        assert all(time.utcoffset() is not None and not time.utcoffset() for time in times)
        assert times == sorted(times)

    @pytest.mark.parametrize(
        "data",
        [
            1e23,
            1.5e300,
            2**64 - 1,
            -(2**63),
            1.0,
            123456789012345680.0,
            -0.0,
            5e-324,
            "\\u0000",
            "null",
            {"b": 1, "a": {"": [[], {}]}},
        ],
        ids=repr,
    )
    async def test_json_is_kept_to_the_letter(self, store: EventStore, data: Any) -> None:
        await store.append(ORDER, [Event(type="x", data=data, metadata={"d": data})], expected=ANY)
        (read,) = await store.read_stream(ORDER)
        assert msgspec.json.encode(read.data) == msgspec.json.encode(data)
        assert msgspec.json.encode(read.metadata) == msgspec.json.encode({"d": data})

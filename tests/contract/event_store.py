"""The contract of an event store, as tests that every store passes.

A test class inherits `EventStoreContract` and gives the fixture `store`: an empty store.
"""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import msgspec
import pytest

from eventstore import (
    ABSENT,
    ANY,
    EXISTS,
    READ_LIMIT_MAX,
    Appended,
    Event,
    EventIdReused,
    EventStore,
    ExpectedVersion,
    InvalidEvent,
    InvalidRequest,
    InvalidStreamName,
    Position,
    RecordedEvent,
    StreamName,
    StreamVersion,
    WrongExpectedVersion,
    stream_name,
)
from tests.support.seeded import seeded
from tests.support.stores import events, ids, outcome, whole_log

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


class AppendingContract:
    async def test_an_append_says_where_it_is(self, store: EventStore) -> None:
        await store.append(OTHER, events(4), expected=ABSENT)
        appended = await store.append(ORDER, events(3), expected=ABSENT)
        assert appended == Appended(stream=ORDER, version=AT(3), position=Position(7), events=3)
        assert (appended.first_version, appended.first_position) == (1, 5)
        assert await store.head() == 7
        assert await store.stream_version(ORDER) == 3

    @pytest.mark.parametrize(
        ("holds", "expected", "met"),
        [
            (0, AT(0), True),
            (0, ABSENT, True),
            (0, ANY, True),
            (0, EXISTS, False),
            (0, AT(1), False),
            (2, AT(2), True),
            (2, EXISTS, True),
            (2, ANY, True),
            (2, ABSENT, False),
            (2, AT(0), False),
            (2, AT(1), False),
            (2, AT(3), False),
            (2, AT(2**63 - 1), False),
        ],
    )
    async def test_expected_versions(
        self, store: EventStore, *, holds: int, expected: ExpectedVersion, met: bool
    ) -> None:
        if holds:
            await store.append(ORDER, events(holds), expected=ABSENT)
        result = await outcome(store.append(ORDER, events(1), expected=expected))
        if met:
            assert isinstance(result, Appended)
        else:
            assert isinstance(result, WrongExpectedVersion)
            assert result.definite
            assert (result.stream, result.expected, result.actual) == (ORDER, expected, holds)
        assert await store.head() == holds + met

    async def test_a_refused_append_takes_no_position(self, store: EventStore) -> None:
        for _ in range(3):
            with pytest.raises(WrongExpectedVersion):
                await store.append(ORDER, events(5), expected=EXISTS)
        assert (await store.append(OTHER, events(1), expected=ABSENT)).position == 1

    @pytest.mark.parametrize("again", [AT(0), AT(7), ANY, EXISTS, ABSENT], ids=str)
    async def test_a_repeated_append_answers_with_the_first_result(
        self, store: EventStore, again: ExpectedVersion
    ) -> None:
        batch = events(3)
        first = await store.append(ORDER, batch, expected=ABSENT)
        await store.append(ORDER, events(2), expected=AT(3))
        repeated = await store.append(ORDER, batch, expected=again)
        assert repeated == msgspec.structs.replace(first, repeated=True)
        assert await store.head() == 5

    async def test_a_part_of_an_append_is_a_repetition_too(self, store: EventStore) -> None:
        batch = events(4)
        await store.append(ORDER, batch, expected=ABSENT)
        repeated = await store.append(ORDER, batch[1:3], expected=ABSENT)
        assert (repeated.version, repeated.position, repeated.repeated) == (3, 3, True)

    @pytest.mark.parametrize(
        "again",
        ["1 2 new", "new 1 2", "2 1", "1 2 4", "2 4", "1 3", "2 3", "3 4"],
    )
    async def test_an_id_is_never_used_again(self, store: EventStore, again: str) -> None:
        one, two, three, four = events(4)
        await store.append(ORDER, [one, two], expected=ABSENT)
        await store.append(OTHER, [three], expected=ABSENT)
        await store.append(ORDER, [four], expected=AT(2))
        named = {"1": one, "2": two, "3": three, "4": four, "new": Event(type="new")}
        batch = [named[name] for name in again.split()]
        before = await store.read_log()
        with pytest.raises(EventIdReused) as caught:
            await store.append(ORDER, batch, expected=ANY)
        assert caught.value.definite
        assert caught.value.event_id == next(e.id for e in batch if e.id in ids(before))
        assert await store.read_log() == before

    async def test_an_id_of_another_stream(self, store: EventStore) -> None:
        batch = events(2)
        await store.append(ORDER, batch, expected=ABSENT)
        with pytest.raises(EventIdReused, match=str(batch[0].id)):
            await store.append(OTHER, batch, expected=ABSENT)
        assert await store.stream_version(OTHER) == 0


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


class RacingContract:
    @pytest.mark.parametrize("expected", [ABSENT, AT(0)], ids=str)
    async def test_one_of_sixteen_racers_wins(
        self, store: EventStore, expected: ExpectedVersion
    ) -> None:
        for race in range(4):
            stream = stream_name(f"race-{race}")
            racers = [store.append(stream, events(2), expected=expected) for _ in range(16)]
            results = await asyncio.gather(*map(outcome, racers))
            assert sorted(type(result).__name__ for result in results) == [
                "Appended",
                *["WrongExpectedVersion"] * 15,
            ]
            assert {r.actual for r in results if isinstance(r, WrongExpectedVersion)} == {2}
        assert await store.head() == 8

    async def test_one_append_sent_sixteen_times_at_once(self, store: EventStore) -> None:
        for race in range(4):
            stream, batch = stream_name(f"race-{race}"), events(2)
            results = await asyncio.gather(
                *(store.append(stream, batch, expected=ABSENT) for _ in range(16))
            )
            assert sorted(result.repeated for result in results) == [False, *[True] * 15]
            assert len({(result.version, result.position) for result in results}) == 1
        assert await store.head() == 8

    async def test_a_reader_at_the_tail_never_sees_a_hole(self, store: EventStore) -> None:
        writers, appends = 8, 12
        done = asyncio.Event()
        seen: list[RecordedEvent] = []

        async def write(number: int) -> list[Appended]:
            chooser = seeded(number)
            return [
                await store.append(
                    stream_name(f"s-{chooser.randrange(3)}"),
                    events(chooser.randint(1, 3)),
                    expected=ANY,
                )
                for _ in range(appends)
            ]

        async def tail() -> None:
            while True:
                finished = done.is_set()
                read = await store.read_log(after=Position(len(seen)), limit=7)
                seen.extend(read)
                assert [e.position for e in seen] == list(range(1, len(seen) + 1))
                if finished and not read:
                    return
                await asyncio.sleep(0)

        reader = asyncio.ensure_future(tail())
        acknowledged = await asyncio.gather(*(write(number) for number in range(writers)))
        done.set()
        await reader
        assert seen == await whole_log(store)
        last = {(a.stream, a.version, a.position) for by in acknowledged for a in by}
        assert last <= {(e.stream, e.version, e.position) for e in seen}
        for stream in {e.stream for e in seen}:
            of_stream = [e for e in seen if e.stream == stream]
            assert [e.version for e in of_stream] == list(range(1, len(of_stream) + 1))
            assert await store.read_stream(stream) == of_stream

    async def test_an_acknowledged_append_is_visible_at_once(self, store: EventStore) -> None:
        async def append_and_look(number: int) -> None:
            stream = stream_name(f"mine-{number}")
            for version in range(5):
                appended = await store.append(stream, events(1), expected=AT(version))
                assert await store.stream_version(stream) == version + 1
                assert await store.head() >= appended.position
                (read,) = await store.read_log(after=Position(appended.position - 1), limit=1)
                assert (read.stream, read.version) == (stream, appended.version)

        await asyncio.gather(*map(append_and_look, range(6)))


class EventStoreContract(ReadingContract, AppendingContract, RefusingContract, RacingContract):
    """All of it."""

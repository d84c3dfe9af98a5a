"""Appends to several streams: all or none, side by side, once."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from eventstore import (
    ABSENT,
    ANY,
    EXISTS,
    Appended,
    Event,
    EventIdReused,
    ExpectedVersion,
    InvalidEvent,
    InvalidRequest,
    InvalidStreamName,
    Position,
    StreamName,
    StreamVersion,
    Write,
    WrongExpectedVersion,
    stream_name,
)
from eventstore.store import EventStore
from tests.support.seeded import seeded
from tests.support.stores import events, ids, outcome, whole_log

AT = StreamVersion
FROM = stream_name("account-1")
TO = stream_name("account-2")
THIRD = stream_name("account-3")


def write(stream: StreamName, batch: list[Event], expected: ExpectedVersion = ANY) -> Write:
    return Write(stream=stream, events=batch, expected=expected)


class SeveralStreamsContract:
    async def test_all_are_stored_side_by_side(self, store: EventStore) -> None:
        await store.append(TO, events(4), expected=ABSENT)
        taken, given = events(2, kind="taken"), events(3, kind="given")
        appended = await store.append_all([write(FROM, taken, ABSENT), write(TO, given, AT(4))])
        assert appended == (
            Appended(stream=FROM, version=AT(2), position=Position(6), events=2),
            Appended(stream=TO, version=AT(7), position=Position(9), events=3),
        )
        log = await store.read_log(after=Position(4))
        assert ids(log) == ids(taken + given)
        assert [(e.stream, e.version) for e in log] == [
            (FROM, 1), (FROM, 2), (TO, 5), (TO, 6), (TO, 7),
        ]  # fmt: skip
        assert await store.stream_version(TO) == 7

    async def test_one_is_as_good_as_an_append(self, store: EventStore) -> None:
        batch = events(2)
        (appended,) = await store.append_all([write(FROM, batch, ABSENT)])
        assert appended == Appended(stream=FROM, version=AT(2), position=Position(2), events=2)
        assert (await store.append(FROM, batch, expected=ABSENT)).repeated

    async def test_or_none(self, store: EventStore) -> None:
        await store.append(TO, events(2), expected=ABSENT)
        for writes, stream, actual in (
            ([write(FROM, events(1)), write(TO, events(1), AT(1))], TO, 2),
            ([write(FROM, events(1), EXISTS), write(TO, events(1), AT(1))], FROM, 0),
            ([write(TO, events(1), AT(2)), write(FROM, events(1), AT(1))], FROM, 0),
            ([write(THIRD, events(1)), write(TO, events(1), ABSENT)], TO, 2),
        ):
            with pytest.raises(WrongExpectedVersion) as caught:
                await store.append_all(writes)
            assert (caught.value.stream, caught.value.actual) == (stream, actual)
            assert await store.head() == 2
            assert await store.stream_version(FROM) == 0

    async def test_a_repetition_of_all_answers_with_the_first_result(
        self, store: EventStore
    ) -> None:
        writes = [write(FROM, events(2), ABSENT), write(TO, events(1), ABSENT)]
        first = await store.append_all(writes)
        await store.append(TO, events(1), expected=ANY)
        again = await store.append_all(writes)
        assert again == tuple(msgspec.structs.replace(a, repeated=True) for a in first)
        assert (await store.append(FROM, writes[0].events, expected=ANY)).repeated
        assert await store.head() == 4

    async def test_an_id_of_another_append_is_refused(self, store: EventStore) -> None:
        one, two, three = events(3)
        await store.append_all([write(FROM, [one, two]), write(TO, [three])])
        new = Event(type="new")
        for writes, reused in (
            ([write(TO, [three]), write(FROM, [one, two])], three),
            ([write(FROM, [one]), write(TO, [two, three])], one),
            ([write(FROM, [one, two]), write(THIRD, [three])], one),
            ([write(FROM, [one, two]), write(TO, [three, new])], one),
            ([write(FROM, [new]), write(TO, [three])], three),
            ([write(FROM, [one]), write(TO, [three])], one),
        ):
            with pytest.raises(EventIdReused) as caught:
                await store.append_all(writes)
            assert (caught.value.event_id, caught.value.stream) == (reused.id, writes[0].stream)
        assert await store.head() == 3

    async def test_what_breaks_a_rule(self, store: EventStore) -> None:
        same = events(1)
        for writes, error, words in (
            ([], InvalidRequest, "there are none"),
            ([write(FROM, [])], InvalidRequest, "it has 0 events"),
            ([write(FROM, events(1)), write(FROM, events(1))], InvalidRequest, "occurs twice"),
            ([write(FROM, same), write(TO, same)], InvalidEvent, "occurs twice in the append"),
            ([write(FROM, events(600)), write(TO, events(401))], InvalidRequest, "1001 events"),
            ([write(FROM, events(1)), write(StreamName("x"), events(1))], InvalidStreamName, "'x'"),
            ([write(FROM, events(1)), write(TO, [Event(type="")])], InvalidEvent, "its type ''"),
            ([write(FROM, events(1), AT(-1))], InvalidRequest, "expected version -1"),
        ):
            with pytest.raises(error, match=words):
                await store.append_all(writes)
        assert await store.head() == 0

    async def test_many_streams_at_once(self, store: EventStore) -> None:
        writes = [write(stream_name(f"many-{n}"), events(2), ABSENT) for n in range(500)]
        appended = await store.append_all(writes)
        assert [a.position for a in appended] == list(range(2, 1001, 2))
        assert [a.stream for a in appended] == [w.stream for w in writes]

    async def test_transfers_in_all_directions(self, store: EventStore) -> None:
        """Racers over overlapping streams neither deadlock nor interleave."""
        accounts = [stream_name(f"account-{number}") for number in range(4)]

        async def transfer(number: int) -> int:
            chooser, done = seeded(number), 0
            while done < 10:
                streams = chooser.sample(accounts, chooser.randint(2, 4))
                versions = [await store.stream_version(stream) for stream in streams]
                result = await outcome(
                    store.append_all(
                        [
                            write(stream, events(chooser.randint(1, 2)), version)
                            for stream, version in zip(streams, versions, strict=True)
                        ]
                    )
                )
                if isinstance(result, WrongExpectedVersion):
                    continue
                assert isinstance(result, tuple)
                done += 1
                log = await store.read_log(
                    after=Position(result[0].first_position - 1), limit=result[-1].position
                )
                width = result[-1].position - result[0].first_position + 1
                assert width == sum(a.events for a in result)
                assert [e.stream for e in log[:width]] == [
                    a.stream for a in result for _ in range(a.events)
                ]
            return done

        await asyncio.gather(*map(transfer, range(6)))
        log = await whole_log(store)
        for stream in accounts:
            of_stream = [e.version for e in log if e.stream == stream]
            assert of_stream == list(range(1, len(of_stream) + 1))

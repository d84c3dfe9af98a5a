"""Many at once: what racers get, and what a reader beside them sees."""

from __future__ import annotations

import asyncio

import pytest

from eventstore import (
    ABSENT,
    ANY,
    Appended,
    EventStore,
    ExpectedVersion,
    Position,
    RecordedEvent,
    StreamVersion,
    WrongExpectedVersion,
    stream_name,
)
from tests.support.seeded import seeded
from tests.support.stores import events, outcome, whole_log

AT = StreamVersion


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

"""What appends do, and what a repetition answers."""

from __future__ import annotations

import msgspec
import pytest

from eventstore import (
    ABSENT,
    ANY,
    EXISTS,
    Appended,
    Event,
    EventIdReused,
    EventStore,
    ExpectedVersion,
    Position,
    StreamVersion,
    WrongExpectedVersion,
    stream_name,
)
from tests.support.stores import events, ids, outcome

ORDER = stream_name("order-1")
OTHER = stream_name("order-2")
AT = StreamVersion


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

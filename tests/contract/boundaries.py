"""Dynamic consistency boundaries: an append is refused if what it was decided on has changed."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from eventstore import (
    ABSENT,
    ANY,
    Appended,
    Boundary,
    BoundaryCrossed,
    Event,
    EventIdReused,
    InvalidRequest,
    Position,
    Query,
    QueryItem,
    StreamVersion,
    Write,
    WrongExpectedVersion,
    stream_name,
)
from eventstore.store import EventStore
from tests.support.seeded import seeded
from tests.support.stores import events, outcome, whole_log

AT = StreamVersion
COURSE = stream_name("course-1")
STUDENT = stream_name("student-1")
ENROLLED = "enrolled"


def enrolled(course: int, student: int) -> Event:
    return Event(type=ENROLLED, tags=(f"course:{course}", f"student:{student}"))


async def three_enrolments(store: EventStore) -> None:
    """Positions 1 to 3: student 1 in courses 1 and 2, student 2 in course 1."""
    await store.append(COURSE, [enrolled(1, 1), enrolled(2, 1)], expected=ABSENT)
    await store.append(STUDENT, [enrolled(1, 2)], expected=ABSENT)


class BoundaryContract:
    @pytest.mark.parametrize(
        ("query", "last_match"),
        [
            (Query.everything(), 3),
            (Query.of(tags=("course:1",)), 3),
            (Query.of(tags=("course:2",)), 2),
            (Query.of(tags=("student:1",)), 2),
            (Query.of(tags=("student:1", "course:1")), 1),
            (Query.of(tags=("student:2", "course:2")), 0),
            (Query.of(tags=("course",)), 0),
            (Query.of(types=(ENROLLED,)), 3),
            (Query.of(types=("other", ENROLLED)), 3),
            (Query.of(types=("other",)), 0),
            (Query.of(categories=("course",)), 2),
            (Query.of(categories=("student",), tags=("student:1",)), 0),
            (Query.of(categories=("student",), types=(ENROLLED,), tags=("course:1",)), 3),
            (Query((QueryItem(tags=("course:2",)), QueryItem(tags=("student:2",)))), 3),
            (Query((QueryItem(types=("other",)), QueryItem(categories=("course",)))), 2),
        ],
        ids=str,
    )
    async def test_what_lies_behind_it(
        self, store: EventStore, query: Query, last_match: int
    ) -> None:
        await three_enrolments(store)
        for after in range(5):
            new = [enrolled(9, 9)]
            boundary = Boundary(query, Position(after))
            if after < last_match:
                with pytest.raises(BoundaryCrossed) as caught:
                    await store.append(
                        stream_name(f"new-{after}"), new, expected=ANY, boundary=boundary
                    )
                assert caught.value.definite
                assert (caught.value.after, caught.value.last_match) == (after, last_match)
                assert caught.value.stream == f"new-{after}"
                assert await store.head() == 3
            else:
                stored = await store.append(COURSE, new, expected=ANY, boundary=boundary)
                assert stored.position == 4
                return

    async def test_what_an_append_itself_brings_is_not_behind_it(self, store: EventStore) -> None:
        boundary = Boundary(Query.of(tags=("course:1",)), Position(0))
        await store.append(
            COURSE, [enrolled(1, 1), enrolled(1, 2)], expected=ANY, boundary=boundary
        )
        assert await store.head() == 2

    async def test_a_repetition_comes_before_it(self, store: EventStore) -> None:
        boundary = Boundary(Query.of(tags=("course:1",)), Position(0))
        batch = [enrolled(1, 1)]
        first = await store.append(COURSE, batch, expected=ABSENT, boundary=boundary)
        again = await store.append(COURSE, batch, expected=ABSENT, boundary=boundary)
        assert again == msgspec.structs.replace(first, repeated=True)
        with pytest.raises(EventIdReused):
            await store.append(STUDENT, batch, expected=ANY, boundary=boundary)

    async def test_a_wrong_version_comes_before_it(self, store: EventStore) -> None:
        await three_enrolments(store)
        boundary = Boundary(Query.everything(), Position(0))
        with pytest.raises(WrongExpectedVersion) as caught:
            await store.append(COURSE, events(1), expected=AT(1), boundary=boundary)
        assert caught.value.actual == 2
        with pytest.raises(BoundaryCrossed):
            await store.append(COURSE, events(1), expected=AT(2), boundary=boundary)

    async def test_it_holds_of_several_streams(self, store: EventStore) -> None:
        await three_enrolments(store)
        writes = [
            Write(stream=COURSE, events=events(1), expected=ANY),
            Write(stream=STUDENT, events=events(1), expected=ANY),
        ]
        crossed = Boundary(Query.of(tags=("course:1",)), Position(2))
        with pytest.raises(BoundaryCrossed) as caught:
            await store.append_all(writes, boundary=crossed)
        assert (caught.value.stream, caught.value.last_match) == (COURSE, 3)
        assert await store.head() == 3
        kept = Boundary(Query.of(tags=("course:1",)), Position(3))
        assert (await store.append_all(writes, boundary=kept))[-1].position == 5

    async def test_a_boundary_that_is_none(self, store: EventStore) -> None:
        for boundary in (
            Boundary(Query(()), Position(0)),
            Boundary(Query.everything(), Position(-1)),
            Boundary(Query.everything(), True),  # type: ignore[arg-type]  # noqa: FBT003
            Query.everything(),
        ):
            with pytest.raises(InvalidRequest):
                await store.append(COURSE, events(1), expected=ANY, boundary=boundary)  # type: ignore[arg-type]
            with pytest.raises(InvalidRequest):
                await store.append_all(
                    [Write(stream=COURSE, events=events(1), expected=ANY)],
                    boundary=boundary,  # type: ignore[arg-type]
                )
        assert await store.head() == 0

    async def test_one_of_sixteen_racers_gets_the_seat(self, store: EventStore) -> None:
        rounds = 12
        for race in range(rounds):
            boundary = Boundary(Query.of(tags=(f"course:{race}",)), await store.head())
            results = await asyncio.gather(
                *(
                    outcome(
                        store.append(
                            stream_name(f"student-{student}"),
                            [enrolled(race, student)],
                            expected=ANY,
                            boundary=boundary,
                        )
                    )
                    for student in range(16)
                )
            )
            (won,) = [result for result in results if isinstance(result, Appended)]
            lost = [result for result in results if isinstance(result, BoundaryCrossed)]
            assert [result.last_match for result in lost] == [won.position] * 15
            assert await store.head() == race + 1

    async def test_seats_are_never_sold_twice(self, store: EventStore) -> None:
        """Buyers who read, decide and append by overlapping boundaries, and try again."""
        seats, buyers = 5, 8

        async def buy(buyer: int) -> int:
            chooser, bought = seeded(buyer), 0
            while True:
                after = await store.head()
                taken = {tag for e in await store.read_log(query=SOLD) for tag in e.tags}
                free = sorted({f"seat:{seat}" for seat in range(seats)} - taken)
                if not free:
                    return bought
                seat = chooser.choice(free)
                result = await outcome(
                    store.append(
                        stream_name(f"buyer-{buyer}"),
                        [Event(type="sold", tags=(seat, f"buyer:{buyer}"))],
                        expected=ANY,
                        boundary=Boundary(Query.of(types=("sold",), tags=(seat,)), after),
                    )
                )
                assert isinstance(result, Appended | BoundaryCrossed)
                bought += isinstance(result, Appended)

        bought = await asyncio.gather(*map(buy, range(buyers)))
        assert sum(bought) == seats
        assert sorted(e.tags[0] for e in await whole_log(store)) == [
            f"seat:{seat}" for seat in range(seats)
        ]


SOLD = Query.of(types=("sold",))

"""Deciding on what is there, again and again until it holds, and storing it once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, cast

import pytest

from eventstore import (
    ABSENT,
    ANY,
    EXISTS,
    BoundaryCrossed,
    Event,
    EventStore,
    OutcomeUnknown,
    Query,
    RecordedEvent,
    StoreUnavailable,
    StreamVersion,
    Write,
    WrongExpectedVersion,
    stream_name,
)
from eventstore.deciding import decide, decide_within
from eventstore.fold import Fold, load, save
from eventstore.memory import MemoryEventStore
from eventstore.snapshots import MemorySnapshotStore

COUNTER = stream_name("counter-1")
LISTED = Query.of(tags=("counter:1",))


def add(total: int, event: RecordedEvent) -> int:
    return total + int(event.data)


SUM = Fold(kind="sum", schema_version=1, state_type=int, initial=int, apply=add)


def one(total: int) -> list[Event]:
    """Count on, by an event that says where it thinks it is."""
    return [Event(type="counted", data=1, metadata={"after": total}, tags=("counter:1",))]


def one_anywhere(number: int) -> Callable[[int], list[Write]]:
    return lambda total: [
        Write(stream=stream_name(f"counter-{number}"), events=one(total), expected=ANY),
        Write(stream=stream_name(f"log-{number}"), events=[Event(type="x")], expected=ANY),
    ]


class Troubled:
    """A store that others use too, and whose answers get lost, before or after the append."""

    def __init__(self, troubles: Sequence[str] = ()) -> None:
        self.store = MemoryEventStore()
        self.troubles = list(troubles)
        self.appends = 0
        self.late: Any = None

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.store, name)

        async def call(*args: Any, **kwargs: Any) -> Any:
            await asyncio.sleep(0)
            if not name.startswith("append"):
                return await method(*args, **kwargs)
            self.appends += 1
            trouble = self.troubles.pop(0) if self.troubles else ""
            if trouble == "lost before":
                raise OutcomeUnknown(COUNTER, "lost")
            if trouble == "late":  # it lands while its repetition is refused
                self.late = method(*args, **kwargs)
                raise OutcomeUnknown(COUNTER, "lost")
            if trouble == "refused":
                await self.late
                raise WrongExpectedVersion(COUNTER, EXISTS, StreamVersion(0))
            if trouble == "unavailable":
                raise StoreUnavailable("no connection")
            if trouble == "another":
                await self.store.append(COUNTER, one(-1), expected=ANY)
            result = await method(*args, **kwargs)
            if trouble == "lost after":
                raise OutcomeUnknown(COUNTER, "lost")
            return result

        return call


def troubled(*troubles: str) -> tuple[Troubled, EventStore]:
    store = Troubled(troubles)
    return store, cast("EventStore", store)


async def test_what_is_chosen_is_appended() -> None:
    store = MemoryEventStore()
    appended = await decide(store, COUNTER, SUM, one)
    assert appended is not None
    assert (appended.version, appended.repeated) == (1, False)
    (counter, log) = await decide_within(store, LISTED, SUM, one_anywhere(2))
    assert (counter.position, log.position) == (2, 3)
    assert [e.metadata for e in await store.read_log(query=LISTED)] == [{"after": 0}, {"after": 1}]


async def test_nothing_is_chosen() -> None:
    store = MemoryEventStore()
    assert await decide(store, COUNTER, SUM, lambda _: []) is None
    assert await decide_within(store, LISTED, SUM, lambda _: []) == ()
    assert await store.head() == 0


async def test_what_choosing_raises_ends_it() -> None:
    def refuse(total: int) -> list[Any]:
        raise LookupError(total)

    store = MemoryEventStore()
    with pytest.raises(LookupError):
        await decide(store, COUNTER, SUM, refuse)
    with pytest.raises(LookupError):
        await decide_within(store, LISTED, SUM, refuse)
    assert await store.head() == 0


@pytest.mark.parametrize("within", [False, True])
async def test_all_who_decide_at_once_see_each_other(*, within: bool) -> None:
    fake, store = troubled()

    async def count(number: int) -> None:
        for _ in range(5):
            if within:
                choose = one_anywhere(number)
                await decide_within(store, LISTED, SUM, choose, attempts=1000)
            else:
                await decide(store, COUNTER, SUM, one, attempts=1000)

    await asyncio.gather(*map(count, range(8)))
    counted = await fake.store.read_log(query=LISTED)
    assert [event.metadata["after"] for event in counted] == list(range(40))
    assert fake.appends > 40, "nobody was ever quicker"


@pytest.mark.parametrize("within", [False, True])
@pytest.mark.parametrize(
    ("troubles", "appends", "stored"),
    [
        (["lost after"], 2, 1),
        (["lost before"], 2, 1),
        (["lost before", "lost after", "lost before"], 4, 1),
        (["another"], 2, 2),
        (["lost before", "another"], 3, 2),
        (["lost after", "another"], 2, 2),
        (["late", "refused"], 2, 1),
    ],
    ids=str,
)
async def test_it_is_stored_once_whatever_gets_lost(
    troubles: list[str], appends: int, stored: int, *, within: bool
) -> None:
    fake, store = troubled(*troubles)
    if within:
        assert await decide_within(store, LISTED, SUM, one_anywhere(1))
    else:
        assert await decide(store, COUNTER, SUM, one)
    assert fake.appends == appends
    counted = await fake.store.read_log(query=LISTED)
    assert len(counted) == stored
    (mine,) = [event for event in counted if event.metadata["after"] >= 0]
    assert mine.metadata["after"] in (0, stored - 1)


@pytest.mark.parametrize("within", [False, True])
async def test_it_gives_up(*, within: bool) -> None:
    async def deciding(*troubles: str) -> None:
        _, store = troubled(*troubles)
        if within:
            await decide_within(store, LISTED, SUM, one_anywhere(1), attempts=3)
        else:
            await decide(store, COUNTER, SUM, one, attempts=3)

    with pytest.raises((WrongExpectedVersion, BoundaryCrossed)):
        await deciding(*["another"] * 3)
    await deciding(*["another"] * 2)
    with pytest.raises(OutcomeUnknown):
        await deciding(*["lost before"] * 4)
    with pytest.raises(StoreUnavailable):
        await deciding("unavailable")


async def test_no_attempt_is_no_decision() -> None:
    store = MemoryEventStore()
    with pytest.raises(ValueError, match="at least one attempt"):
        await decide(store, COUNTER, SUM, one, attempts=0)
    with pytest.raises(ValueError, match="at least one attempt"):
        await decide_within(store, LISTED, SUM, one_anywhere(1), attempts=0)


async def test_it_begins_with_the_snapshot() -> None:
    store, snapshots = MemoryEventStore(), MemorySnapshotStore()
    await store.append(COUNTER, one(0), expected=ABSENT)
    await save(snapshots, COUNTER, SUM, await load(store, COUNTER, SUM))
    seen: list[int] = []

    def choose(total: int) -> list[Event]:
        seen.append(total)
        return one(total)

    def never(total: int, event: RecordedEvent) -> int:
        raise AssertionError((total, event))

    unread = Fold(kind="sum", schema_version=1, state_type=int, initial=int, apply=never)
    await decide(store, COUNTER, unread, choose, snapshots=snapshots)
    assert seen == [1]

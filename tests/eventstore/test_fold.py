"""State from events, with and without snapshots: the same answer."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventstore import (
    ANY,
    Event,
    InvalidRequest,
    Position,
    RecordedEvent,
    StreamVersion,
    stream_name,
)
from eventstore.fold import Fold, Folded, load, save
from eventstore.memory import MemoryEventStore
from eventstore.snapshots import MemorySnapshotStore, Snapshot
from tests.support.stores import events

ORDER = stream_name("order-1")
OTHER = stream_name("other-1")


class Total(msgspec.Struct, frozen=True):
    sum: int = 0
    seen: tuple[int, ...] = ()


def add(total: Total, event: RecordedEvent) -> Total:
    return Total(total.sum + event.data["number"], (*total.seen, event.version))


TOTAL = Fold(kind="total", schema_version=2, state_type=Total, initial=Total, apply=add)


async def test_a_stream_is_folded() -> None:
    store = MemoryEventStore()
    assert await load(store, ORDER, TOTAL) == Folded(
        state=Total(), version=StreamVersion(0), position=Position(0), read=0
    )
    await store.append(OTHER, events(2), expected=ANY)
    await store.append(ORDER, events(5), expected=ANY)
    for page_size in (1, 2, 5, 6):
        assert await load(store, ORDER, TOTAL, page_size=page_size) == Folded(
            state=Total(15, (1, 2, 3, 4, 5)),
            version=StreamVersion(5),
            position=Position(7),
            read=5,
        )


async def test_only_what_came_after_the_snapshot_is_read() -> None:
    store, snapshots = MemoryEventStore(), MemorySnapshotStore()
    await store.append(ORDER, events(5), expected=ANY)
    await save(snapshots, ORDER, TOTAL, await load(store, ORDER, TOTAL))
    folded = await load(store, ORDER, TOTAL, snapshots=snapshots)
    assert (folded.state.sum, folded.version, folded.read) == (15, 5, 0)
    await store.append(ORDER, events(2), expected=ANY)
    folded = await load(store, ORDER, TOTAL, snapshots=snapshots)
    assert (folded.state, folded.read) == (Total(18, (1, 2, 3, 4, 5, 6, 7)), 2)


@given(st.lists(st.tuples(st.integers(1, 4), st.booleans()), max_size=8))
async def test_with_and_without_snapshots(steps: list[tuple[int, bool]]) -> None:
    store, snapshots = MemoryEventStore(), MemorySnapshotStore()
    for amount, take in steps:
        await store.append(ORDER, events(amount), expected=ANY)
        with_snapshot = await load(store, ORDER, TOTAL, snapshots=snapshots)
        without = await load(store, ORDER, TOTAL)
        assert msgspec.structs.replace(with_snapshot, read=without.read) == without
        if take:
            await save(snapshots, ORDER, TOTAL, with_snapshot)


@pytest.mark.parametrize(
    "wrong",
    [
        {"schema_version": 1},
        {"schema_version": 3},
        {"kind": "other"},
        {"position": Position(9)},
        {"version": StreamVersion(9)},
        {"state": {"sum": "15"}},
        {"state": []},
    ],
    ids=str,
)
async def test_a_snapshot_that_does_not_fit_is_ignored(wrong: dict[str, Any]) -> None:
    store, snapshots = MemoryEventStore(), MemorySnapshotStore()
    await store.append(ORDER, events(5), expected=ANY)
    good = Snapshot(
        stream=ORDER,
        kind="total",
        schema_version=2,
        version=StreamVersion(4),
        position=Position(4),
        state={"sum": -1},
    )
    await snapshots.save(good)
    assert (await load(store, ORDER, TOTAL, snapshots=snapshots)).state.sum == 4
    snapshots = MemorySnapshotStore()
    await snapshots.save(msgspec.structs.replace(good, **wrong))
    assert (await load(store, ORDER, TOTAL, snapshots=snapshots)).state.sum == 15


async def test_of_an_empty_stream_there_is_no_snapshot() -> None:
    store, snapshots = MemoryEventStore(), MemorySnapshotStore()
    await save(snapshots, ORDER, TOTAL, await load(store, ORDER, TOTAL))
    assert await snapshots.load(ORDER, "total", 2) is None


async def test_events_are_applied_in_their_own_order() -> None:
    store = MemoryEventStore()
    for number in range(3):
        await store.append(ORDER, [Event(type="x", data={"number": number})], expected=ANY)
        await store.append(OTHER, events(1), expected=ANY)
    assert (await load(store, ORDER, TOTAL)).state == Total(3, (1, 2, 3))


def kind_of(state_type: Any, state: Any) -> Fold[Any]:
    return Fold(
        kind="k",
        schema_version=1,
        state_type=state_type,
        initial=lambda: state,
        apply=lambda state, _: state,
    )


@pytest.mark.parametrize(
    ("state_type", "state"),
    [
        (dict[int, str], {1: "one"}),
        (set[int], {1, 2}),
        (tuple[int, ...], (1, 2)),
        (dict[str, frozenset[int]], {"a": frozenset({3})}),
        (dt.datetime, dt.datetime(2026, 1, 1, tzinfo=dt.UTC)),
        (bytes, b"\xff"),
        (float, 0.1),
        (str, "\0"),
    ],
    ids=str,
)
async def test_a_state_comes_back_as_it_was(state_type: Any, state: Any) -> None:
    store, snapshots = MemoryEventStore(), MemorySnapshotStore()
    await store.append(ORDER, events(2), expected=ANY)
    fold = kind_of(state_type, state)
    plain = await load(store, ORDER, fold)
    await save(snapshots, ORDER, fold, plain)
    folded = await load(store, ORDER, fold, snapshots=snapshots)
    assert (folded.state, folded.read) == (state, 0)


@pytest.mark.parametrize(
    ("state_type", "state", "words"),
    [
        (dict, {1: "one"}, "name its types"),
        (object, (1, 2), "name its types"),
        (Any, {"a": float("nan")}, "name its types"),
        (float, float("nan"), "cannot be kept as JSON"),
        (str, "\ud800", "surrogates not allowed"),
        (Any, object(), "unsupported"),
        (int, "1", "Expected `int`"),
    ],
    ids=str,
)
async def test_a_state_that_would_come_back_as_another_is_not_kept(
    state_type: Any, state: Any, words: str
) -> None:
    store, snapshots = MemoryEventStore(), MemorySnapshotStore()
    await store.append(ORDER, events(2), expected=ANY)
    fold = kind_of(state_type, state)
    with pytest.raises(InvalidRequest, match=words) as refused:
        await save(snapshots, ORDER, fold, await load(store, ORDER, fold))
    assert "no snapshot is taken of this state of kind 'k'" in str(refused.value)
    assert await snapshots.load(ORDER, "k", 1) is None

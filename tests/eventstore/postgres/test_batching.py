"""No two appends of a batch depend on each other but by versions, and nobody waits for ever."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventstore import ANY, Event, QueueFull, new_event_id
from eventstore.encoding import encode_event
from eventstore.postgres.batching import (
    BATCH_APPENDS,
    BATCH_BYTES,
    BATCH_EVENTS,
    AppendQueue,
    PendingAppend,
)
from eventstore.query import Query
from eventstore.store import Boundary
from eventstore.stream import Position, StreamName
from eventstore.validation import EncodedWrite

Append = PendingAppend[int]


def pending(
    *streams: str,
    number: int = 0,
    events: list[Event] | None = None,
    query: Query | None = None,
    deadline: float = 1.0,
) -> Append:
    given_events = events or [Event(type="happened")]
    writes = [
        EncodedWrite(
            stream=StreamName(stream),
            events=[encode_event(event) for event in given_events],
            expected=ANY,
        )
        for stream in streams
    ]
    return PendingAppend(writes, Boundary(query, Position(0)) if query else None, number, deadline)


def queue_of(*appends: Append) -> AppendQueue[int]:
    queue: AppendQueue[int] = AppendQueue()
    for append in appends:
        queue.put(append)
    return queue


def test_appends_to_different_streams_go_together() -> None:
    appends = [pending(f"s-{n}", number=n) for n in range(5)]
    assert queue_of(*appends).take() == appends


def test_appends_to_one_stream_go_together_in_their_order() -> None:
    appends = [pending("a-1"), pending("b-1", "a-1"), pending("a-1")]
    queue = queue_of(*appends)
    assert queue.take() == appends
    assert queue.take() == []


def test_an_event_id_is_once_in_a_batch() -> None:
    event = Event(type="x", id=new_event_id())
    first, repetition = pending("a-1", events=[event]), pending("b-1", events=[event])
    queue = queue_of(first, repetition)
    assert queue.take() == [first]
    assert queue.take() == [repetition]


@pytest.mark.parametrize(
    ("query", "together"),
    [
        (Query.of(types=("happened",)), False),
        (Query.of(types=("other",)), True),
        (Query.of(categories=("a",)), False),
        (Query.of(categories=("b",)), True),
        (Query.of(tags=("t",)), False),
        (Query.of(tags=("t", "u")), True),
        (Query.everything(), False),
    ],
    ids=repr,
)
def test_a_boundary_waits_for_what_it_excludes(query: Query, *, together: bool) -> None:
    first = pending("a-1", events=[Event(type="happened", tags=("t",))])
    guarded = pending("b-1", query=query)
    assert queue_of(first, guarded).take() == ([first, guarded] if together else [first])
    # The other way round it is decided first, whatever comes after it.
    assert queue_of(guarded, first).take() == [guarded, first]


def test_a_batch_is_bounded() -> None:
    queue = queue_of(*(pending(f"s-{n}") for n in range(BATCH_APPENDS + 5)))
    assert len(queue.take(1000)) == BATCH_APPENDS
    assert len(queue.take(3)) == 3
    assert len(queue.take()) == 2
    many = [Event(type="x") for _ in range(BATCH_EVENTS // 2 + 1)]
    queue = queue_of(pending("a-1", events=many), pending("b-1", events=many))
    assert [len(queue.take()), len(queue.take())] == [1, 1]
    large = [Event(type="x", data="x" * 900_000) for _ in range(BATCH_BYTES // 900_000 + 1)]
    queue = queue_of(pending("a-1", events=large), pending("b-1"))
    assert [len(queue.take()), len(queue.take())] == [1, 1]


def test_the_queue_is_bounded() -> None:
    queue: AppendQueue[int] = AppendQueue(limit=2)
    queue.put(pending("a-1"))
    queue.put(pending("a-1"))
    with pytest.raises(QueueFull) as caught:
        queue.put(pending("a-2"))
    assert (caught.value.definite, caught.value.limit, caught.value.stream) == (True, 2, "a-2")
    queue.take(1)
    queue.put(pending("a-3"))
    assert len(queue) == 2


def test_who_waits_may_leave() -> None:
    first, second = pending("a-1"), pending("a-2")
    queue = queue_of(first, second)
    assert queue.discard(first)
    assert not queue.discard(first)
    assert queue.take() == [second]
    assert not queue.discard(second)


def test_who_waited_too_long_is_taken_out() -> None:
    appends = [pending("a-1", deadline=float(n)) for n in range(4)]
    queue = queue_of(*appends)
    assert queue.first_deadline() == 0.0
    assert queue.overdue(1.5) == appends[:2]
    assert queue.first_deadline() == 2.0
    assert queue.overdue(1.5) == []
    assert queue.overdue(9.0) == appends[2:]
    assert queue.first_deadline() is None


@given(st.lists(st.lists(st.integers(0, 4), min_size=1, max_size=3, unique=True), max_size=30))
def test_everybody_goes_once_and_who_waits_longest_goes_next(chosen: list[list[int]]) -> None:
    events = [Event(type="x") for _ in range(5)]
    appends = [
        pending("a-1", number=number, events=[events[n] for n in of])
        for number, of in enumerate(chosen)
    ]
    queue = queue_of(*appends)
    gone: list[int] = []
    while batch := queue.take():
        ids = [id_ for append in batch for id_ in append.ids]
        assert len(set(ids)) == len(ids)
        assert batch[0].ticket == min(set(range(len(appends))) - set(gone))
        gone += [append.ticket for append in batch]
    assert sorted(gone) == list(range(len(appends)))

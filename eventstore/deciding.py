"""Decide, append, and decide again if what was decided on has changed.

The loop that every command handler needs and that is easily got wrong: read and fold, let the
caller choose what to record, append on condition that nothing came in between, and begin again if
something did. An append without an answer is repeated as it is, with the same event ids, so that it
is stored once; only when it is known not to be stored is anything decided anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from eventstore import reading
from eventstore.errors import BoundaryCrossed, OutcomeUnknown, WrongExpectedVersion
from eventstore.event import Event
from eventstore.fold import Fold, load
from eventstore.query import Query
from eventstore.snapshots import SnapshotStore
from eventstore.store import Appended, Boundary, EventStore, Write
from eventstore.stream import StreamName

__all__ = ["ATTEMPTS", "decide", "decide_within"]

S = TypeVar("S")

ATTEMPTS: Final = 10
"""How often to decide while others are quicker."""

_ATTEMPTS_AT_ANSWER: Final = 4
"""How often to send an append that gets no answer; each waits as long as the store waits."""


async def decide(
    store: EventStore,
    stream: StreamName,
    fold: Fold[S],
    choose: Callable[[S], Sequence[Event]],
    *,
    snapshots: SnapshotStore | None = None,
    attempts: int = ATTEMPTS,
) -> Appended | None:
    """Append to a stream what is chosen by its state; null if nothing is chosen.

    ``choose`` may be called several times, each time with a newer state, and makes new events each
    time. What it raises ends the decision, and nothing is appended.

    Raises:
        WrongExpectedVersion: others were quicker, ``attempts`` times.
        OutcomeUnknown: no answer came, also when the append was repeated.
        As `EventStore.append` and `EventStore.read_stream`.
    """
    for left in reversed(range(attempts)):
        folded = await load(store, stream, fold, snapshots=snapshots)
        events = choose(folded.state)
        if not events:
            return None
        write = Write(stream=stream, events=events, expected=folded.version)
        try:
            (appended,) = await _append(store, [write], None)
        except WrongExpectedVersion:
            if not left:
                raise
        else:
            return appended
    raise _no_attempt(attempts)


async def decide_within(
    store: EventStore,
    query: Query,
    fold: Fold[S],
    choose: Callable[[S], Sequence[Write]],
    *,
    attempts: int = ATTEMPTS,
) -> tuple[Appended, ...]:
    """Append what is chosen by the state of all events that match a query, within this boundary.

    As `decide`, but of any events, and to any streams, all or none; empty if nothing is chosen.

    Raises:
        BoundaryCrossed, WrongExpectedVersion: others were quicker, ``attempts`` times.
        OutcomeUnknown: no answer came, also when the append was repeated.
        As `EventStore.append_all` and `EventStore.read_log`.
    """
    for left in reversed(range(attempts)):
        after = await store.head()
        state = fold.initial()
        async for event in reading.log(store, query=query, until=after):
            state = fold.apply(state, event)
        writes = choose(state)
        if not writes:
            return ()
        try:
            return await _append(store, writes, Boundary(query, after))
        except (BoundaryCrossed, WrongExpectedVersion):
            if not left:
                raise
    raise _no_attempt(attempts)


async def _append(
    store: EventStore, writes: Sequence[Write], boundary: Boundary | None
) -> tuple[Appended, ...]:
    sent = 0
    while True:
        sent += 1
        try:
            return await store.append_all(writes, boundary=boundary)
        except OutcomeUnknown:
            if sent == _ATTEMPTS_AT_ANSWER:
                raise
        except (BoundaryCrossed, WrongExpectedVersion):
            if sent == 1:
                raise
            # An attempt without an answer may be under way still, and land when this conflict is
            # over; so it is asked for, which ends it, before anything is decided anew.
            found = await store.outcome([event.id for write in writes for event in write.events])
            if found.appended is None:
                raise
            return found.appended


def _no_attempt(attempts: int) -> ValueError:
    return ValueError(f"a decision takes at least one attempt, not {attempts}")

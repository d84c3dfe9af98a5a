"""State from events: fold a stream, from its last snapshot if there is one.

`Fold` says what the state is and how an event changes it; `load` reads the stream and folds it;
`save` keeps a snapshot. A snapshot only ever saves time: with and without, `load` answers the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from eventstore.errors import InvalidRequest
from eventstore.event import RecordedEvent
from eventstore.snapshots import Snapshot, SnapshotStore
from eventstore.stream import Position, StreamName, StreamVersion

__all__ = ["Fold", "Folded", "load", "save"]

S = TypeVar("S")

PAGE_SIZE = 1000


class Fold(msgspec.Struct, Generic[S], frozen=True, kw_only=True):
    """What a stream's events come to.

    ``kind`` names the state among a stream's snapshots. Give ``schema_version`` the next number
    whenever ``apply`` or the shape of the state changes. ``apply`` must depend on nothing but its
    arguments. The state goes into a snapshot as JSON by msgspec, and comes back as ``state_type``,
    which says all that JSON does not: ``dict[int, str]``, not ``dict``. States are compared by
    ``==``.
    """

    kind: str
    schema_version: int
    state_type: type[S]
    initial: Callable[[], S]
    apply: Callable[[S, RecordedEvent], S]


class Folded(msgspec.Struct, Generic[S], frozen=True, kw_only=True):
    """The state of a stream, and where it was: ``version`` is what to expect when appending.

    ``position`` is that of its last event, 0 if it is empty. ``read`` is how many events it took:
    take a snapshot when that gets too many.
    """

    state: S
    version: StreamVersion
    position: Position
    read: int


class StreamReader(Protocol):
    """Reads streams: an `EventStore` is one."""

    async def read_stream(
        self, stream: StreamName, *, after: StreamVersion, limit: int
    ) -> list[RecordedEvent]:
        """Read a stream forwards."""
        ...


async def load(
    store: StreamReader,
    stream: StreamName,
    fold: Fold[S],
    *,
    snapshots: SnapshotStore | None = None,
    page_size: int = PAGE_SIZE,
) -> Folded[S]:
    """Fold a stream as it is now, from its snapshot if there is one that fits.

    Raises:
        As `EventStore.read_stream`, and what ``apply`` raises.
    """
    folded = Folded(state=fold.initial(), version=StreamVersion(0), position=Position(0), read=0)
    if snapshots is not None:
        snapshot = await snapshots.load(stream, fold.kind, fold.schema_version)
        if snapshot is not None:
            folded = await _from(snapshot, store, fold) or folded
    while True:
        page = await store.read_stream(stream, after=folded.version, limit=page_size)
        state = folded.state
        for event in page:
            state = fold.apply(state, event)
        if page:
            folded = Folded(
                state=state,
                version=page[-1].version,
                position=page[-1].position,
                read=folded.read + len(page),
            )
        if len(page) < page_size:
            return folded


async def save(
    snapshots: SnapshotStore, stream: StreamName, fold: Fold[S], folded: Folded[S]
) -> None:
    """Keep a snapshot of a state; of an empty stream there is none.

    Raises:
        InvalidRequest: the state is not JSON, or would come back as another one; it is not kept.
        As `SnapshotStore.save`; what it was to keep is not lost, since the log has it.
    """
    if folded.version == 0:
        return
    try:
        state = msgspec.json.decode(msgspec.json.encode(folded.state))
        again = _state_of(state, fold)
    except (TypeError, ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise InvalidRequest(f"{_words(fold)}: it cannot be kept as JSON ({error}).") from None
    if again != folded.state:
        raise InvalidRequest(
            f"{_words(fold)}: it would come back from JSON as another one: name its types in "
            "`state_type` (dict[int, str], not dict; tuple, not object), and keep no NaN in it."
        )
    await snapshots.save(
        Snapshot(
            stream=stream,
            kind=fold.kind,
            schema_version=fold.schema_version,
            version=folded.version,
            position=folded.position,
            state=state,
        )
    )


async def _from(snapshot: Snapshot, store: StreamReader, fold: Fold[S]) -> Folded[S] | None:
    """Begin with a snapshot, if its last event is where it says and its state can be read."""
    before = StreamVersion(snapshot.version - 1)
    last = await store.read_stream(snapshot.stream, after=before, limit=1)
    if [event.position for event in last] != [snapshot.position]:
        return None
    try:
        state = _state_of(snapshot.state, fold)
    except msgspec.ValidationError:
        return None
    return Folded(state=state, version=snapshot.version, position=snapshot.position, read=0)


def _state_of(state: Any, fold: Fold[S]) -> S:
    return msgspec.convert(state, fold.state_type, str_keys=True)


def _words(fold: Fold[S]) -> str:
    return f"no snapshot is taken of this state of kind {fold.kind!r}"

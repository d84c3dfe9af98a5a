"""`eventstore relay status`: where the log and the stream are, who relays, and when it was healed.

A lag of nothing over a hole cannot be shown: a stream that lacks messages is `damaged`, one that
holds what the log does not is `diverged`, wherever its end is.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import msgspec

from eventstore.event import RecordedEvent
from eventstore.jetstream import connect
from eventstore.postgres.lease import holder_of
from eventstore.postgres.store import PostgresEventStore
from eventstore.relay.jetstream_stream import Inspection, inspect
from eventstore.relay.relay import LEASE
from eventstore.stream import Position

__all__ = ["RelayStatus", "ask", "text"]

NO_STREAM: Final = "no stream"
AHEAD: Final = "diverged: ahead of the log"
DIFFERS: Final = "diverged: its last message is not the log's"
DIVERGED: Final = frozenset({AHEAD, DIFFERS})
DAMAGED: Final = "damaged: it lost messages"
BEHIND: Final = "behind"
CAUGHT_UP: Final = "caught up"


class RelayStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How far the relay has come; the fields of the stream are null if there is none.

    ``lag_seconds`` is the age of the first event that is not relayed. ``missing`` counts messages
    that the stream has lost. ``epoch`` and ``epoch_after`` are those of `Epoch`. ``leader`` is
    HOST:PID of the relay that holds the lease, or null if none does or we may not see it.
    """

    state: str
    head: int
    last_sequence: int | None = None
    lag: int
    lag_seconds: float = 0.0
    missing: int = 0
    first_sequence: int | None = None
    epoch: int | None = None
    epoch_after: int | None = None
    made_at: dt.datetime | None = None
    made_because: str | None = None
    leader: str | None = None


async def ask(database: str, nats: str, timeout_seconds: float) -> RelayStatus:
    """Ask both servers.

    Raises:
        StoreUnavailable, ReadFailed, StreamUnavailable: one does not answer.
        ConfigError, SchemaMismatch: one is not set up for us.
    """
    async with (
        PostgresEventStore.connect(database, pool_size=1, timeout_seconds=timeout_seconds) as log,
        connect(nats, name="eventstore relay status", timeout_seconds=timeout_seconds) as link,
    ):
        # The stream first: a stream that is ahead of the log read after it is really ahead.
        found = await inspect(link)
        compared = _compared_at(found)
        events = await log.read_log(after=Position(max(0, compared - 1)), limit=2)
        head = await log.head()
    holder = await holder_of(database, LEASE, timeout_seconds=timeout_seconds)
    leader = None if holder is None else holder.name
    waiting = next((event for event in events if event.position > compared), None)
    age = 0.0 if waiting is None else _age(waiting)
    if found is None:
        return RelayStatus(state=NO_STREAM, head=head, lag=head, lag_seconds=age, leader=leader)
    last = found.state.last_sequence
    return RelayStatus(
        state=_state(found, head, events),
        head=head,
        last_sequence=last,
        lag=head - last,
        lag_seconds=age,
        missing=found.state.missing,
        first_sequence=found.first,
        epoch=found.epoch.number,
        epoch_after=found.epoch.after,
        made_at=found.created,
        made_because=found.reason or None,
        leader=leader,
    )


def _compared_at(found: Inspection | None) -> int:
    """The position of the last message that there is."""
    if found is None:
        return 0
    last = found.state.last
    if found.state.missing and last is not None and last.position is not None:
        return last.position
    return found.state.last_sequence


def _age(event: RecordedEvent) -> float:
    return max(0.0, round((dt.datetime.now(dt.UTC) - event.recorded_at).total_seconds(), 3))


def _state(found: Inspection, head: int, events: list[RecordedEvent]) -> str:
    state = found.state
    if state.last_sequence > head:
        return AHEAD
    here = next((event for event in events if event.position == _compared_at(found)), None)
    last = state.last
    if here and last and (last.position, last.event_id) != (here.position, here.id):
        return DIFFERS
    if state.missing:
        return DAMAGED
    return BEHIND if head > state.last_sequence else CAUGHT_UP


def text(found: RelayStatus) -> str:
    """Write it for a terminal."""
    last = "none" if found.last_sequence is None else f"{found.last_sequence:,}"
    lines = [
        found.state,
        f"log head         {found.head:,}",
        f"last sequence    {last}",
        f"lag              {found.lag:,}",
        f"lag in seconds   {found.lag_seconds:g}",
        f"leader           {found.leader or 'not known'}",
    ]
    if found.last_sequence is not None:
        made = "" if found.made_at is None else f"{found.made_at:%Y-%m-%d %H:%M:%S%z}"
        because = "" if found.made_because is None else f", because {found.made_because}"
        lines += [
            f"lost messages    {found.missing:,}",
            f"begins at        {found.first_sequence:,}",
            f"epoch            {found.epoch}, after position {found.epoch_after:,}",
            f"made             {made}{because}",
        ]
    return "\n".join(lines) + "\n"

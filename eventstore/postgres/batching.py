"""Which appends go into one batch: the core of the appender, without I/O.

The appends of a batch are decided in order, each by the versions that those before it leave. Event
ids and boundaries are looked up in the log as it was before the batch, though: an id occurs once in
it, and no boundary in it excludes an event of an append before. Whoever does not fit waits for the
next batch, and the one that waits longest always goes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final, Generic, TypeVar
from uuid import UUID

from eventstore.errors import QueueFull
from eventstore.store import Boundary
from eventstore.stream import category_of
from eventstore.validation import EncodedWrite

__all__ = ["BATCH_APPENDS", "BATCH_EVENTS", "QUEUE_APPENDS", "AppendQueue", "PendingAppend"]

QUEUE_APPENDS: Final = 4096
"""How many appends may wait in one store."""

BATCH_APPENDS: Final = 128
"""The most appends of one batch: more would make all wait longer for little."""

BATCH_EVENTS: Final = 2000
"""The most events of one batch, unless its only append has more: the lock is held for them."""

BATCH_BYTES: Final = 4 * 1024 * 1024
"""The most characters of data in one batch, unless its only append has more."""

_LOOK_AHEAD: Final = 4 * BATCH_APPENDS
"""How many of those that wait are looked at for one batch: many may wait for one another."""

TicketT = TypeVar("TicketT")


class PendingAppend(Generic[TicketT]):
    """An append that waits to be sent; ``ticket`` is whatever its caller waits for."""

    __slots__ = ("boundary", "deadline", "events", "ids", "size", "ticket", "writes")

    def __init__(
        self,
        writes: Sequence[EncodedWrite],
        boundary: Boundary | None,
        ticket: TicketT,
        deadline: float,
    ) -> None:
        self.writes = writes
        self.boundary = boundary
        self.ticket = ticket
        self.deadline = deadline
        self.ids: list[UUID] = []
        self.size = 0
        for write in writes:
            for event in write.events:
                self.ids.append(event.id)
                self.size += len(event.data) + len(event.metadata)
        self.events = len(self.ids)


class AppendQueue(Generic[TicketT]):
    """Appends in the order in which they came, at most ``limit``."""

    def __init__(self, limit: int = QUEUE_APPENDS) -> None:
        self._limit = limit
        self._waiting: deque[PendingAppend[TicketT]] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, append: PendingAppend[TicketT]) -> None:
        """Let an append wait.

        Raises:
            QueueFull: too many wait already.
        """
        if len(self._waiting) >= self._limit:
            raise QueueFull(append.writes[0].stream, self._limit)
        self._waiting.append(append)

    def discard(self, append: PendingAppend[TicketT]) -> bool:
        """Take back an append that was not sent yet; false if it is not waiting any more."""
        try:
            self._waiting.remove(append)
        except ValueError:
            return False
        return True

    def first_deadline(self) -> float | None:
        """Return the deadline of the one that waits longest; none if nobody waits."""
        return self._waiting[0].deadline if self._waiting else None

    def overdue(self, now: float) -> list[PendingAppend[TicketT]]:
        """Take out those whose deadline is over, in a queue where all have the same patience."""
        late: list[PendingAppend[TicketT]] = []
        while self._waiting and self._waiting[0].deadline <= now:
            late.append(self._waiting.popleft())
        return late

    def take(self, most: int = BATCH_APPENDS) -> list[PendingAppend[TicketT]]:
        """Take out the appends that go into the next batch, at most so many; none if none waits."""
        if not self._waiting:
            return []
        batch = _Batch[TicketT](min(most, BATCH_APPENDS))
        left: list[PendingAppend[TicketT]] = []
        for _ in range(min(len(self._waiting), _LOOK_AHEAD)):
            append = self._waiting.popleft()
            if not batch.add(append):
                left.append(append)
            if batch.full:
                break
        self._waiting.extendleft(reversed(left))
        return batch.appends


class _Batch(Generic[TicketT]):
    def __init__(self, most: int) -> None:
        self.appends: list[PendingAppend[TicketT]] = []
        self.full = False
        self._most = most
        self._ids: set[UUID] = set()
        self._events = 0
        self._size = 0

    def add(self, append: PendingAppend[TicketT]) -> bool:
        """Add an append if it fits."""
        events, size = self._events + append.events, self._size + append.size
        if self.appends and (events > BATCH_EVENTS or size > BATCH_BYTES):
            self.full = True
            return False
        if not self._is_independent(append):
            return False
        self.appends.append(append)
        self._events, self._size = events, size
        self._ids.update(append.ids)
        self.full = len(self.appends) >= self._most
        return True

    def _is_independent(self, append: PendingAppend[TicketT]) -> bool:
        if not self._ids.isdisjoint(append.ids):
            return False
        if append.boundary is None:
            return True
        matches = append.boundary.query.matches_parts
        return not any(
            matches(category_of(write.stream), event.type, event.tags)
            for earlier in self.appends
            for write in earlier.writes
            for event in write.events
        )

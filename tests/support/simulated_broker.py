"""JetStream as it really is, without a server: it acknowledges, and may not have flushed.

A stream stores a message if the condition on its predecessor holds. What was not flushed is gone
after a power cut; an old copy of its files can come back; messages can vanish from its middle; it
can be lost altogether. Sequences are used again afterwards. Each making of a stream has a number,
and a subscription to an earlier one is dead, which its subscriber may or may not be told.
"""

from __future__ import annotations

from random import Random

from eventstore.event import RecordedEvent
from eventstore.relay.ports import LastMessage, StreamState


class Broker:
    def __init__(self, random: Random, *, conditional: bool = True) -> None:
        self._random = random
        self._conditional = conditional
        self.making = 0
        self.stream: list[RecordedEvent | None] | None = None
        self._flushed: tuple[int, list[RecordedEvent | None] | None] = (0, None)
        self._copies: list[tuple[int, list[RecordedEvent | None] | None]] = []

    @property
    def last_sequence(self) -> int:
        return len(self.stream or ())

    def make(self) -> None:
        if self.stream is None:
            self.making += 1
            self.stream = []

    def replace(self) -> None:
        self.stream = None
        self.make()

    def store(self, event: RecordedEvent) -> bool:
        if self.stream is None:
            return False
        if self._conditional and len(self.stream) != event.position - 1:
            return False
        self.stream.append(event)
        return True

    def inspect(self) -> StreamState | None:
        if self.stream is None:
            return None
        held = [event for event in self.stream if event is not None]
        last = LastMessage(position=held[-1].position, event_id=held[-1].id) if held else None
        return StreamState(
            last_sequence=len(self.stream), last=last, missing=len(self.stream) - len(held)
        )

    def deliver(self, cursor: int, limit: int) -> tuple[list[RecordedEvent], int]:
        """Messages after a sequence, and where the cursor is then. Holes are skipped silently."""
        events: list[RecordedEvent] = []
        for event in (self.stream or [])[cursor:]:
            if len(events) == limit:
                break
            cursor += 1
            if event is not None:
                events.append(event)
        return events, cursor

    def flush(self) -> None:
        self._flushed = (self.making, None if self.stream is None else list(self.stream))
        if self._random.random() < 0.2:
            self._copies = [*self._copies[-2:], self._flushed]

    def misfortune(self) -> None:
        match self._random.randrange(8):
            case 0:
                self._begin_with(*self._flushed)  # a power cut
            case 1 if self._copies:
                self._begin_with(*self._random.choice(self._copies))
            case 2:
                self.stream = None
            case 3 if self.stream:
                self.stream[self._random.randrange(len(self.stream))] = None
            case 4 if self.stream and self._random.random() < 0.3:
                self.stream = [None] * len(self.stream)  # a purge
            case _:
                self.flush()

    def _begin_with(self, making: int, stream: list[RecordedEvent | None] | None) -> None:
        # The stream of an earlier making is the same one to whoever subscribed to it then.
        if self.stream is not None and making != self.making:
            self.making += 1
        self.stream = None if stream is None else list(stream)

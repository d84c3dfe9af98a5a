"""Log, relays, broker, projectors and a read model, one seeded step at a time, without I/O.

The relay's and the projector's own cores decide; everything around them fails. Relays stand still
and wake up, are killed at any step with what they had sent still under way, and get their
acknowledgements late, in any order or never. Projectors are killed before and after a commit, and
are delivered repetitions and gaps. Two of each work at once, as they do after a lease was stolen.

After each step it holds that the stream is a part of the log, that the read model is the fold of
the log up to the checkpoint, and that the checkpoint is not ahead. In the end, with no more faults,
all of it is the log.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from random import Random
from typing import cast

import msgspec

from eventstore.backoff import Backoff
from eventstore.event import RecordedEvent
from eventstore.relay import core as relay
from eventstore.stream import Position
from projector import steps as project
from projector.checkpoint import Checkpoint
from projector.subscription import SubscriptionCore, SubscriptionPace
from tests.support.recorded import page, recorded
from tests.support.simulated_broker import Broker

RELAYS = PROJECTORS = 2
RELAY_PACE = relay.RelayPace(page=3, window=6, inspect_every=0.5)
PROJECTOR_PACE = SubscriptionPace(batch=3, attempts=3)


class Bug(msgspec.Struct, frozen=True):
    """A mistake planted in the line; without an argument there is none."""

    relay_core: Callable[[relay.RelayPace, Backoff], relay.RelayCore] = relay.RelayCore
    projector_core: Callable[..., SubscriptionCore] = SubscriptionCore
    conditional_publish: bool = True
    conditional_commit: bool = True
    checkpoint_first: bool = False


class ReadModel:
    """A digest of each stream's events in order: repeated, lost or swapped events change it."""

    def __init__(self) -> None:
        self.position = Position(0)
        self.rows: dict[str, bytes] = {}

    def apply(self, events: Sequence[RecordedEvent]) -> None:
        for event in events:
            before = self.rows.get(event.stream, b"")
            self.rows[event.stream] = hashlib.blake2b(before + event.id.bytes).digest()


class SimulatedRelay:
    """A relay's process: its core, what it is to do, and the replies that it has not read."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._random = line.random
        self.paused = False
        self._begin()

    def _begin(self) -> None:
        backoff = Backoff(first=0.01, limit=1, random=self._random)
        self.core = self._line.bug.relay_core(RELAY_PACE, backoff)
        self._commands = list(self.core.start())
        self._replies: list[tuple[relay.Publish, relay.Outcome]] = []

    def die(self) -> None:
        """Kill -9: of what it was sending a beginning may be under way."""
        for command in self._commands:
            if isinstance(command, relay.Publish):
                events = cast("Sequence[RecordedEvent]", command.events)
                sent = self._random.randint(0, len(events))
                self._line.under_way += events[:sent]
                if sent < len(events):
                    break
        self._begin()

    def step(self, *, lossy: bool) -> None:
        """Carry out one command, or read one reply; publishes are sent in their order."""
        wanted = [c for c in self._commands if self.core.wants(c)]
        first = next((c for c in wanted if isinstance(c, relay.Publish)), None)
        ready = [c for c in wanted if not isinstance(c, relay.Publish) or c is first]
        self._commands = wanted
        chosen = self._random.randrange(len(ready) + len(self._replies))
        if chosen >= len(ready):
            command, outcome = self._replies.pop(chosen - len(ready))
            if self.core.wants(command):
                self._commands += self.core.receive(command, outcome)
            return
        self._commands.remove(ready[chosen])
        match ready[chosen]:
            case relay.Publish() as publish:
                self._replies.append((publish, self._published(publish, lossy=lossy)))
            case other:
                self._commands += self.core.receive(other, self._outcome(other))

    def _outcome(self, command: relay.Command) -> relay.Outcome:
        broker = self._line.broker
        match command:
            case relay.InspectStream():
                return relay.Inspected(broker.inspect())
            case relay.CreateStream():
                broker.make()
            case relay.ReplaceStream():
                broker.replace()
            case relay.ReadPage(after=after, limit=limit):
                return relay.Page(page(self._line.log, after, limit))
            case relay.Wait(seconds=seconds) | relay.WaitForMore(seconds=seconds):
                return relay.Waited(seconds)
            case relay.Publish():
                raise AssertionError("a publish has replies")
        return relay.Created()

    def _published(self, command: relay.Publish, *, lossy: bool) -> relay.Outcome:
        events = cast("Sequence[RecordedEvent]", command.events)
        reached = self._random.randint(0, len(events)) if lossy else len(events)
        stored = [self._line.broker.store(event) for event in events[:reached]]
        self._line.under_way += events[reached:]
        heard = not lossy or self._random.random() < 0.5
        if reached == len(events) and all(stored) and heard:
            return relay.Acknowledged()
        return relay.Failed("refused, or no acknowledgement")


class SimulatedProjector:
    """A projector's process: its core, what it is to do, and its subscription."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._random = line.random
        self.die()

    def die(self) -> None:
        """Kill -9, and begin again at the checkpoint."""
        backoff = Backoff(first=0.01, limit=1, random=self._random)
        self.core = self._line.bug.projector_core(PROJECTOR_PACE, backoff, log_at_hand=True)
        self._commands = list(self.core.start())
        self._making = self._cursor = 0

    def step(self, *, lossy: bool) -> None:
        """Carry out one command; it may die before that, or before it learns what came of it."""
        if lossy and self._random.random() < 0.05:
            self.die()
            return
        self._commands = [c for c in self._commands if self.core.wants(c)]
        command = self._commands.pop(self._random.randrange(len(self._commands)))
        outcome = self._outcome(command, lossy=lossy)
        if outcome is None or (lossy and self._random.random() < 0.05):
            self.die()
            return
        self._commands += self.core.receive(command, outcome)

    def _outcome(self, command: project.Command, *, lossy: bool) -> project.Outcome | None:
        """What comes of a command; null if the session broke."""
        line = self._line
        outcome: project.Outcome | None = None
        match command:
            case project.LoadCheckpoint():
                outcome = project.Loaded(line.checkpoint)
            case project.Subscribe(after=after):
                outcome = self._subscribed(after)
            case project.Fetch(limit=limit):
                outcome = self._fetched(limit, lossy=lossy)
            case project.ReadLog(after=after, limit=limit):
                outcome = project.Fetched(page(line.log, after, limit))
            case project.Compare():
                outcome = self._compared()
            case project.Commit(events=events, checkpoint=checkpoint):
                outcome = line.commit(events, checkpoint, lossy=lossy)
            case project.Pause():
                outcome = project.Paused()
            case project.SetAside():
                raise AssertionError("nothing is poison here")
        return outcome

    def _subscribed(self, after: Position) -> project.Outcome | None:
        broker = self._line.broker
        if broker.stream is None:
            return None
        self._making = broker.making
        # A consumer that is to begin behind the end begins at the end.
        self._cursor = min(after, broker.last_sequence)
        return project.Subscribed()

    def _compared(self) -> project.Outcome | None:
        broker = self._line.broker
        if broker.stream is None:
            return None
        return project.Compared(broker.last_sequence, Position(len(self._line.log)))

    def _fetched(self, limit: int, *, lossy: bool) -> project.Outcome | None:
        broker = self._line.broker
        if broker.stream is None or broker.making != self._making:
            # The server says that the consumer is gone, or nobody tells us.
            return None if self._random.random() < 0.5 else project.Fetched([])
        events, self._cursor = broker.deliver(self._cursor, limit)
        if lossy:
            kept = [event for event in events if self._random.random() < 0.8]
            again = [event for event in kept if self._random.random() < 0.2]
            events = sorted(kept + again, key=lambda event: event.position)
        return project.Fetched(events)


class Line:
    """The whole line under one seed."""

    def __init__(self, seed: int, bug: Bug | None = None) -> None:
        self.random = Random(seed)  # noqa: S311 - a simulation
        self.bug = bug or Bug()
        self.log: list[RecordedEvent] = []
        self.under_way: list[RecordedEvent] = []
        self.broker = Broker(self.random, conditional=self.bug.conditional_publish)
        self.model = ReadModel()
        self._fold = ReadModel()
        self.relays = [SimulatedRelay(self) for _ in range(RELAYS)]
        self.projectors = [SimulatedProjector(self) for _ in range(PROJECTORS)]

    @property
    def checkpoint(self) -> Checkpoint:
        return Checkpoint(projection="p", generation=1, position=self.model.position)

    def commit(
        self, events: Sequence[RecordedEvent], checkpoint: Checkpoint, *, lossy: bool
    ) -> project.Outcome | None:
        moved = checkpoint.position != self.model.position
        if moved and self.bug.conditional_commit:
            return project.Conflicted()
        self.model.position = events[-1].position
        if self.bug.checkpoint_first and lossy and self.random.random() < 0.3:
            return None
        self.model.apply(events)
        return project.Committed(self.checkpoint)

    def run(self, steps: int) -> None:
        """Go through so many steps under faults, come to rest, be harmed, and rest again.

        Raises:
            AssertionError: an invariant does not hold; or an error of a core, which is none of
                those that a fault of this world explains.
        """
        for _ in range(steps):
            self._misfortune()
            self._step(lossy=self.random.random() < 0.3)
            self._check()
        self._come_to_rest()
        # Who rests notices nothing by itself.
        for _ in range(2):
            self.broker.misfortune()
        self._come_to_rest()

    def restore(self) -> Position:
        """Restore the log from a backup, append others to it, and damage the stream as well.

        Returns:
            The last position that is as it was.
        """
        kept = self.random.randint(0, len(self.log))
        more = self.random.randint(0, len(self.log))
        self.log = self.log[:kept] + [recorded(kept + n, epoch=1) for n in range(1, more + 1)]
        if self.broker.stream and self.random.random() < 0.5:
            for _ in range(self.random.randint(1, 3)):
                self.broker.stream[-self.random.randint(1, min(3, len(self.broker.stream)))] = None
        return Position(kept)

    def _step(self, *, lossy: bool) -> None:
        if self.random.random() < 0.5:
            relay_ = self.random.choice(self.relays)
            if not relay_.paused:
                relay_.step(lossy=lossy)
        else:
            self.random.choice(self.projectors).step(lossy=lossy)

    def _misfortune(self) -> None:
        match self.random.randrange(24):
            case 0 | 1:
                self.broker.misfortune()
            case 2 if self.under_way:
                self.broker.store(self.under_way.pop(self.random.randrange(len(self.under_way))))
            case 3:
                relay_ = self.random.choice(self.relays)
                relay_.paused = not relay_.paused
            case 4:
                self.random.choice(self.relays).die()
            case 5 | 6 | 7:
                head = len(self.log)
                self.log += [recorded(head + n) for n in range(1, self.random.randint(2, 6))]
            case _:
                pass

    def _check(self) -> None:
        stream = self.broker.stream or []
        for sequence, event in enumerate(stream, 1):
            assert event is None or event == self.log[sequence - 1], f"sequence {sequence}"
        position = self.model.position
        assert position <= len(self.log), "the checkpoint is ahead of the log"
        assert position >= self._fold.position, "the checkpoint went back"
        self._fold.apply(self.log[self._fold.position : position])
        self._fold.position = position
        assert self.model.rows == self._fold.rows, "the read model is not the fold of the log"

    def _come_to_rest(self, *, rounds: int = 600) -> None:
        """No more faults. What is still under way arrives, and everybody goes on."""
        for relay_ in self.relays:
            relay_.paused = False
        for _ in range(rounds):
            if self.under_way:
                self.broker.store(self.under_way.pop())
            for relay_ in self.relays:
                relay_.step(lossy=False)
            for projector in self.projectors:
                projector.step(lossy=False)
            self._check()
            if self._at_rest():
                return
        raise AssertionError("it never came to rest")

    def _at_rest(self) -> bool:
        return (
            self.broker.stream == self.log
            and self.model.position == len(self.log)
            and all(relay_.core.caught_up for relay_ in self.relays)
            and all(projector.core.caught_up for projector in self.projectors)
        )

"""A world without servers for projectors: a stream, a log, a read model, and what goes wrong.

The stream repeats, skips, falls silent, loses its tail and gets it back; messages of it are damaged
and stay so. What was committed stays committed, though the projector may die before it learns that.
"""

from __future__ import annotations

from random import Random

from eventstore.backoff import Backoff
from eventstore.errors import ForeignMessage
from eventstore.event import RecordedEvent
from eventstore.stream import Position
from projector import steps as decide
from projector.checkpoint import Checkpoint
from projector.subscription import SubscriptionCore, SubscriptionPace
from tests.support.recorded import page, recorded

PACE = SubscriptionPace(batch=3, attempts=3)


class World:
    def __init__(self, random: Random, *, projectors: int = 1, log_at_hand: bool = True) -> None:
        self.random = random
        self.log_at_hand = log_at_hand
        self.log: list[RecordedEvent] = []
        self.stream_last = 0
        self.damaged: set[int] = set()
        self.applied: list[RecordedEvent] = []
        self.position = Position(0)
        self.cursors = [0] * projectors
        self.asked_log = 0
        self.subscriptions = 0
        self.commands: list[list[decide.Command]] = [[] for _ in range(projectors)]
        self.cores: list[SubscriptionCore] = []
        for number in range(projectors):
            self.cores.append(self.new_core(number))

    def new_core(self, number: int) -> SubscriptionCore:
        backoff = Backoff(first=0.01, limit=1, random=self.random)
        core = SubscriptionCore(PACE, backoff, log_at_hand=self.log_at_hand)
        self.commands[number] = list(core.start())
        return core

    def append(self, events: int) -> None:
        head = len(self.log)
        self.log += [recorded(n) for n in range(head + 1, head + events + 1)]

    def outcome(self, number: int, command: decide.Command, *, lossy: bool) -> decide.Outcome:
        match command:
            case decide.LoadCheckpoint():
                outcome: decide.Outcome = decide.Loaded(self.checkpoint())
            case decide.Subscribe(after=after):
                # JetStream cannot begin behind its own end.
                self.cursors[number] = min(after, self.stream_last)
                self.subscriptions += 1
                outcome = decide.Subscribed()
            case decide.Fetch(limit=limit):
                outcome = self.deliver(number, limit, lossy=lossy)
            case decide.ReadLog(after=after, limit=limit):
                self.asked_log += 1
                outcome = decide.Fetched(page(self.log, after, limit))
            case decide.Compare():
                head = Position(len(self.log)) if self.log_at_hand else None
                outcome = decide.Compared(self.stream_last, head)
            case decide.Commit():
                outcome = self.commit(command)
            case decide.SetAside():
                raise AssertionError("nothing is poison here")
            case decide.Pause():
                outcome = decide.Paused()
        return outcome

    def checkpoint(self) -> Checkpoint:
        return Checkpoint(projection="p", generation=1, position=self.position)

    def deliver(
        self, number: int, limit: int, *, lossy: bool
    ) -> decide.Fetched | decide.FetchedForeign:
        cursor = self.cursors[number]
        if cursor + 1 in self.damaged:
            return decide.FetchedForeign(ForeignMessage("events.x", "damaged", cursor + 1))
        whole = min({cursor + limit, *(at - 1 for at in self.damaged if at > cursor)})
        events = self.log[: self.stream_last][cursor:whole]
        self.cursors[number] += len(events)
        if not lossy:
            return decide.Fetched(events)
        kept = [event for event in events if self.random.random() < 0.7]
        again = [event for event in kept if self.random.random() < 0.3]
        return decide.Fetched(sorted(kept + again, key=lambda event: event.position))

    def commit(self, command: decide.Commit) -> decide.Outcome:
        if command.checkpoint.position != self.position:
            return decide.Conflicted()
        self.applied += command.events
        self.position = command.events[-1].position
        return decide.Committed(self.checkpoint())

    def step(self, number: int, *, lossy: bool) -> None:
        core, commands = self.cores[number], self.commands[number]
        commands[:] = [command for command in commands if core.wants(command)]
        command = commands.pop(self.random.randrange(len(commands)))
        outcome = self.outcome(number, command, lossy=lossy)
        dies = lossy and self.random.random() < 0.1
        if dies:
            self.cores[number] = self.new_core(number)
        else:
            commands += core.receive(command, outcome)

    def misfortune(self) -> None:
        match self.random.randrange(8):
            case 0:
                self.stream_last = self.random.randint(0, self.stream_last)
                self.damaged = {at for at in self.damaged if at <= self.stream_last}
            case 1 | 2:
                self.stream_last = self.random.randint(self.stream_last, len(self.log))
            case 3 | 4:
                self.append(self.random.randint(1, 7))
            case 5:
                number = self.random.randrange(len(self.cursors))
                self.cursors[number] = self.random.randint(0, self.stream_last + 5)
            case 6 if self.log_at_hand and self.stream_last:
                self.damaged.add(self.random.randint(1, self.stream_last))
            case _:
                pass

    def settle(self, *, steps: int = 1000) -> None:
        """The relay has caught up and nothing goes wrong any more."""
        self.stream_last = len(self.log)
        for _ in range(steps):
            for number in range(len(self.cores)):
                self.step(number, lossy=False)
            if all(core.caught_up for core in self.cores) and self.position == len(self.log):
                return
        raise AssertionError("the projectors never caught up")

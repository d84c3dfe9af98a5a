"""A world without servers for relays: a log, a stream with JetStream's rules, and what goes wrong.

A stream stores a message only if its predecessor is the last. What a relay published can be stored
in part, stored though nobody said so, stored later, and lost again, after which sequences are used
again; or messages are lost from its middle, which no publish can put back.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from eventstore.backoff import Backoff
from eventstore.relay import core as relay
from eventstore.relay.ports import Entry, LastMessage, StreamState
from tests.support.recorded import page, recorded

PACE = relay.RelayPace(page=3, window=6)


class World:
    def __init__(self, random: Random, *, relays: int = 1) -> None:
        self.random = random
        self.log: list[Entry] = []
        self.stream: list[Entry] | None = None
        self.gone: set[int] = set()  # sequences of the stream whose messages are lost
        self.in_the_network: list[Entry] = []
        self.stored = 0
        self.waits: list[relay.Wait] = []
        self.commands: list[list[relay.Command]] = []
        self.cores = [self.new_core() for _ in range(relays)]

    def new_core(self) -> relay.RelayCore:
        backoff = Backoff(first=0.01, limit=1, random=self.random)
        core = relay.RelayCore(PACE, backoff)
        self.commands.append(list(core.start()))
        return core

    def append(self, events: int) -> None:
        head = len(self.log)
        self.log += [recorded(n) for n in range(head + 1, head + events + 1)]

    def store(self, event: Entry) -> bool:
        """JetStream's rule: the message is stored if its predecessor is the last one."""
        if self.stream is None or len(self.stream) != event.position - 1:
            return False
        self.stream.append(event)
        self.stored += 1
        return True

    def store_all(self, events: Sequence[Entry]) -> bool:
        stored = [self.store(event) for event in events]
        return all(stored)

    def inspected(self) -> relay.Inspected:
        if self.stream is None:
            return relay.Inspected(None)
        held = [event for event in self.stream if event.position not in self.gone]
        last = LastMessage(position=held[-1].position, event_id=held[-1].id) if held else None
        return relay.Inspected(
            StreamState(last_sequence=len(self.stream), last=last, missing=len(self.gone))
        )

    def cut(self, length: int) -> None:
        """JetStream goes back: it keeps so many messages."""
        if self.stream is not None:
            del self.stream[length:]
        self.gone = {sequence for sequence in self.gone if sequence <= length}

    @property
    def whole(self) -> bool:
        """Whether the stream is the log."""
        return self.stream == self.log and not self.gone

    def outcome(self, command: relay.Command, *, lossy: bool) -> relay.Outcome:
        match command:
            case relay.InspectStream():
                return self.inspected()
            case relay.CreateStream() | relay.ReplaceStream():
                if isinstance(command, relay.ReplaceStream) or self.stream is None:
                    self.cut(0)
                    self.stream = []
                return relay.Created()
            case relay.ReadPage(after=after, limit=limit):
                return relay.Page(page(self.log, after, limit))
            case relay.Wait(seconds=seconds):
                self.waits.append(command)
                return relay.Waited(seconds)
            case relay.WaitForMore(seconds=seconds):
                return relay.Waited(seconds)
            case relay.Publish(events=events):
                return self.published(events, lossy=lossy)

    def published(self, events: Sequence[Entry], *, lossy: bool) -> relay.Outcome:
        if not lossy:
            return relay.Acknowledged() if self.store_all(events) else relay.Failed("refused")
        reached = self.random.randint(0, len(events))
        if self.store_all(events[:reached]) and reached == len(events):
            heard = self.random.random() < 0.5
            return relay.Acknowledged() if heard else relay.Failed("no acknowledgement")
        self.in_the_network += events[reached:]
        return relay.Failed("no acknowledgement")

    def step(self, number: int, *, lossy: bool) -> None:
        """Carry out one command of one relay; publishes of a relay reach the stream in order."""
        core, commands = self.cores[number], self.commands[number]
        commands[:] = [command for command in commands if core.wants(command)]
        first_publish = next((c for c in commands if isinstance(c, relay.Publish)), None)
        ready = [c for c in commands if not isinstance(c, relay.Publish) or c is first_publish]
        command = self.random.choice(ready)
        commands.remove(command)
        outcome = self.outcome(command, lossy=lossy)
        commands += core.receive(command, outcome)

    def misfortune(self) -> None:
        match self.random.randrange(14):
            case 0 if self.in_the_network:
                self.store(self.in_the_network.pop(self.random.randrange(len(self.in_the_network))))
            case 1 if self.stream:
                self.cut(self.random.randint(0, len(self.stream)))
            case 2:
                self.cut(0)
                self.stream = None
            case 7 if self.stream:
                self.gone.add(self.random.randint(1, len(self.stream)))
            case 8 if self.stream and self.random.random() < 0.3:
                self.gone = set(range(1, len(self.stream) + 1))  # a purge
            case 3:
                self.restart(self.random.randrange(len(self.cores)))
            case 4 | 5 | 6:
                self.append(self.random.randint(1, 7))
            case _:
                pass

    def restart(self, number: int) -> None:
        """Kill -9 of a relay: what it had sent may still arrive."""
        for command in self.commands[number]:
            if isinstance(command, relay.Publish):
                self.in_the_network += command.events
        core = relay.RelayCore(PACE, Backoff(first=0.01, limit=1, random=self.random))
        self.cores[number] = core
        self.commands[number] = list(core.start())

    def settle(self, *, steps: int = 500) -> None:
        """No more faults: let every relay go on until all have caught up."""
        for _ in range(steps):
            for number in range(len(self.cores)):
                self.step(number, lossy=False)
            caught_up = all(core.caught_up for core in self.cores)
            if caught_up and self.whole:
                return
        raise AssertionError("the relays never caught up")

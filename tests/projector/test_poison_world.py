"""Poison among everything else that goes wrong: each event is applied once, in order of its stream.

The stream loses and repeats, projectors die and race, and an operator replays what they park.
"""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from eventstore.backoff import Backoff
from eventstore.event import RecordedEvent
from projector import steps as decide
from projector.errors import ProjectionFailed
from projector.parking import AsideState, PoisonPolicy
from projector.subscription import SubscriptionCore, SubscriptionPace
from tests.support.projector_world import World

PACE = SubscriptionPace(batch=5, attempts=2, on_poison=PoisonPolicy.PARK)


class PoisonWorld(World):
    """A world in which some events cannot be applied, until the projection is mended."""

    def __init__(self, random: Random, *, projectors: int, poison: frozenset[int]) -> None:
        self.poison = poison
        self.aside: dict[int, AsideState] = {}
        super().__init__(random, projectors=projectors)

    def new_core(self, number: int) -> SubscriptionCore:
        backoff = Backoff(first=0.01, limit=1, random=self.random)
        core = SubscriptionCore(PACE, backoff, log_at_hand=self.log_at_hand)
        self.commands[number] = list(core.start())
        return core

    def outcome(self, number: int, command: decide.Command, *, lossy: bool) -> decide.Outcome:
        if not isinstance(command, decide.SetAside):
            return super().outcome(number, command, lossy=lossy)
        if command.checkpoint.position != self.position:
            return decide.Conflicted()
        assert command.event.position in self.poison, "nothing else is set aside"
        assert command.event.stream not in self.blocked()
        self.aside[command.event.position] = command.state
        self.position = command.event.position
        return decide.Committed(self.checkpoint())

    def commit(self, command: decide.Commit) -> decide.Outcome:
        if command.checkpoint.position != self.position:
            return decide.Conflicted()
        blocked = self.blocked()
        free = [event for event in command.events if event.stream not in blocked]
        if any(event.position in self.poison for event in free):
            return decide.Failed(ProjectionFailed("p", command.events, "poison"))
        self.applied += free
        held = [event for event in command.events if event.stream in blocked]
        self.aside |= {event.position: AsideState.HELD for event in held}
        self.position = command.events[-1].position
        return decide.Committed(self.checkpoint())

    def blocked(self) -> set[str]:
        return {self.at(position).stream for position in self.aside}

    def at(self, position: int) -> RecordedEvent:
        return self.log[position - 1]

    def replay(self) -> None:
        """Replay one stream, as an operator does: in order, until one fails again."""
        if not self.aside:
            return
        stream = self.random.choice(sorted(self.blocked()))
        for position in sorted(p for p in self.aside if self.at(p).stream == stream):
            if position in self.poison:
                self.aside[position] = AsideState.PARKED
                return
            self.applied.append(self.at(position))
            del self.aside[position]

    def assert_in_order(self) -> None:
        """Of each stream a beginning is applied, once and in order; the rest is known."""
        for stream in {event.stream for event in self.log}:
            applied = [event.version for event in self.applied if event.stream == stream]
            assert applied == list(range(1, len(applied) + 1))
        passed = {event.position for event in self.log[: self.position]}
        assert {event.position for event in self.applied} | set(self.aside) == passed


@given(
    st.randoms(use_true_random=False),
    st.integers(1, 2),
    st.integers(0, 200),
    st.frozensets(st.integers(1, 60), max_size=8),
)
@settings(max_examples=150, deadline=None)
def test_whatever_is_poison_each_event_is_applied_once_in_its_order(
    random: Random, projectors: int, steps: int, poison: frozenset[int]
) -> None:
    world = PoisonWorld(random, projectors=projectors, poison=poison)
    for _ in range(steps):
        world.misfortune()
        world.step(random.randrange(projectors), lossy=random.random() < 0.4)
        if random.random() < 0.1:
            world.replay()
        world.assert_in_order()
    world.settle()
    world.assert_in_order()
    assert all(world.at(p).position in world.aside for p in poison if p <= len(world.log))
    world.poison = frozenset()
    while world.aside:
        world.replay()
    world.assert_in_order()
    assert sorted(world.applied, key=lambda event: event.position) == world.log

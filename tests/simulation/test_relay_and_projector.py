"""The whole line under thousands of seeds; and proof that the simulation finds what is wrong.

A failing seed is named, and runs alone with ``TRUEORDER_SEED=N pytest tests/simulation``;
``TRUEORDER_SEEDS=N`` runs so many.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import pytest

from eventstore.errors import StreamDiverged
from eventstore.event import RecordedEvent
from eventstore.relay import core as relay
from eventstore.relay.ports import StreamState
from projector.subscription import SubscriptionCore
from tests.support.simulated_line import Bug, Line, SimulatedRelay

STEPS = 120
SEEDS = int(os.environ.get("TRUEORDER_SEEDS", "1500"))


def run(seed: int, bug: Bug | None = None) -> None:
    try:
        Line(seed, bug).run(STEPS)
    except Exception as error:
        raise AssertionError(
            f"seed {seed}: {type(error).__name__}: {error}. To run it alone: "
            f"TRUEORDER_SEED={seed} pytest tests/simulation"
        ) from error


def test_whatever_happens_the_stream_is_the_log_and_the_read_model_its_fold() -> None:
    alone = os.environ.get("TRUEORDER_SEED")
    for seed in range(SEEDS) if alone is None else [int(alone)]:
        run(seed)


def test_a_log_that_went_back_stops_the_relay_which_touches_nothing() -> None:
    stopped = 0
    for seed in range(300):
        line = Line(seed)
        line.run(30)
        restored = line.restore()
        kept = list(line.broker.stream or [])
        held = [event.position for event in kept if event is not None]
        for simulated in line.relays:
            simulated.die()
            if max(held, default=0) <= restored:
                continue  # JetStream holds nothing that the log lost
            with pytest.raises(StreamDiverged):
                step_often(simulated)
            assert line.broker.stream == kept, f"seed {seed}"
            stopped += 1
    assert stopped > 100


def step_often(simulated: SimulatedRelay) -> None:
    for _ in range(60):
        simulated.step(lossy=False)


def test_a_seed_is_the_same_run_again() -> None:
    first, second = Line(7), Line(7)
    first.run(STEPS)
    second.run(STEPS)
    assert first.log == second.log
    assert first.broker.making == second.broker.making
    assert first.random.getstate() == second.random.getstate()


class Remembering(relay.RelayCore):
    """Goes on where it remembers to have been, wherever the stream is."""

    def receive(self, command: relay.Command, outcome: relay.Outcome) -> list[relay.Command]:
        if isinstance(outcome, relay.Inspected) and outcome.stream is not None:
            last = max(self.position, outcome.stream.last_sequence)
            outcome = relay.Inspected(StreamState(last_sequence=last, last=None))
        return super().receive(command, outcome)


class Incurious(relay.RelayCore):
    """Never looks at the stream again while nothing goes wrong."""

    def receive(self, command: relay.Command, outcome: relay.Outcome) -> list[relay.Command]:
        if isinstance(command, relay.WaitForMore):
            outcome = relay.Waited(0.0)
        return super().receive(command, outcome)


class CountingEnds(relay.RelayCore):
    """Looks at the end of the stream only: whether messages are missing before is not asked."""

    def receive(self, command: relay.Command, outcome: relay.Outcome) -> list[relay.Command]:
        if isinstance(outcome, relay.Inspected) and outcome.stream is not None:
            stream = StreamState(last_sequence=outcome.stream.last_sequence, last=None)
            outcome = relay.Inspected(stream)
        return super().receive(command, outcome)


class Gullible(SubscriptionCore):
    """Applies whatever is delivered, gap or repetition."""

    def _take(self, events: Sequence[RecordedEvent]) -> RecordedEvent | None:
        for event in events:
            self._held.append(event)
            self._received = event.position
        return None


class Satisfied(SubscriptionCore):
    """Takes silence for the end: it never compares itself with the log."""

    def _compare(self, compared: object) -> None:
        pass


BUGS = {
    "a publish without the condition on its predecessor": Bug(conditional_publish=False),
    "a relay with a memory of its own": Bug(relay_core=Remembering),
    "a stream that is not looked at again": Bug(relay_core=Incurious),
    "a stream of which only the end is looked at": Bug(relay_core=CountingEnds),
    "a commit without the condition on the checkpoint": Bug(conditional_commit=False),
    "a checkpoint before its changes": Bug(checkpoint_first=True),
    "a projector that believes the stream": Bug(projector_core=Gullible),
    "a projector that believes the silence": Bug(projector_core=Satisfied),
}


@pytest.mark.parametrize("bug", BUGS.values(), ids=BUGS)
def test_a_planted_bug_is_found(bug: Bug) -> None:
    with pytest.raises(AssertionError, match="To run it alone: TRUEORDER_SEED="):
        run_some(bug)


def run_some(bug: Bug) -> None:
    for seed in range(200):
        run(seed, bug)

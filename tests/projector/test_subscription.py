from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventstore.backoff import Backoff
from eventstore.errors import ForeignMessage
from eventstore.event import RecordedEvent
from eventstore.stream import Position
from projector import steps as decide
from projector.checkpoint import Checkpoint
from projector.errors import LogWentBack, PositionGap, ProjectionFailed
from projector.parking import AsideState, PoisonPolicy
from projector.subscription import SubscriptionCore, SubscriptionPace
from tests.support.projector_world import PACE, World
from tests.support.recorded import log
from tests.support.seeded import seeded


def at(position: int) -> Checkpoint:
    return Checkpoint(projection="p", generation=1, position=Position(position))


def subscribed(
    position: int, *, log_at_hand: bool = True
) -> tuple[SubscriptionCore, decide.Command]:
    """A core whose checkpoint is known, and its first fetch."""
    backoff = Backoff(first=0.01, limit=1, random=seeded(1))
    core = SubscriptionCore(PACE, backoff, log_at_hand=log_at_hand)
    [load] = core.start()
    [subscribe] = core.receive(load, decide.Loaded(at(position)))
    assert subscribe == decide.Subscribe(1, Position(position))
    [fetch] = core.receive(subscribe, decide.Subscribed())
    return core, fetch


def positions(events: Sequence[RecordedEvent]) -> list[int]:
    return [event.position for event in events]


@given(st.randoms(use_true_random=False), st.integers(1, 2), st.integers(0, 150))
@settings(max_examples=150, deadline=None)
def test_whatever_happens_each_event_is_applied_once_in_order(
    random: Random, projectors: int, steps: int
) -> None:
    world = World(random, projectors=projectors)
    for _ in range(steps):
        world.misfortune()
        world.step(random.randrange(projectors), lossy=random.random() < 0.5)
        assert world.applied == world.log[: len(world.applied)]
    world.settle()
    assert world.applied == world.log


@given(st.randoms(use_true_random=False), st.integers(0, 60))
@settings(deadline=None)
def test_without_faults_one_subscription_is_enough(random: Random, events: int) -> None:
    world = World(random)
    world.append(events)
    world.settle()
    assert world.applied == world.log
    assert world.subscriptions == 1
    assert world.asked_log == 0


def test_events_are_committed_while_more_are_fetched() -> None:
    core, fetch = subscribed(4)
    commit, more = core.receive(fetch, decide.Fetched(log(9)[4:6]))
    assert isinstance(commit, decide.Commit)
    assert positions(commit.events) == [5, 6]
    assert commit.checkpoint == at(4)
    assert isinstance(more, decide.Fetch)
    again = core.receive(more, decide.Fetched(log(9)[6:7]))
    assert not any(isinstance(command, decide.Commit) for command in again)
    [commit] = core.receive(commit, decide.Committed(at(6)))
    assert isinstance(commit, decide.Commit)
    assert positions(commit.events) == [7]


def test_a_repetition_is_dropped() -> None:
    core, fetch = subscribed(4)
    [fetch] = core.receive(fetch, decide.Fetched(log(4)))
    commit, _ = core.receive(fetch, decide.Fetched([*log(5), *log(6)]))
    assert isinstance(commit, decide.Commit)
    assert positions(commit.events) == [5, 6]


def test_no_more_than_a_few_batches_are_held() -> None:
    core, fetch = subscribed(0)
    commit, fetch = core.receive(fetch, decide.Fetched(log(3)))
    assert core.receive(fetch, decide.Fetched(log(6)[3:])) == []
    commit, fetch = core.receive(commit, decide.Committed(at(3)))
    assert isinstance(commit, decide.Commit)
    assert isinstance(fetch, decide.Fetch)


def test_what_comes_before_a_gap_is_committed_and_the_gap_subscribed_again() -> None:
    core, fetch = subscribed(0)
    commit, subscribe = core.receive(fetch, decide.Fetched([*log(2), *log(9)[5:7]]))
    assert isinstance(commit, decide.Commit)
    assert positions(commit.events) == [1, 2]
    assert subscribe == decide.Subscribe(1, Position(2))


def test_a_gap_that_stays_is_read_from_the_log() -> None:
    core, fetch = subscribed(0)
    [subscribe] = core.receive(fetch, decide.Fetched(log(9)[5:7]))
    [fetch] = core.receive(subscribe, decide.Subscribed())
    [read] = core.receive(fetch, decide.Fetched(log(9)[5:7]))
    assert read == decide.ReadLog(1, Position(0), 3)
    commit, read = core.receive(read, decide.Fetched(log(3)))
    assert isinstance(commit, decide.Commit)
    assert read == decide.ReadLog(1, Position(3), 2)
    [subscribe] = core.receive(read, decide.Fetched(log(5)[3:]))
    assert subscribe == decide.Subscribe(1, Position(5))


def test_a_gap_that_stays_without_a_log_at_hand_is_an_error() -> None:
    core, fetch = subscribed(2, log_at_hand=False)
    [subscribe] = core.receive(fetch, decide.Fetched(log(9)[5:7]))
    [fetch] = core.receive(subscribe, decide.Subscribed())
    with pytest.raises(PositionGap, match="position 3 is missing: the stream goes on with 6"):
        core.receive(fetch, decide.Fetched(log(9)[5:7]))


def test_a_gap_ends_it_only_when_all_before_it_is_committed() -> None:
    core, fetch = subscribed(0, log_at_hand=False)
    commit, subscribe = core.receive(fetch, decide.Fetched([*log(2), *log(9)[5:7]]))
    [fetch] = core.receive(subscribe, decide.Subscribed())
    assert core.receive(fetch, decide.Fetched(log(9)[5:7])) == []
    with pytest.raises(PositionGap, match="position 3 is missing"):
        core.receive(commit, decide.Committed(at(2)))


@pytest.mark.parametrize("found", [[], log(9)[4:6]])
def test_a_gap_in_the_log_too_is_an_error(found: list[RecordedEvent]) -> None:
    core, fetch = subscribed(2)
    [subscribe] = core.receive(fetch, decide.Fetched(log(9)[5:7]))
    [fetch] = core.receive(subscribe, decide.Subscribed())
    [read] = core.receive(fetch, decide.Fetched(log(9)[5:7]))
    with pytest.raises(PositionGap, match="position 3 is missing"):
        core.receive(read, decide.Fetched(found))


def test_silence_that_hides_events_is_not_believed() -> None:
    core, fetch = subscribed(2)
    asked = []
    for _ in range(3):
        [compare] = core.receive(fetch, decide.Fetched([]))
        assert isinstance(compare, decide.Compare)
        [fetch] = core.receive(compare, decide.Compared(4, Position(9)))
        assert not core.caught_up
        asked.append(fetch)
        if isinstance(fetch, decide.Subscribe):
            [fetch] = core.receive(fetch, decide.Subscribed())
    assert asked == [
        decide.Fetch(1, 3),
        decide.Subscribe(1, Position(2)),
        decide.ReadLog(1, Position(2), 2),
    ]


def test_silence_at_the_end_is_peace() -> None:
    core, fetch = subscribed(4)
    for _ in range(5):
        [compare] = core.receive(fetch, decide.Fetched([]))
        [fetch] = core.receive(compare, decide.Compared(4, Position(4)))
        assert isinstance(fetch, decide.Fetch)
        assert core.caught_up


@pytest.mark.parametrize(("last", "head"), [(4, 9), (2, 4), (2, 9)])
def test_a_stream_that_is_behind_is_waited_for(last: int, head: int) -> None:
    core, fetch = subscribed(4)
    [compare] = core.receive(fetch, decide.Fetched([]))
    [fetch] = core.receive(compare, decide.Compared(last, Position(head)))
    assert isinstance(fetch, decide.Fetch)
    assert core.caught_up == (head == 4), "a lost tail is no hole, a longer log is"


def test_a_log_that_went_back_is_refused() -> None:
    core, fetch = subscribed(4)
    [compare] = core.receive(fetch, decide.Fetched([]))
    with pytest.raises(LogWentBack, match="at position 4, the log ends at 3"):
        core.receive(compare, decide.Compared(3, Position(3)))


FOREIGN = ForeignMessage("events.x", "nobody knows it", 3)


@pytest.mark.parametrize("log_at_hand", [True, False])
def test_a_foreign_message_ends_it_when_all_before_it_is_committed(*, log_at_hand: bool) -> None:
    """If it stands for nothing in the log, or nobody can know."""
    core, fetch = subscribed(0, log_at_hand=log_at_hand)
    commit, fetch = core.receive(fetch, decide.Fetched(log(2)))
    commands = core.receive(fetch, decide.FetchedForeign(FOREIGN))
    if log_at_hand:
        [read] = commands
        assert read == decide.ReadLog(1, Position(2), 1)
        commands = core.receive(read, decide.Fetched([]))
    assert commands == []
    with pytest.raises(ForeignMessage, match="nobody knows it"):
        core.receive(commit, decide.Committed(at(2)))


@pytest.mark.parametrize("sequence", [3, 5, None])
def test_what_a_message_cannot_say_is_read_from_the_log(sequence: int | None) -> None:
    """And the stream begins again behind it."""
    core, fetch = subscribed(2)
    foreign = ForeignMessage("events.x", "damaged", sequence)
    [read] = core.receive(fetch, decide.FetchedForeign(foreign))
    missing = (sequence or 3) - 2
    assert read == decide.ReadLog(1, Position(2), missing)
    commit, subscribe = core.receive(read, decide.Fetched(log(5)[2 : 2 + missing]))
    assert isinstance(commit, decide.Commit)
    assert commit.events == tuple(log(5)[2 : 2 + missing])
    assert subscribe == decide.Subscribe(1, Position(2 + missing))


def test_a_conflict_makes_it_begin_anew() -> None:
    core, fetch = subscribed(0)
    commit, fetch = core.receive(fetch, decide.Fetched(log(2)))
    [pause] = core.receive(commit, decide.Conflicted())
    assert isinstance(pause, decide.Pause)
    assert not core.wants(fetch)
    [load] = core.receive(pause, decide.Paused())
    [subscribe] = core.receive(load, decide.Loaded(at(2)))
    assert subscribe == decide.Subscribe(2, Position(2))


def failure(events: Sequence[RecordedEvent]) -> decide.Failed:
    return decide.Failed(ProjectionFailed("p", events, "boom"))


def test_while_much_is_held_no_more_is_asked_for() -> None:
    core = SubscriptionCore(
        SubscriptionPace(batch=4, held_bytes=100),
        Backoff(first=0.01, limit=1, random=seeded(1)),
        log_at_hand=True,
    )
    [load] = core.start()
    [subscribe] = core.receive(load, decide.Loaded(at(0)))
    [fetch] = core.receive(subscribe, decide.Subscribed())
    commit, fetch = core.receive(fetch, decide.Fetched(log(2), 60))
    assert isinstance(fetch, decide.Fetch), "there is room"
    assert core.receive(fetch, decide.Fetched(log(3)[2:], 50)) == [], "three events of 110 bytes"
    commit, fetch = core.receive(commit, decide.Committed(at(2)))
    assert isinstance(commit, decide.Commit)
    assert positions(commit.events) == [3]
    assert isinstance(fetch, decide.Fetch)
    # One answer may be too much by itself; it is committed, and goes on.
    assert core.receive(fetch, decide.Fetched(log(4)[3:], 1000)) == []
    [commit] = core.receive(commit, decide.Committed(at(3)))
    [fetch] = core.receive(commit, decide.Committed(at(4)))
    assert isinstance(fetch, decide.Fetch)


def test_a_failed_batch_is_halved_until_the_event_stands_alone() -> None:
    """Nothing but the poison is set aside, and finding it takes a logarithm of commits."""
    for poison in range(1, 65):
        pace = SubscriptionPace(batch=64, attempts=3, on_poison=PoisonPolicy.PARK)
        core = SubscriptionCore(
            pace, Backoff(first=0.01, limit=1, random=seeded(1)), log_at_hand=True
        )
        [load] = core.start()
        [subscribe] = core.receive(load, decide.Loaded(at(0)))
        [fetch] = core.receive(subscribe, decide.Subscribed())
        commands = core.receive(fetch, decide.Fetched(log(64)))
        applied: list[int] = []
        aside: list[int] = []
        tries = 0
        while len(applied) + len(aside) < 64:
            command = next(c for c in commands if not isinstance(c, decide.Fetch))
            outcome: decide.Outcome
            match command:
                case decide.Commit(events=events):
                    tries += 1
                    reached = positions(events)
                    if poison in reached:
                        outcome = failure(events)
                    else:
                        applied += reached
                        outcome = decide.Committed(at(reached[-1]))
                case decide.SetAside(event=event):
                    assert command.attempts == 3
                    aside.append(event.position)
                    outcome = decide.Committed(at(event.position))
                case _:
                    outcome = decide.Paused()
            commands = core.receive(command, outcome)
        assert aside == [poison]
        assert applied == [n for n in range(1, 65) if n != poison]
        assert tries <= 3 + 2 * 6 + 1


def test_nothing_is_committed_while_a_failure_is_waited_out() -> None:
    core, fetch = subscribed(0)
    commit, fetch = core.receive(fetch, decide.Fetched(log(1)))
    assert isinstance(commit, decide.Commit)
    [_] = core.receive(commit, failure(commit.events))
    commands = core.receive(fetch, decide.Fetched(log(3)[1:]))
    assert not any(isinstance(command, decide.Commit) for command in commands)


def test_an_event_is_skipped_where_the_policy_says_so() -> None:
    pace = SubscriptionPace(batch=3, attempts=1, on_poison=PoisonPolicy.SKIP)
    core = SubscriptionCore(pace, Backoff(first=0.01, limit=1, random=seeded(1)), log_at_hand=True)
    [load] = core.start()
    [subscribe] = core.receive(load, decide.Loaded(at(4)))
    [fetch] = core.receive(subscribe, decide.Subscribed())
    commit, _ = core.receive(fetch, decide.Fetched(log(5)[4:]))
    assert isinstance(commit, decide.Commit)
    [skip] = core.receive(commit, failure(commit.events))
    assert isinstance(skip, decide.SetAside)
    assert (skip.state, skip.event.position, skip.checkpoint) == (AsideState.SKIPPED, 5, at(4))
    assert core.receive(skip, decide.Committed(at(5))) == []
    assert core.checkpoint == at(5)


def test_an_event_that_fails_every_time_is_named() -> None:
    core, fetch = subscribed(4)
    commit, _ = core.receive(fetch, decide.Fetched(log(5)[4:]))
    for _ in range(PACE.attempts - 1):
        assert isinstance(commit, decide.Commit)
        [pause] = core.receive(commit, failure(commit.events))
        [commit] = core.receive(pause, decide.Paused())
    assert isinstance(commit, decide.Commit)
    with pytest.raises(ProjectionFailed, match=r"position 5 \(event .*5, type 'Counted'"):
        core.receive(commit, failure(commit.events))


def test_an_answer_to_another_question_is_a_bug() -> None:
    core, fetch = subscribed(0)
    with pytest.raises(AssertionError, match="is no answer to"):
        core.receive(fetch, decide.Paused())


@pytest.mark.parametrize(("batch", "attempts"), [(0, 1), (1, 0)])
def test_a_pace_that_cannot_work_is_refused(batch: int, attempts: int) -> None:
    with pytest.raises(ValueError, match="must be from 1"):
        SubscriptionPace(batch=batch, attempts=attempts)

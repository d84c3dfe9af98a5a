from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventstore.backoff import Backoff
from eventstore.errors import PositionGap, StreamDiverged
from eventstore.relay import core as relay
from eventstore.relay.ports import LastMessage, StreamState
from eventstore.stream import Position
from tests.support.recorded import log, recorded
from tests.support.relay_world import PACE, World
from tests.support.seeded import seeded


def new_core() -> relay.RelayCore:
    return relay.RelayCore(PACE, Backoff(first=0.01, limit=1, random=seeded(1)))


def state(last: int, *, epoch: int = 0) -> relay.Inspected:
    event = recorded(last, epoch=epoch) if last else None
    message = LastMessage(position=event.position, event_id=event.id) if event else None
    return relay.Inspected(StreamState(last_sequence=last, last=message))


def resumed(core: relay.RelayCore, last: int, events: int) -> list[relay.Command]:
    """Answer a core's first questions: the stream is at ``last``, the log holds ``events``."""
    [inspect] = core.start()
    [read] = core.receive(inspect, state(last))
    assert isinstance(read, relay.ReadPage)
    return core.receive(read, relay.Page(log(events)[read.after : read.after + read.limit]))


@given(st.randoms(use_true_random=False), st.integers(1, 3), st.integers(0, 120))
@settings(max_examples=150, deadline=None)
def test_whatever_happens_the_stream_is_the_log(random: Random, relays: int, steps: int) -> None:
    world = World(random, relays=relays)
    for _ in range(steps):
        world.misfortune()
        world.step(random.randrange(relays), lossy=random.random() < 0.3)
        assert (world.stream or []) == world.log[: len(world.stream or [])]
    world.settle()
    assert world.whole


@given(st.randoms(use_true_random=False), st.integers(0, 60))
@settings(deadline=None)
def test_without_faults_every_event_is_published_once(random: Random, events: int) -> None:
    world = World(random)
    world.append(events)
    world.settle()
    assert world.stored == events
    assert world.waits == []


def test_a_missing_stream_is_created_and_filled_from_the_start() -> None:
    core = new_core()
    [inspect] = core.start()
    [create] = core.receive(inspect, relay.Inspected(None))
    assert isinstance(create, relay.CreateStream)
    [again] = core.receive(create, relay.Created())
    [read] = core.receive(again, state(0))
    assert read == relay.ReadPage(1, Position(0), PACE.page)


def test_a_stream_that_vanishes_at_once_is_not_created_in_a_hurry() -> None:
    core = new_core()
    [inspect] = core.start()
    [create] = core.receive(inspect, relay.Inspected(None))
    [again] = core.receive(create, relay.Created())
    [wait] = core.receive(again, relay.Inspected(None))
    assert isinstance(wait, relay.Wait)


def test_it_resumes_after_the_last_sequence() -> None:
    core = new_core()
    publish, read = resumed(core, 4, events=9)
    assert isinstance(publish, relay.Publish)
    assert [event.position for event in publish.events] == [5, 6, 7]
    assert read == relay.ReadPage(1, Position(7), PACE.page)
    assert core.position == 4
    assert not core.caught_up


def test_the_window_bounds_what_is_under_way() -> None:
    core = new_core()
    _, read = resumed(core, 0, events=20)
    first, read = core.receive(read, relay.Page(log(20)[3:6]))
    assert isinstance(first, relay.Publish)
    assert core.receive(read, relay.Page(log(20)[6:9])) == [], "six are under way: no more"
    publish, read = core.receive(first, relay.Acknowledged())
    assert isinstance(publish, relay.Publish)
    assert [event.position for event in publish.events] == [7, 8, 9]


def positions(command: relay.Command) -> list[int]:
    assert isinstance(command, relay.Publish)
    return [event.position for event in command.events]


def test_what_is_appended_while_the_stream_is_slow_is_published_together() -> None:
    pace = relay.RelayPace(page=100, window=1000)
    core = relay.RelayCore(pace, Backoff(first=0.01, limit=1, random=seeded(1)))
    [inspect] = core.start()
    commands = core.receive(inspect, state(0))
    publishes: list[relay.Command] = []
    for position in (1, 2, 3):  # each as soon as it is appended
        [read] = commands
        *published, rest = core.receive(read, relay.Page([recorded(position)]))
        publishes += published
        commands = core.receive(rest, relay.Waited(0.001))
    assert [positions(publish) for publish in publishes] == [[1], [2]], "the third one waits"
    assert commands == [], "nothing is read while there is something that waits"
    third, read = core.receive(publishes[0], relay.Acknowledged())
    assert positions(third) == [3]
    [_] = core.receive(read, relay.Page(log(50)[3:]))
    together, read = core.receive(publishes[1], relay.Acknowledged())
    assert positions(together) == list(range(4, 51))
    assert isinstance(read, relay.ReadPage)


def test_what_was_appended_while_the_stream_was_slow_is_looked_for_and_not_waited_for() -> None:
    core = new_core()
    _, read = resumed(core, 0, events=20)
    publish, rest = core.receive(read, relay.Page(log(4)[3:]))
    assert isinstance(rest, relay.WaitForMore)
    assert core.wants(rest)
    [read] = core.receive(publish, relay.Acknowledged())
    assert not core.wants(rest), "it need not be told"
    assert isinstance(read, relay.ReadPage)
    assert read.after == 4
    [rest] = core.receive(read, relay.Page([]))
    assert core.wants(rest), "nothing was there: now it waits"


def test_an_idle_relay_looks_less_and_less_often() -> None:
    core = new_core()
    [wait] = resumed(core, 2, events=2)
    seconds = []
    for _ in range(5):
        assert isinstance(wait, relay.WaitForMore)
        assert wait.after == 2
        seconds.append(wait.seconds)
        [read] = core.receive(wait, relay.Waited(wait.seconds))
        [wait] = core.receive(read, relay.Page([]))
    assert seconds == [0.02, 0.04, 0.08, 0.1, 0.1]
    assert core.caught_up


def test_an_idle_relay_notices_that_the_stream_lost_what_it_had() -> None:
    core = new_core()
    [command] = resumed(core, 2, events=2)
    while not isinstance(command, relay.InspectStream):
        assert isinstance(command, relay.WaitForMore), "it rests, or looks at the log"
        commands = core.receive(command, relay.Waited(command.seconds))
        if isinstance(commands[0], relay.ReadPage):
            commands = core.receive(commands[0], relay.Page([]))
        [command] = commands
    [read] = core.receive(command, state(1))
    publish, _ = core.receive(read, relay.Page(log(2)))
    assert isinstance(publish, relay.Publish)
    assert [event.position for event in publish.events] == [2]


def damaged(last: int, *, held: int, missing: int, epoch: int = 0) -> relay.Inspected:
    event = recorded(held, epoch=epoch)
    message = LastMessage(position=event.position, event_id=event.id) if held else None
    return relay.Inspected(StreamState(last_sequence=last, last=message, missing=missing))


@pytest.mark.parametrize(
    ("held", "after"), [(9, 8), (7, 6), (0, 8)], ids=["in the middle", "at the end", "all"]
)
def test_a_stream_that_lost_messages_is_made_anew(held: int, after: int) -> None:
    core = new_core()
    [inspect] = core.start()
    [read] = core.receive(inspect, damaged(9, held=held, missing=2))
    assert read == relay.ReadPage(1, Position(after), PACE.page + 1)
    [replace] = core.receive(read, relay.Page(log(12)[after : after + 4]))
    assert replace == relay.ReplaceStream(1, 2)
    [again] = core.receive(replace, relay.Created())
    [read] = core.receive(again, state(0))
    publish, _ = core.receive(read, relay.Page(log(3)))
    assert isinstance(publish, relay.Publish)


def test_a_stream_that_is_damaged_again_at_once_is_not_made_in_a_hurry() -> None:
    core = new_core()
    [inspect] = core.start()
    [read] = core.receive(inspect, damaged(9, held=9, missing=2))
    [replace] = core.receive(read, relay.Page(log(12)[8:]))
    [again] = core.receive(replace, relay.Created())
    [read] = core.receive(again, damaged(9, held=9, missing=2))
    [wait] = core.receive(read, relay.Page(log(12)[8:]))
    assert isinstance(wait, relay.Wait)


@pytest.mark.parametrize("held", [9, 7], ids=["at its end", "before a loss"])
def test_a_damaged_stream_that_the_log_does_not_hold_is_kept(held: int) -> None:
    core = new_core()
    [inspect] = core.start()
    [read] = core.receive(inspect, damaged(9, held=held, missing=2, epoch=1))
    with pytest.raises(StreamDiverged, match=f"sequence {held} holds event"):
        core.receive(read, relay.Page(log(12)[held - 1 :]))


def test_after_a_failure_older_outcomes_do_not_matter() -> None:
    core = new_core()
    publish, read = resumed(core, 0, events=20)
    [wait] = core.receive(publish, relay.Failed("refused"))
    assert not core.wants(read)
    assert isinstance(wait, relay.Wait)
    [inspect] = core.receive(wait, relay.Waited(wait.seconds))
    assert isinstance(inspect, relay.InspectStream)


def test_failures_in_a_row_are_waited_out_longer_until_one_succeeds() -> None:
    core = new_core()

    def fail() -> float:
        publish, _ = resumed(core, 0, events=20)
        [wait] = core.receive(publish, relay.Failed("refused"))
        assert isinstance(wait, relay.Wait)
        return wait.seconds

    waits = [fail() for _ in range(12)]
    assert waits[0] <= 0.01
    assert 0.5 <= waits[-1] <= 1
    publish, _ = resumed(core, 0, events=20)
    core.receive(publish, relay.Acknowledged())
    assert fail() <= 0.01


@pytest.mark.parametrize("events", [0, 3])
def test_a_stream_ahead_of_the_log_is_refused(events: int) -> None:
    with pytest.raises(StreamDiverged, match="at sequence 4, the log ends before it"):
        resumed(new_core(), 4, events=events)


def test_another_history_in_the_stream_is_refused() -> None:
    core = new_core()
    [inspect] = core.start()
    [read] = core.receive(inspect, state(4, epoch=1))
    with pytest.raises(StreamDiverged, match="sequence 4 holds event"):
        core.receive(read, relay.Page(log(9)[3:]))


def test_a_foreign_last_message_is_refused() -> None:
    core = new_core()
    [inspect] = core.start()
    foreign = StreamState(last_sequence=4, last=LastMessage(position=None, event_id=None))
    [read] = core.receive(inspect, relay.Inspected(foreign))
    with pytest.raises(StreamDiverged, match="somebody else published"):
        core.receive(read, relay.Page(log(9)[3:]))


def test_an_emptied_stream_that_kept_its_sequence_is_continued() -> None:
    core = new_core()
    [inspect] = core.start()
    [read] = core.receive(inspect, relay.Inspected(StreamState(last_sequence=4, last=None)))
    publish, _ = core.receive(read, relay.Page(log(7)[3:]))
    assert isinstance(publish, relay.Publish)
    assert publish.events[0].position == 5


@pytest.mark.parametrize("missing", [1, 2, 3])
def test_a_hole_in_the_log_stops_the_relay(missing: int) -> None:
    core = new_core()
    [inspect] = core.start()
    [read] = core.receive(inspect, state(0))
    events = [event for event in log(4) if event.position != missing][:3]
    with pytest.raises(PositionGap, match=f"position {missing} is missing"):
        core.receive(read, relay.Page(events))


def test_a_hole_where_the_stream_ends_stops_the_relay() -> None:
    core = new_core()
    [inspect] = core.start()
    [read] = core.receive(inspect, state(4))
    with pytest.raises(PositionGap, match="position 4 is missing"):
        core.receive(read, relay.Page(log(9)[4:]))


def test_an_answer_to_another_question_is_a_bug() -> None:
    core = new_core()
    [inspect] = core.start()
    with pytest.raises(AssertionError, match="is no answer to"):
        core.receive(inspect, relay.Waited(1.0))


@pytest.mark.parametrize(
    ("page", "window", "idle_first", "idle_limit"),
    [(0, 1, 1, 1), (5, 4, 1, 1), (1, 1, 0, 1), (1, 1, 2, 1)],
)
def test_a_pace_that_cannot_work_is_refused(
    page: int, window: int, idle_first: float, idle_limit: float
) -> None:
    with pytest.raises(ValueError, match=r"cannot"):
        relay.RelayPace(page=page, window=window, idle_first=idle_first, idle_limit=idle_limit)

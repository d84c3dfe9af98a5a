from __future__ import annotations

import pytest

from eventstore.relay.sending import Sending


class Server:
    """Takes so long for a batch, and for an event of a window."""

    def __init__(self, *, batch: float, event: float, round_trip: float = 0.0003) -> None:
        self.batch = batch
        self.event = event
        self.round_trip = round_trip

    def publish(self, sending: Sending, events: int) -> list[bool]:
        """Which ways the events went."""
        ways = []
        while events:
            way = sending.next(events)
            seconds = self.batch if way.as_batch else self.event * way.events
            seconds += self.round_trip
            sending.took(as_batch=way.as_batch, events=way.events, seconds=seconds)
            ways.append(way.as_batch)
            events -= way.events
        return ways


FLUSHING = Server(batch=0.004, event=0.0002)
NOT_FLUSHING = Server(batch=0.008, event=0.000006)


def choice() -> Sending:
    sending = Sending()
    sending.takes_batches = True
    return sending


def test_an_old_server_gets_windows() -> None:
    assert Sending().next(1000) == (1000, False)


@pytest.mark.parametrize(("server", "batches"), [(FLUSHING, True), (NOT_FLUSHING, False)])
@pytest.mark.parametrize("first", [1, 9, 40, 500, 1000])
def test_many_events_go_the_faster_way_soon(server: Server, batches: bool, first: int) -> None:  # noqa: FBT001
    sending = choice()
    server.publish(sending, first)
    server.publish(sending, 500)
    ways = [server.publish(sending, 500) for _ in range(100)]
    assert ways.count([batches]) >= 98, "two publishes at most were for learning"


def test_a_server_that_flushes_gets_few_events_as_a_window_and_many_as_a_batch() -> None:
    sending = choice()
    for _ in range(3):
        FLUSHING.publish(sending, 1000)
    ways = [FLUSHING.publish(sending, events) for events in [500, 1, 7, 10, 30, 1000] * 20]
    assert ways == [[True], [False], [False], [False], [True], [True]] * 20


@pytest.mark.parametrize("events", [1, 5, 7])
def test_few_events_teach_nothing(events: int) -> None:
    sending = choice()
    for _ in range(100):
        assert FLUSHING.publish(sending, events) == [False]
    assert sending.next(500) == (128, False), "it is not known what a window takes"


@pytest.mark.parametrize("server", [Server(batch=0.01, event=0.00001), FLUSHING])
def test_the_slower_way_is_tried_now_and_then_for_a_hundredth_of_the_time(server: Server) -> None:
    sending = choice()
    server.publish(sending, 1000)
    ways = [server.publish(sending, 500) for _ in range(5000)]
    faster = server.batch < server.event * 500
    trials = sum((not faster) in way for way in ways)
    of_trials = trials * (server.event * 128 if faster else server.batch)
    assert trials >= 3
    assert of_trials < 0.015 * len(ways) * min(server.batch, server.event * 500)


@pytest.mark.parametrize("stalled", range(4))
def test_a_disk_that_stalls_once_changes_nothing(stalled: int) -> None:
    """After one batch that waited for two seconds all went by windows, for good."""
    sending = choice()
    for number in range(4):
        server = Server(batch=2.0, event=0.0002) if number == stalled else FLUSHING
        server.publish(sending, 500)
    assert [FLUSHING.publish(sending, 500) for _ in range(50)] == [[True]] * 50


def test_a_window_that_stalls_is_tried_again() -> None:
    sending = choice()
    Server(batch=0.008, event=0.01).publish(sending, 500)
    for _ in range(20_000):
        NOT_FLUSHING.publish(sending, 500)
    assert sending.next(500) == (500, False)


def test_a_server_that_changed_is_noticed() -> None:
    sending = choice()
    for server in (Server(batch=0.01, event=0.00001), Server(batch=0.002, event=0.0001)):
        for _ in range(1200):
            server.publish(sending, 500)
    assert sending.next(500) == (500, True)


def test_a_small_batch_says_what_a_larger_one_takes() -> None:
    """It is its flush that takes long, so twice the events do not take twice the time."""
    sending = choice()
    sending.took(as_batch=False, events=128, seconds=0.3)
    for _ in range(3):
        sending.took(as_batch=True, events=16, seconds=0.04)
    assert sending.next(33) == (33, True)

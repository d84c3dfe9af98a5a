from __future__ import annotations

from eventstore.relay.sending import Sending


class Server:
    """Takes so long for a batch, and for an event of a window."""

    def __init__(self, *, batch: float, event: float) -> None:
        self.batch = batch
        self.event = event

    def publish(self, sending: Sending, events: int) -> bool:
        way = sending.as_batch(events)
        seconds = self.batch if way else self.event * events
        sending.took(as_batch=way, events=events, seconds=seconds)
        return way


def choice() -> Sending:
    sending = Sending()
    sending.takes_batches = True
    return sending


def test_an_old_server_gets_windows() -> None:
    assert not Sending().as_batch(1000)


def test_a_server_that_flushes_gets_few_events_as_a_window_and_many_as_a_batch() -> None:
    server, sending = Server(batch=0.004, event=0.0002), choice()
    ways = [server.publish(sending, events) for events in [500, 1, 10, 25, 1000] * 20]
    assert ways == [True, False, False, True, True] * 20


def test_a_server_that_does_not_flush_gets_windows_once_that_is_known() -> None:
    server, sending = Server(batch=0.008, event=0.00001), choice()
    server.publish(sending, 20)
    ways = [server.publish(sending, 500) for _ in range(100)]
    assert not any(ways)


def test_the_slower_way_is_tried_now_and_then_unless_it_is_far_slower() -> None:
    near, far = Server(batch=0.01, event=0.00001), Server(batch=0.01, event=0.001)
    for server, tried in ((near, 3), (far, 0)):
        sending = choice()
        server.publish(sending, 20)
        server.publish(sending, 500)
        ways = [server.publish(sending, 500) for _ in range(1600)]
        faster = server.batch < server.event * 500
        assert sum(way != faster for way in ways) == tried


def test_a_server_that_changed_is_noticed() -> None:
    sending = choice()
    for server in (Server(batch=0.01, event=0.00001), Server(batch=0.002, event=0.0001)):
        for _ in range(1200):
            server.publish(sending, 500)
    assert sending.as_batch(500)

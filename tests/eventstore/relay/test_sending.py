from __future__ import annotations

from eventstore.relay.sending import BATCH_FROM, Sending


def learned(*, window: float, batch: float) -> Sending:
    """What has tried both ways."""
    sending = Sending()
    sending.takes_batches = True
    for _ in range(2):
        way = sending.as_batch(BATCH_FROM)
        sending.took(as_batch=way, events=100, seconds=batch if way else window)
    return sending


def test_few_events_and_old_servers_get_windows() -> None:
    sending = Sending()
    assert not sending.as_batch(1000)
    sending.takes_batches = True
    assert sending.as_batch(BATCH_FROM)
    assert not sending.as_batch(BATCH_FROM - 1)


def test_the_faster_way_is_taken_and_the_other_tried_now_and_then() -> None:
    for window, batch in ((1.0, 0.1), (0.1, 1.0)):
        sending = learned(window=window, batch=batch)
        ways = [sending.as_batch(BATCH_FROM) for _ in range(1000)]
        assert ways.count(batch < window) == 998


def test_a_server_that_changed_is_noticed() -> None:
    sending = learned(window=0.1, batch=1.0)
    for _ in range(600):
        way = sending.as_batch(BATCH_FROM)
        sending.took(as_batch=way, events=100, seconds=0.01 if way else 0.1)
    assert sending.as_batch(BATCH_FROM)


def test_what_few_events_took_says_nothing_of_many() -> None:
    sending = learned(window=0.1, batch=1.0)
    sending.took(as_batch=False, events=1, seconds=99.0)
    assert not sending.as_batch(BATCH_FROM)

"""Nemesis events, paired into faults."""

from __future__ import annotations

import pytest

from checker import NemesisEvent
from checker.report.page.clock import Clock
from checker.report.page.faults import pair_faults

CLOCK = Clock(timed=True, start=0, length=1_000)


def faults(*names: str) -> list[tuple[str, int, int | None]]:
    """Faults of events at times 0, 10, 20, ..."""
    events = [NemesisEvent(f=name, time=10 * place) for place, name in enumerate(names)]
    return [(fault.target, fault.begin, fault.end) for fault in pair_faults(events, CLOCK)]


@pytest.mark.parametrize(
    ("begin", "end", "target"),
    [
        ("kill-postgres", "restart-postgres", "postgres"),
        ("pause-nats", "resume-nats", "nats"),
        ("start-partition", "stop-partition", "partition"),
        ("stop-relay", "start-relay", "relay"),
        ("postgres-kill", "postgres-restart", "postgres"),
        ("kill_nats_server", "restart_nats_server", "nats-server"),
        ("partition", "heal", "partition"),
        ("start", "stop", "start"),
        ("slow-network", "reset-network", "network"),
    ],
)
def test_known_pair_is_one_fault(begin: str, end: str, target: str) -> None:
    assert faults(begin, end) == [(target, 0, 10)]


def test_faults_of_different_targets_overlap() -> None:
    assert faults("kill-postgres", "pause-nats", "restart-postgres", "resume-nats") == [
        ("postgres", 0, 20),
        ("nats", 10, 30),
    ]


def test_jepsen_writes_each_event_twice() -> None:
    assert faults("start", "start", "stop", "stop", "start", "start", "stop", "stop") == [
        ("start", 0, 30),
        ("start", 40, 70),
    ]


def test_fault_that_never_ends_stays_open() -> None:
    assert faults("kill-postgres") == [("postgres", 0, None)]


def test_heal_without_a_target_ends_every_fault_that_heals() -> None:
    assert faults("cut-a", "cut-b", "kill-c", "heal") == [
        ("a", 0, 30),
        ("b", 10, 30),
        ("c", 20, None),
    ]


def test_unknown_event_is_a_moment() -> None:
    assert faults("bump-clock-once", "rotate-certificates") == [
        ("clock-once", 0, None),
        ("events", 10, 10),
    ]


def test_detail_is_told() -> None:
    events = [NemesisEvent(f="kill-nats", value={"pid": 7}, time=5)]
    assert pair_faults(events, CLOCK)[0].detail == '{"pid": 7}'


def test_events_out_of_order_are_sorted() -> None:
    events = [NemesisEvent(f="restart-nats", time=9), NemesisEvent(f="kill-nats", time=2)]
    (fault,) = pair_faults(events, CLOCK)
    assert (fault.begin, fault.end) == (2, 9)

"""Exactly once, in order: the identity is acquitted, everything else convicted by name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checker.delivery import Delivery, Finding, Log, LogEntry, check_order, check_places


def log_of(length: int) -> Log:
    return Log(LogEntry(n, f"order-{n % 3}", (n + 2) // 3, f"id-{n}") for n in range(1, length + 1))


def deliveries_of(log: Log) -> list[Delivery]:
    return [Delivery(entry.position, entry.id, entry.position) for entry in log.entries]


def judge(log: Log, deliveries: list[Delivery], until: int | None = None) -> tuple[Finding, ...]:
    return check_order(
        log, deliveries, until=log.head if until is None else until, consumer="projector"
    )


def types(findings: tuple[Finding, ...]) -> set[str]:
    return {finding.type for finding in findings}


logs = st.integers(min_value=1, max_value=30).map(log_of)


@given(logs)
def test_the_identity_is_acquitted(log: Log) -> None:
    assert judge(log, deliveries_of(log)) == ()
    assert check_places(deliveries_of(log), consumer="stream") == ()


@given(logs, st.data())
def test_a_prefix_is_acquitted_up_to_its_end_and_convicted_beyond(
    log: Log, data: st.DataObject
) -> None:
    length = data.draw(st.integers(0, len(log) - 1))
    prefix = deliveries_of(log)[:length]
    assert judge(log, prefix, until=length) == ()
    assert types(judge(log, prefix)) == {"skipped-event"}


@given(logs, st.data())
def test_any_permutation_but_the_identity_is_reordered(log: Log, data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(deliveries_of(log)))
    expected = set() if shuffled == deliveries_of(log) else {"reordered-event"}
    assert types(judge(log, shuffled)) == expected


@given(logs, st.data())
def test_any_drop_is_skipped(log: Log, data: st.DataObject) -> None:
    dropped = data.draw(st.sets(st.integers(1, len(log)), min_size=1))
    kept = [d for d in deliveries_of(log) if d.position not in dropped]
    findings = judge(log, kept)
    assert types(findings) == {"skipped-event"}
    assert sum(finding.count for finding in findings) == len(dropped)


@given(logs, st.data())
def test_any_repetition_is_a_duplicate(log: Log, data: st.DataObject) -> None:
    deliveries = deliveries_of(log)
    again = data.draw(st.sampled_from(deliveries))
    at = data.draw(st.integers(again.position, len(deliveries)))
    findings = judge(log, [*deliveries[:at], again, *deliveries[at:]])
    assert [(finding.type, finding.ids) for finding in findings] == [
        ("duplicate-event", (again.id,))
    ]


@given(logs, st.data())
def test_an_event_of_no_log_is_a_phantom(log: Log, data: st.DataObject) -> None:
    deliveries = deliveries_of(log)
    at = data.draw(st.integers(0, len(deliveries)))
    findings = judge(log, [*deliveries[:at], Delivery(at, "id-nobody"), *deliveries[at:]])
    assert [(finding.type, finding.ids) for finding in findings] == [
        ("phantom-event", ("id-nobody",))
    ]


def test_an_event_with_another_position_than_the_logs_is_named() -> None:
    log = log_of(3)
    deliveries = [Delivery(1, "id-1"), Delivery(3, "id-2"), Delivery(3, "id-3")]
    (finding,) = judge(log, deliveries)
    assert finding.type == "wrong-position"
    assert "at position 3; in the log it is at 2" in finding.explanation


def test_neighbouring_skips_are_one_finding() -> None:
    log = log_of(9)
    kept = [d for d in deliveries_of(log) if d.position not in {3, 4, 5, 8}]
    assert [(f.count, f.ids) for f in judge(log, kept)] == [
        (3, ("id-3", "id-4", "id-5")),
        (1, ("id-8",)),
    ]


def test_the_consumer_is_the_subject_of_the_sentence() -> None:
    (finding,) = judge(log_of(2), [Delivery(1, "id-1")])
    assert finding.explanation == (
        "projector never had position 2 of the log, though it was to have everything up to 2"
    )


@pytest.mark.parametrize(
    ("places", "explanations"),
    [
        ((1, 2, 3), []),
        ((1, 3, 4), ["sequences 3 to 4 hold positions 2 to 3"]),
        ((2, 2, 4), ["sequence 2 holds position 1", "sequence 4 holds position 3"]),
    ],
)
def test_a_sequence_must_equal_its_position(
    places: tuple[int, ...], explanations: list[str]
) -> None:
    deliveries = [Delivery(n, f"id-{n}", place) for n, place in enumerate(places, start=1)]
    findings = check_places(deliveries, consumer="stream EVENTS")
    assert [f.type for f in findings] == ["wrong-sequence"] * len(explanations)
    for finding, words in zip(findings, explanations, strict=True):
        assert words in finding.explanation

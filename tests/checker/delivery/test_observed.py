"""What was acknowledged is there, and no reader is led past an event."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from checker.delivery import (
    Acknowledged,
    Log,
    LogEntry,
    LogRead,
    check_acknowledged,
    check_log_reads,
)


def log_of(length: int) -> Log:
    return Log(LogEntry(n, "order-1", n, f"id-{n}") for n in range(1, length + 1))


def append(*numbers: int, position: int | None) -> Acknowledged:
    return Acknowledged(
        operation=9,
        stream="order-1",
        ids=tuple(f"id-{n}" for n in numbers),
        position=position,
    )


def test_an_append_that_is_where_it_was_said_to_be_is_acquitted() -> None:
    appends = [append(1, 2, position=2), append(3, position=3), append(4, position=None)]
    assert check_acknowledged(log_of(4), appends) == ()


def test_an_acknowledged_append_that_vanished_is_lost() -> None:
    (finding,) = check_acknowledged(log_of(3), [append(4, 5, position=5)])
    assert (finding.type, finding.operations, finding.count) == ("lost-append", (9,), 2)
    assert finding.ids == ("id-4", "id-5")
    assert "lacks all of it" in finding.explanation


def test_half_an_append_is_lost_too() -> None:
    (finding,) = check_acknowledged(log_of(3), [append(3, 4, position=4)])
    assert (finding.type, finding.count) == ("lost-append", 1)
    assert "lacks 1 of it" in finding.explanation


def test_an_append_elsewhere_than_it_was_said_to_be_is_named() -> None:
    (finding,) = check_acknowledged(log_of(3), [append(2, position=3)])
    assert finding.type == "wrong-position"


@given(st.integers(1, 20), st.data())
def test_dense_reads_are_acquitted(length: int, data: st.DataObject) -> None:
    after = data.draw(st.integers(0, length))
    last = data.draw(st.integers(after, length))
    read = LogRead(operation=0, after=after, positions=tuple(range(after + 1, last + 1)))
    assert check_log_reads(log_of(length), [read]) == ()


@given(st.integers(2, 20), st.data())
def test_a_skipped_position_is_late(length: int, data: st.DataObject) -> None:
    skipped = data.draw(st.integers(1, length - 1))
    seen = tuple(n for n in range(1, length + 1) if n != skipped)
    first = LogRead(operation=3, after=0, positions=seen)
    again = LogRead(operation=4, after=0, positions=seen)
    (finding,) = check_log_reads(log_of(length), [first, again])
    assert (finding.type, finding.ids, finding.operations) == (
        "late-position",
        (f"id-{skipped}",),
        (3,),
    )


def test_a_hole_that_nothing_ever_filled_misses_no_event() -> None:
    log = Log([LogEntry(1, "a-1", 1, "x"), LogEntry(3, "a-1", 2, "y")])
    assert check_log_reads(log, [LogRead(operation=0, after=0, positions=(1, 3))]) == ()

"""The log by itself: dense positions, dense versions, no event twice."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from checker.delivery import Log, LogEntry, check_log


def entries(*rows: tuple[int, str, int]) -> list[LogEntry]:
    return [
        LogEntry(position, stream, version, f"id-{position}") for position, stream, version in rows
    ]


@given(st.lists(st.sampled_from(["a-1", "b-1", "c-1"]), max_size=40))
def test_what_appends_made_is_acquitted(streams: list[str]) -> None:
    made = [
        LogEntry(n, stream, streams[:n].count(stream), f"id-{n}")
        for n, stream in enumerate(streams, start=1)
    ]
    assert check_log(made) == ()
    assert Log(reversed(made)).entries == tuple(made)
    assert Log(made).head == len(streams)


@given(st.integers(2, 30), st.data())
def test_a_missing_position_is_a_gap(length: int, data: st.DataObject) -> None:
    gap = data.draw(st.integers(1, length - 1))
    made = [LogEntry(n, f"s-{n}", 1, f"id-{n}") for n in range(1, length + 1) if n != gap]
    (finding,) = check_log(made)
    assert (finding.type, finding.count, finding.ids) == ("position-gap", 1, (f"id-{gap + 1}",))


def test_a_log_read_out_of_order_is_named() -> None:
    findings = check_log(entries((1, "a-1", 1), (3, "b-1", 1), (2, "c-1", 1), (4, "d-1", 1)))
    assert [finding.type for finding in findings] == ["position-gap", "position-order"]


def test_an_event_twice_is_a_duplicate() -> None:
    made = [LogEntry(1, "a-1", 1, "x"), LogEntry(2, "b-1", 1, "x")]
    (finding,) = check_log(made)
    assert finding.type == "duplicate-event"
    assert "at positions 1 and 2" in finding.explanation


def test_a_version_that_jumps_is_a_gap() -> None:
    (finding,) = check_log(entries((1, "a-1", 1), (2, "a-1", 3), (3, "a-1", 4)))
    assert finding.type == "version-gap"
    assert "from version 1 to 3" in finding.explanation


def test_an_empty_log_has_head_zero() -> None:
    assert Log([]).head == 0
    assert len(Log([])) == 0

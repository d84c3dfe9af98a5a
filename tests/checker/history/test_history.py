from __future__ import annotations

import pytest

from checker import HistoryBuilder, MalformedHistory, Outcome


def test_ranks_follow_the_order_of_events() -> None:
    builder = HistoryBuilder()
    builder.invoke(0, "write", value=1)
    builder.invoke(1, "read")
    builder.complete(0, Outcome.OK)
    builder.complete(1, Outcome.OK, output=1)
    write, read = builder.build().operations
    assert (write.invoked, read.invoked, write.completed, read.completed) == (0, 1, 2, 3)
    assert (write.index, read.index) == (0, 1)
    assert read.output == 1


def test_unknown_outcome_has_no_rank_and_no_answer() -> None:
    builder = HistoryBuilder()
    builder.invoke(0, "write", value=1, time=5)
    builder.complete(0, Outcome.INFO, output=9, error="timeout", time=9)
    builder.invoke(1, "read", time=10)
    lost, pending = builder.build().operations
    assert lost.completed is None
    assert lost.output is None
    assert (lost.error, lost.time_completed) == ("timeout", 9)
    assert (pending.invoked, pending.outcome) == (1, Outcome.INFO)
    assert pending.time_completed is None


def test_failed_operation_keeps_its_error_and_no_answer() -> None:
    builder = HistoryBuilder()
    builder.invoke(0, "cas", value=[1, 2])
    builder.complete(0, Outcome.FAIL, output=[1, 2], error="not equal")
    (cas,) = builder.build().operations
    assert (cas.outcome, cas.output, cas.error) == (Outcome.FAIL, None, "not equal")
    assert cas.completed == 1


def test_a_completion_without_a_time_is_never_before_its_invocation() -> None:
    builder = HistoryBuilder()
    builder.invoke(0, "read", time=1_000)
    builder.complete(0, Outcome.OK)
    (read,) = builder.build().operations
    assert read.time_completed == 1_000


def test_nemesis_is_kept_apart() -> None:
    builder = HistoryBuilder()
    builder.invoke(0, "read", time=1)
    builder.nemesis("kill-postgres", ["n1"], time=2)
    history = builder.build()
    assert len(history) == 1
    assert [(event.f, event.value, event.time) for event in history.nemesis] == [
        ("kill-postgres", ["n1"], 2)
    ]


def test_a_process_goes_on_after_a_failure_but_not_after_an_unknown_outcome() -> None:
    builder = HistoryBuilder(source="run.jsonl")
    builder.invoke(0, "write", line=1)
    builder.complete(0, Outcome.FAIL, line=2)
    builder.invoke(0, "write", line=3)
    builder.complete(0, Outcome.INFO, line=4)
    with pytest.raises(MalformedHistory, match=r"run\.jsonl:5: .*unknown outcome \(line 4\)"):
        builder.invoke(0, "read", line=5)

from __future__ import annotations

from checker import HistoryBuilder, Outcome
from checker.history.lint import lint_history


def _rules(builder: HistoryBuilder) -> list[tuple[str, int | None]]:
    return [(finding.rule, finding.line) for finding in lint_history(builder.build())]


def _complete(builder: HistoryBuilder, process: int, at: int, until: int, line: int) -> None:
    builder.invoke(process, "read", time=at, line=line)
    builder.complete(process, Outcome.OK, time=until)


def test_a_good_history_is_not_odd() -> None:
    builder = HistoryBuilder()
    builder.invoke(0, "read", time=10)
    _complete(builder, 1, 11, 12, 2)
    builder.complete(0, Outcome.OK, time=13)
    assert _rules(builder) == []


def test_a_history_without_operations_proves_nothing() -> None:
    assert _rules(HistoryBuilder()) == [("empty", None)]


def test_unknown_outcomes_are_counted() -> None:
    builder = HistoryBuilder()
    builder.invoke(0, "write", time=10, line=1)
    builder.invoke(1, "write", time=11, line=2)
    builder.complete(0, Outcome.INFO, time=12)
    rules = [("no-answers", None), ("many-unknown-outcomes", 1), ("never-concurrent", None)]
    assert _rules(builder) == rules


def test_times_that_go_back_are_told_with_their_line() -> None:
    builder = HistoryBuilder()
    builder.invoke(0, "read", time=100, line=1)
    _complete(builder, 1, 50, 120, 2)
    builder.complete(0, Outcome.OK, time=130)
    assert _rules(builder) == [("time-goes-back", 2)]


def test_missing_times_and_lonely_clients_are_told() -> None:
    builder = HistoryBuilder()
    for process in range(2):
        builder.invoke(process, "read")
        builder.complete(process, Outcome.OK)
    assert _rules(builder) == [("no-times", None), ("never-concurrent", None)]

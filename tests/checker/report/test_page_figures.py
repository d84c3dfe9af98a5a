"""Series, tables and the words for numbers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checker import HistoryBuilder, Outcome
from checker.report.page.clock import Clock
from checker.report.page.series import PANELS_MAX, quantile, series_of
from checker.report.page.tables import error_rows, operation_rows
from checker.report.page.wording import error_message, label_text, span_text, value_text
from tests.checker.report.synthetic import MILLISECOND, synthetic_history


@given(st.lists(st.integers(0, 10**12), min_size=1), st.sampled_from([0.5, 0.95, 0.99]))
def test_quantile_is_a_value_with_that_share_at_or_below(values: list[int], share: float) -> None:
    ascending = sorted(values)
    found = quantile(ascending, share)
    assert sum(value <= found for value in values) >= share * len(values)
    assert sum(value < found for value in values) < share * len(values) or found == ascending[0]


def test_series_count_every_operation_once() -> None:
    history = synthetic_history(operations=4_000)
    series = series_of(history, Clock.of(history))
    assert sum(sum(counts) for counts in series.throughput.values()) == len(history)
    assert sum(panel.operations for panel in series.latency) == len(history)
    assert series.bins <= 200
    for panel in series.latency:
        for p50, p95, p99 in zip(panel.p50, panel.p95, panel.p99, strict=True):
            assert (p50 is None) == (p95 is None) == (p99 is None)
            if p50 is not None and p95 is not None and p99 is not None:
                assert p50 <= p95 <= p99


def test_latency_knows_ok_operations_alone() -> None:
    builder = HistoryBuilder()
    for process, outcome in enumerate(Outcome):
        builder.invoke(process, "read", time=0)
        builder.complete(process, outcome, time=(process + 1) * MILLISECOND)
    history = builder.build()
    (panel,) = series_of(history, Clock.of(history)).latency
    assert [value for value in panel.p99 if value is not None] == [MILLISECOND]


def test_rare_operations_share_the_last_panel() -> None:
    builder = HistoryBuilder()
    for number in range(20):
        for time in range(20 - number):
            builder.invoke(0, f"f{number}", time=time)
            builder.complete(0, Outcome.OK, time=time)
    history = builder.build()
    panels = series_of(history, Clock.of(history)).latency
    assert len(panels) == PANELS_MAX
    assert panels[-1].title == "13 other operations"
    assert sum(panel.operations for panel in panels) == len(history)


def test_operation_table_counts_by_outcome() -> None:
    history = synthetic_history(operations=3_000)
    rows = operation_rows(history, Clock.of(history))
    assert [row.total for row in rows] == sorted((row.total for row in rows), reverse=True)
    assert all(row.ok + row.fail + row.info == row.total for row in rows)
    assert sum(row.total for row in rows) == len(history)


def test_errors_that_differ_in_numbers_alone_are_one_row() -> None:
    history = synthetic_history(operations=3_000)
    rows = {row.message: row for row in error_rows(history)}
    assert set(rows) == {
        "wrong-expected-version",
        "store-unavailable: refused: #.#.#.#:#",
        "outcome-unknown: connection lost after sending",
    }
    refused = rows["store-unavailable: refused: #.#.#.#:#"]
    assert refused.count > 100
    assert history.operations[refused.first].error["type"] == "store-unavailable"
    assert "127.0.0.1" in refused.example


@pytest.mark.parametrize(
    ("error", "message"),
    [
        ({"type": "conflict", "actual": 4}, "conflict"),
        ({"code": 40001}, '{"code": #}'),
        ("timeout after 5000 ms\nTraceback ...", "timeout after # ms"),
        ("event 6f1c2f54-0f6b-4c1e-9a59-93a5d4a0f0aa is lost", "event <uuid> is lost"),
        ("<object at 0x7f3a2b>", "<object at <address>>"),
        ("", "(empty message)"),
        (["timeout", 3], '["timeout", #]'),
    ],
)
def test_error_message_keeps_what_its_kind_shares(error: Any, message: str) -> None:
    assert error_message(error) == message


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "0 ns"),
        (850, "850 ns"),
        (1_500, "1.5 µs"),
        (12_345_678, "12.3 ms"),
        (999_600_000, "1,000 ms"),
        (4_500_000_000, "4.5 s"),
        (200_000_000_000, "3 min 20 s"),
    ],
)
def test_span_has_few_digits(nanoseconds: float, text: str) -> None:
    assert span_text(nanoseconds) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        ({"a": "ü"}, '{"a": "ü"}'),
        ({1, 2}, '"{1, 2}"'),
        ({(1, 2): 3}, "{(1, 2): 3}"),
    ],
)
def test_value_is_one_line_of_json_or_its_repr(value: Any, text: str) -> None:
    assert value_text(value, 100) == text


def test_long_value_says_how_much_is_missing() -> None:
    assert value_text("x" * 5_000, 10) == '"xxxxxxxxx… (4,992 more characters)'


def test_label_is_bare_only_where_nothing_else_reads_so() -> None:
    values: list[Any] = ["orders-1", "42", 42, "null", None, "", ["a"], '["a"]']
    labels = [label_text(value, 50) for value in values]
    assert labels[0] == "orders-1"
    assert len(set(labels)) == len(values)

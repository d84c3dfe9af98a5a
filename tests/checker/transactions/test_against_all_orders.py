"""Every level against what it means, by trying all orders of small histories."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checker import check
from checker.engine.replay import replay
from checker.history.history import History
from checker.models import ListAppend, RwRegister
from checker.verdict import Verdict
from tests.support.transaction_histories import transaction_history
from tests.support.transaction_levels import holds, is_serializable, is_snapshot_isolated

EXECUTED: Final = {
    "strict-serializable": (is_serializable, "realtime"),
    "serializable": (is_serializable, "none"),
    "strong-session-serializable": (is_serializable, "process"),
    "snapshot-isolation": (is_snapshot_isolated, "none"),
    "strong-session-snapshot-isolation": (is_snapshot_isolated, "process"),
    "strong-snapshot-isolation": (is_snapshot_isolated, "realtime"),
}
WEAK: Final = (
    "read-atomic",
    "causal",
    "read-your-writes",
    "monotonic-reads",
    "monotonic-writes",
    "writes-follow-reads",
)
WITHOUT_ORDER: Final = {
    "thin-air",
    "duplicate-elements",
    "G1a",
    "G1b",
    "incompatible-order",
    "dirty-update",
    "future-read",
    "internal",
    "non-repeatable-read",
}
"""What the axioms do not speak of: they take for granted that nothing of it is there."""


@st.composite
def histories(draw: st.DrawFn, *, lists: bool) -> History:
    return transaction_history(
        draw(st.integers(0, 2**32)),
        lists=lists,
        transactions=draw(st.integers(2, 5)),
        processes=draw(st.integers(1, 4)),
        keys=draw(st.integers(1, 3)),
        looseness=draw(st.sampled_from([0.05, 0.2, 0.5])),
    )


SETTINGS: Final = settings(max_examples=60, deadline=None)


@pytest.mark.parametrize("level", EXECUTED)
@SETTINGS
@given(history=histories(lists=True))
def test_executed_levels_of_lists(level: str, history: History) -> None:
    allows, order = EXECUTED[level]
    result = check(history, "list-append", consistency=level)
    assert (result.verdict is Verdict.VALID) == allows(history.operations, order)


@pytest.mark.parametrize("level", EXECUTED)
@SETTINGS
@given(history=histories(lists=False))
def test_executed_levels_of_registers(level: str, history: History) -> None:
    allows, order = EXECUTED[level]
    result = check(history, "rw-register", consistency=level)
    sessions = "process" if order == "none" else order
    assert (result.verdict is Verdict.VALID) == allows(history.operations, sessions)


@pytest.mark.parametrize("level", WEAK)
@SETTINGS
@given(history=histories(lists=True))
def test_axioms_of_lists(level: str, history: History) -> None:
    result = check(history, "list-append", consistency=level)
    if WITHOUT_ORDER.isdisjoint(anomaly.type for anomaly in result.anomalies):
        sessions = level != "read-atomic"
        expected = holds(history.operations, level, sessions=sessions)
        assert (result.verdict is Verdict.VALID) == expected


@pytest.mark.parametrize("level", ["read-committed", *WEAK])
@SETTINGS
@given(history=histories(lists=False))
def test_axioms_of_registers(level: str, history: History) -> None:
    result = check(history, "rw-register", consistency=level)
    if WITHOUT_ORDER.isdisjoint(anomaly.type for anomaly in result.anomalies):
        expected = holds(history.operations, level, sessions=True)
        assert (result.verdict is Verdict.VALID) == expected


@SETTINGS
@given(history=histories(lists=True))
def test_the_order_of_valid_lists_can_be_replayed(history: History) -> None:
    result = check(history, "list-append")
    if result.verdict is Verdict.VALID:
        assert result.witness is not None
        assert replay(ListAppend(), history.operations, result.witness[0][1]) == ""


@SETTINGS
@given(history=histories(lists=False))
def test_the_order_of_valid_registers_can_be_replayed(history: History) -> None:
    result = check(history, "rw-register")
    if result.verdict is Verdict.VALID:
        assert result.witness is not None
        assert replay(RwRegister(), history.operations, result.witness[0][1]) == ""

"""Anomalies of transactions shrink to as few of them as show the same."""

from __future__ import annotations

from typing import Any

import pytest

from checker import Verdict, check
from checker.minimize import minimize
from checker.minimize.subhistory import subhistory
from checker.models import ListAppend, RwRegister, TransactionModel
from checker.report.explain import explain_anomaly
from tests.support.scripts import script
from tests.support.transaction_histories import transaction_history

WRITE_SKEW = (
    '0 do txn [["append", "x", 1]] => [["append", "x", 1]]',
    '1 invoke txn [["r", "x", null], ["append", "y", 1]]',
    '2 invoke txn [["r", "y", null], ["append", "x", 2]]',
    '1 ok [["r", "x", [1]], ["append", "y", 1]]',
    '2 ok [["r", "y", []], ["append", "x", 2]]',
    '0 do txn [["r", "x", null], ["r", "y", null]] => [["r", "x", [1, 2]], ["r", "y", [1]]]',
    '3 do txn [["append", "z", 1]] => [["append", "z", 1]]',
)


@pytest.mark.parametrize("lists", [True, False], ids=["list-append", "rw-register"])
@pytest.mark.parametrize("level", ["strict-serializable", "snapshot-isolation", "causal"])
def test_what_is_left_shows_the_same_and_nothing_can_be_left_out(
    level: str, *, lists: bool
) -> None:
    model: TransactionModel[Any] = ListAppend() if lists else RwRegister()
    shrunk = 0
    for seed in range(60):
        history = transaction_history(
            seed, lists=lists, transactions=8, processes=3, keys=2, looseness=0.4
        )
        result = check(history, model, consistency=level)
        if result.verdict is not Verdict.INVALID:
            continue
        found = minimize(history, model, result=result)
        assert found.minimal, found.reason
        kind = found.target.type
        small = check(found.history, model, consistency=level)
        assert kind in {anomaly.type for anomaly in small.anomalies}
        for left_out in range(len(found.history)):
            rest = subhistory(found.history, set(range(len(found.history))) - {left_out})
            types = {one.type for one in check(rest, model, consistency=level).anomalies}
            assert kind not in types
        told = explain_anomaly(history, model, found, level)
        assert (told.operations, told.minimal) == (found.kept, True)
        assert {edge.source for edge in told.cycle} <= set(found.kept)
        shrunk += 1
    assert shrunk > 10


def test_an_explanation_speaks_of_the_whole_history() -> None:
    history = script(*WRITE_SKEW)
    found = minimize(history, "list-append")
    told = explain_anomaly(history, ListAppend(), found, "strict-serializable")
    assert (told.anomaly, told.operations, told.minimal) == ("G2-item", (0, 1, 2), True)
    assert [(edge.source, edge.kind, edge.target) for edge in told.cycle] == [
        (1, "rw", 2),
        (2, "rw", 1),
    ]
    assert "operation 2 read y before operation 1 wrote it" in told.sentence

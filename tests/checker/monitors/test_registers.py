"""Registers that write each value once: zones against the reference search."""

from __future__ import annotations

from collections import Counter

import pytest

from checker import Verdict, check, model_named
from checker.engine.reference import search
from checker.engine.replay import replay
from checker.models import CasRegister, Register
from checker.monitors.registers import judge_registers
from tests.support.drafts import arrange, perturb_times
from tests.support.scripts import script
from tests.support.seeded import seeded
from tests.support.unique_registers import unique_register_drafts

EXAMPLES: dict[str, tuple[tuple[int, ...], list[str]]] = {
    "thin-air": ((0,), ["0 do read => 3"]),
    "aborted-read": ((1, 0), ["0 refused write 3", "1 do read => 3"]),
    "future-read": ((0, 1), ["0 do read => 3", "1 do write 3"]),
    "lost-update": (
        (0, 1),
        ["0 invoke cas [null, 1]", "1 invoke cas [null, 2]", "0 ok", "1 ok"],
    ),
    "stale-read": (
        (3, 2, 0),
        ["0 do write 1", "1 invoke write 2", "2 do read => 2", "3 do read => 1", "1 ok"],
    ),
    "stale-cas": ((1, 0), ["0 do write 1", "1 do cas [null, 2]"]),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_anomaly_is_named_and_explained(name: str) -> None:
    operations, lines = EXAMPLES[name]
    history = script(*lines)
    (anomaly,) = judge_registers(CasRegister(), history.operations).anomalies
    assert (anomaly.type, anomaly.operations) == (name, operations), anomaly.explanation
    assert all(f"peration {index} (process" in anomaly.explanation for index in operations)
    assert search(CasRegister(), history.operations).verdict is Verdict.INVALID


def test_a_circle_of_swaps_is_named_whole() -> None:
    lines = ["0 invoke cas [1, 2]", "1 invoke cas [2, 3]", "2 invoke cas [3, 1]"]
    history = script(*lines, "0 ok", "1 ok", "2 ok")
    (anomaly,) = judge_registers(CasRegister(), history.operations).anomalies
    assert (anomaly.type, set(anomaly.operations)) == ("future-read", {0, 1, 2})


def test_an_unknown_write_counts_if_it_was_seen() -> None:
    lines = ["0 invoke cas [null, 1]", "0 info", "1 invoke write 9", "1 info", "2 do read => 1"]
    assert judge_registers(CasRegister(), script(*lines).operations).witness == (0, 2)


@pytest.mark.parametrize(
    "lines",
    [
        ["0 do write 1", "0 do write 1"],
        ["0 do write null"],
        ["0 do write 1", "0 do cas [2, 3] => false"],
    ],
)
def test_what_values_do_not_order_is_left_to_the_search(lines: list[str]) -> None:
    assert judge_registers(CasRegister(), script(*lines).operations).undecided


@pytest.mark.parametrize("model", [Register(), CasRegister()], ids=["register", "cas-register"])
def test_zones_and_search_agree(model: Register) -> None:
    results: Counter[Verdict] = Counter()
    for seed in range(2000):
        random = seeded(seed)
        cas = "cas" in model.functions
        drafts = unique_register_drafts(random, operations=random.randint(1, 10), cas=cas)
        if drafts and random.random() < 0.5:
            perturb_times(random, drafts)
        operations = arrange(drafts).operations
        outcome = judge_registers(model, operations)
        expected = search(model, operations).verdict
        assert not outcome.undecided
        assert (expected is Verdict.INVALID) == bool(outcome.anomalies), (seed, outcome)
        if outcome.witness is not None:
            assert replay(model, operations, outcome.witness) == ""
        results[expected] += 1
    assert min(results.values()) > 300
    assert results[Verdict.UNKNOWN] == 0


def test_named_operations_cannot_be_explained_by_themselves() -> None:
    """Nor with the writes of the values that they are about."""
    for seed in range(2000):
        random = seeded(seed)
        history = arrange(unique_register_drafts(random, operations=9, cas=False))
        for anomaly in judge_registers(Register(), history.operations).anomalies:
            named = set(anomaly.operations)
            values = [history.operations[index] for index in named]
            about = {op.output if op.f == "read" else op.value for op in values}
            kept = [
                op for op in history if op.index in named or (op.f == "write" and op.value in about)
            ]
            assert search(Register(), kept).verdict is Verdict.INVALID, (seed, anomaly)


def test_the_front_door_uses_zones() -> None:
    history = script("0 do read => 0", "0 do write 1", "0 do read => 1")
    result = check(history, model_named("register", initial=0))
    assert (result.verdict, result.algorithm) == (Verdict.VALID, "zones")

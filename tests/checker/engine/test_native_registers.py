"""The native judge of registers, stores and several registers says what the Python one says."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest

from checker import (
    CheckerError,
    History,
    Limits,
    MalformedHistory,
    Outcome,
    Verdict,
    check,
)
from checker.engine import native_judge, reference
from checker.engine.replay import replay
from checker.history.recorded import record
from checker.models import CasRegister, Kv, Model, MultiRegister, Register
from checker.monitors import EXPLANATIONS
from checker.monitors.registers import judge_registers
from checker.result import Partitions
from tests.support.drafts import Draft, arrange
from tests.support.register_histories import register_drafts
from tests.support.scripts import script
from tests.support.seeded import seeded
from tests.support.unique_registers import unique_register_drafts

LIMITS = Limits(timeout_seconds=60)


def judge(model: Model[Any], history: History) -> Partitions:
    """Judge natively; each valid part's witness holds."""
    explain = EXPLANATIONS.get(type(model))
    results = native_judge.judge(model, record(history), LIMITS, explain=explain).parts
    for part, result in zip(model.partition(history.operations), results, strict=True):
        assert result.key == part.key
        if result.verdict is Verdict.VALID:
            assert result.witness is not None
            assert replay(part.model, part.operations, result.witness) == ""
    return results


def agree(model: Model[Any], history: History) -> Counter[Verdict]:
    """Judge natively and by the reference search; count the verdicts, which are the same."""
    results = judge(model, history)
    for part, result in zip(model.partition(history.operations), results, strict=True):
        assert result.verdict is reference.search(part.model, part.operations).verdict
    return Counter(result.verdict for result in results)


@pytest.mark.parametrize("model", [Register(), CasRegister()], ids=["register", "cas-register"])
def test_zones_find_and_say_the_same(model: Register) -> None:
    invalid = alike = 0
    for seed in range(1000):
        random = seeded(seed)
        cas = "cas" in model.functions
        drafts = unique_register_drafts(random, operations=random.randint(1, 12), cas=cas)
        history = arrange(drafts)
        expected = judge_registers(model, history.operations)
        for result in judge(model, history):
            assert (result.verdict is Verdict.INVALID) == bool(expected.anomalies)
            assert result.algorithm == "zones"
            for anomaly in result.anomalies:
                invalid += 1
                assert anomaly.type in {one.type for one in expected.anomalies}
                alike += anomaly in expected.anomalies
    assert invalid > 150
    assert alike > 0.85 * invalid


@pytest.mark.parametrize("initial", [None, 0, "a"])
def test_registers_agree_with_the_reference(initial: Any) -> None:
    verdicts: Counter[Verdict] = Counter()
    for seed in range(400):
        drafts = register_drafts(seeded(seed), operations=8)
        for draft in drafts:
            if draft.f == "cas" and draft.outcome is Outcome.FAIL and seed % 2:
                draft.outcome, draft.output = Outcome.OK, False
        verdicts += agree(CasRegister(initial=initial), arrange(drafts))
    assert min(verdicts[Verdict.VALID], verdicts[Verdict.INVALID]) > 30


def store_drafts(random: Random) -> list[Draft]:
    """A store with a key that is a register and one that is a string."""
    drafts = register_drafts(random, operations=6)
    for draft in drafts:
        draft.key = "r"
    text = ""
    for place in range(7):
        f = random.choice(["get", "get", "put", "append"])
        value = random.choice(["", "x", "y", "xy"])
        lost, happens = random.random() < 0.15, random.random() < 0.5
        if f != "get" and (happens or not lost):
            text = value if f == "put" else text + value
        begin = place + random.uniform(-2, 2)
        drafts.append(
            Draft(
                f,
                key="s",
                value=None if f == "get" else value,
                output=random.choice([text] * 9 + [value]) if f == "get" else None,
                outcome=Outcome.INFO if lost else Outcome.OK,
                invoked=begin,
                completed=None if lost else begin + random.uniform(0.5, 5),
            )
        )
    return drafts


def test_stores_agree_with_the_reference() -> None:
    verdicts: Counter[Verdict] = Counter()
    for seed in range(400):
        verdicts += agree(Kv(), arrange(store_drafts(seeded(seed))))
    assert min(verdicts[Verdict.VALID], verdicts[Verdict.INVALID]) > 100


def transaction_drafts(random: Random) -> list[Draft]:
    """Operations on two registers that take effect in order, some with a wrong answer."""
    state = {"x": 0, "y": 0}
    drafts = []
    for place in range(random.randint(1, 8)):
        lost, happens = random.random() < 0.15, random.random() < 0.5
        asked, answered = [], []
        for _ in range(random.randint(1, 3)):
            f, name = random.choice(["read", "write"]), random.choice(["x", "y"])
            value = random.choice([state[name]] * 9 + [5]) if f == "read" else random.randrange(3)
            if f == "write" and (happens or not lost):
                state[name] = value
            asked.append([f, name, None if f == "read" else value])
            answered.append([f, name, value])
        begin = place + random.uniform(-1.5, 1.5)
        outcome = Outcome.INFO if lost else Outcome.OK
        end = None if lost else begin + random.uniform(0.5, 4)
        drafts.append(Draft("txn", None, asked, answered, None, outcome, begin, end))
    return drafts


def test_several_registers_agree_with_the_reference() -> None:
    verdicts: Counter[Verdict] = Counter()
    for seed in range(600):
        model = MultiRegister(initial={"x": 0, "y": 0})
        verdicts += agree(model, arrange(transaction_drafts(seeded(seed))))
    assert min(verdicts[Verdict.VALID], verdicts[Verdict.INVALID]) > 100


@pytest.mark.parametrize(
    ("model", "line"),
    [
        (Register(), "0 do cas [1, 2]"),
        (CasRegister(), "0 do cas [1]"),
        (Kv(), "0 do pop"),
        (Kv(), "0 do put 1"),
        (Kv(), "0 do get => null"),
        (MultiRegister(), "0 do add 1"),
        (MultiRegister(), '0 do txn [["read", "x"]]'),
    ],
)
def test_what_is_no_operation_is_refused_in_the_same_words(model: Model[Any], line: str) -> None:
    history = script(line)
    with pytest.raises(MalformedHistory) as expected:
        check(history, model, engine="reference")
    with pytest.raises(CheckerError) as found:
        judge(model, history)
    assert isinstance(found.value, MalformedHistory)
    assert found.value.reason == expected.value.reason


def test_a_violation_in_a_store_is_put_into_words() -> None:
    history = script("0 do write @a 1", "0 do write @a 2", "0 do read @a => 1")
    (part,) = judge(Kv(), history)
    (anomaly,) = part.anomalies
    assert anomaly.type == "stale-read"
    assert "neither value can come after the other" in anomaly.explanation

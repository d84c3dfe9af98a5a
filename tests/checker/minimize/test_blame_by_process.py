"""No part is blamed that some of the rest explains in the order of processes; parts get small."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import pytest

from checker import History, Limits, Model, Verdict, check
from checker.checking.sequentially import objects_of
from checker.minimize import Minimized, minimize
from checker.minimize.blame_by_process import BlameByProcess
from checker.minimize.subhistory import subhistory
from checker.minimize.symptom import Symptom
from checker.models import CasRegister, Kv, Register
from tests.support.drafts import arrange
from tests.support.process_histories import (
    assign_processes,
    sequential_by_brute_force,
    shuffle_times,
)
from tests.support.register_histories import register_drafts
from tests.support.scripts import script
from tests.support.seeded import seeded

# Two readers see two writes in opposite orders: the others are bystanders.
OPPOSED = (
    "0 do write 1 => null",
    "9 do write 9 => null",
    "1 do write 2 => null",
    "2 do read => 1",
    "2 do read => 2",
    "3 do read => 2",
    "3 do read => 1",
    "4 do read => 2",
)


def _history(seed: int, *, keyed: bool, operations: int) -> History:
    random = seeded(seed)
    drafts = register_drafts(random, operations=operations, values=3)
    for draft in drafts:
        draft.key = random.choice("xy") if keyed else None
    assign_processes(random, drafts, random.randint(1, 3))
    shuffle_times(random, drafts)
    return arrange(drafts)


def _explained(history: History, model: Model[Any], kept: Sequence[int]) -> bool:
    """Say whether some choice of the other changes explains the kept operations."""
    others = [op.index for op in history if op.index not in kept and model.changes(op)]
    return any(
        sequential_by_brute_force(
            objects_of(model, subhistory(history, [*kept, *chosen]).operations)
        )
        for count in range(len(others) + 1)
        for chosen in combinations(others, count)
    )


@pytest.mark.parametrize("model", [CasRegister(), Kv()], ids=lambda model: model.name)
def test_no_part_is_blamed_that_the_rest_explains(model: Model[Any]) -> None:
    answers = {True: 0, False: 0}
    for seed in range(120):
        history = _history(seed, keyed=isinstance(model, Kv), operations=5)
        blame = BlameByProcess(model, history.operations)
        random = seeded(seed)
        kept = sorted(random.sample(range(len(history)), min(len(history), random.randint(1, 4))))
        fault = blame.at_fault([history.operations[index] for index in kept], Limits())
        assert fault is not None
        if fault:
            assert not _explained(history, model, kept)
        answers[fault] += 1
    assert min(answers.values()) > 5, answers


def _shrunk(history: History, model: Model[Any]) -> Minimized:
    return minimize(history, model, consistency="sequential")


def test_what_is_written_has_all_that_its_answers_come_from() -> None:
    found = _shrunk(script(*OPPOSED), Register())
    assert (found.kept, found.anomaly.type) == ((0, 2, 3, 4, 5, 6), "non-sequential")
    assert found.minimal


def test_shrunk_parts_fail_so_and_none_of_their_operations_can_be_left_out() -> None:
    shrunk = 0
    for seed in range(40):
        history = _history(seed, keyed=True, operations=8)
        if check(history, "kv", consistency="sequential").verdict is not Verdict.INVALID:
            continue
        found = _shrunk(history, Kv())
        assert found.minimal, found.reason
        assert check(found.history, "kv", consistency="sequential").verdict is Verdict.INVALID
        symptom = Symptom(
            history,
            Kv(),
            "non-sequential",
            consistency="sequential",
            limits=Limits(),
            engine="auto",
            deadline=float("inf"),
        )
        for left_out in found.kept:
            assert symptom.shown_by(set(found.kept) - {left_out}) is None
        shrunk += 1
    assert shrunk > 10


def test_a_monitors_anomaly_keeps_its_name() -> None:
    history = script(
        '0 do append @s {"ids": ["a"], "expected": 0} => {"version": 1, "position": 1}',
        '1 do append @s {"ids": ["b"], "expected": 1} => {"version": 2, "position": 2}',
        "2 do version @s => 2",
        "2 do version @s => 1",
        "3 do version @s => 2",
    )
    result = check(history, "stream", consistency="sequential")
    assert result.verdict is Verdict.INVALID
    found = minimize(history, "stream", result=result)
    assert found.minimal
    assert found.anomaly.type == result.anomalies[0].type
    assert len(found.kept) < len(history)


def test_what_not_even_begins_is_explained_too() -> None:
    history = script("0 do read => 5", "0 do write 1 => null")
    (anomaly,) = check(history, "register", consistency="sequential").anomalies
    assert anomaly.operations == (0,)
    assert "the longest legal one has 0 operations" in anomaly.explanation

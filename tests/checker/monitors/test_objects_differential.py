"""The monitors of sets, counters and locks against the reference search, and what they name."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from checker import Limits, Verdict
from checker.engine.reference import search
from checker.engine.replay import replay
from checker.models import MODELS
from checker.monitors import MONITORS
from checker.operation import Operation
from tests.support.counter_histories import counter_drafts
from tests.support.drafts import Draft, arrange, perturb_times
from tests.support.lock_histories import lock_drafts
from tests.support.seeded import seeded
from tests.support.set_histories import random_set_mix, set_drafts

LIMITS = Limits(timeout_seconds=60)
BY_COUNT = "undercount"
"""The one anomaly whose certificate counts operations that it does not list."""


def elements(random: Random) -> list[Draft]:
    return set_drafts(random, random_set_mix(random, whole=False))


def full_reads(random: Random) -> list[Draft]:
    return set_drafts(random, random_set_mix(random, whole=True))


def equal_steps(random: Random) -> list[Draft]:
    return counter_drafts(
        random,
        operations=random.randrange(1, 9),
        steps=random.choice([(1,), (-1,), (3,)]),
        reads=random.choice([0.3, 0.5]),
        length=random.choice([1.0, 4.0, 10.0]),
    )


def locks(random: Random) -> list[Draft]:
    return lock_drafts(random, processes=random.randrange(1, 4), turns=random.randrange(1, 5))


def mutexes(random: Random) -> list[Draft]:
    drafts = locks(random)
    for draft in drafts:
        draft.process = None
    if drafts and random.random() < 0.4:
        perturb_times(random, drafts)
    return drafts


def shifted(drafts: Callable[[Random], list[Draft]]) -> Callable[[Random], list[Draft]]:
    def shift(random: Random) -> list[Draft]:
        made = drafts(random)
        while random.random() < 0.4:
            perturb_times(random, made)
        return made

    return shift


FAMILIES = [
    ("set", shifted(elements), 0.1),
    ("grow-only-set", shifted(full_reads), 0.0),
    ("counter", shifted(equal_steps), 0.0),
    ("mutex", mutexes, 0.0),
    ("lock", locks, 0.15),
    ("fenced-lock", locks, 0.15),
]


@pytest.mark.parametrize(
    ("name", "drafts", "left"), FAMILIES, ids=[family[0] for family in FAMILIES]
)
def test_monitor_and_search_agree(
    name: str, drafts: Callable[[Random], list[Draft]], left: float
) -> None:
    results: Tally[str] = Tally()
    histories = 1200
    for seed in range(histories):
        operations = arrange(drafts(seeded(seed))).operations
        results[judge(MODELS[name](), operations)] += 1
    assert results["left to the search"] <= left * histories
    assert results["valid"] > histories / 4
    assert results["invalid"] > histories / 12


def judge(model: Any, operations: tuple[Operation, ...]) -> str:
    """Compare monitor and search on one history; say what came of it."""
    outcome = MONITORS[type(model)](model, operations)
    if outcome.undecided:
        assert not outcome.anomalies
        assert outcome.witness is None
        return "left to the search"
    expected = search(model, operations, LIMITS).verdict
    assert (expected is Verdict.INVALID) == bool(outcome.anomalies), outcome
    if outcome.witness is not None:
        assert replay(model, operations, outcome.witness) == ""
        return "valid"
    (anomaly,) = outcome.anomalies
    assert 1 <= len(set(anomaly.operations)) == len(anomaly.operations) <= 4
    named = [operation for operation in operations if operation.index in anomaly.operations]
    if anomaly.type != BY_COUNT:
        assert search(model, named, LIMITS).verdict is Verdict.INVALID
    return "invalid"

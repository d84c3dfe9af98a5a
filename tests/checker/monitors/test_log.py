"""The monitor of logs against the reference search, and the names of what it finds."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Sequence
from itertools import combinations, permutations
from random import Random
from typing import Any

import pytest

from benchmarks.histories import log as benchmark_log
from checker import Limits, Operation, Outcome, Verdict
from checker.engine.reference import search
from checker.engine.replay import replay
from checker.models.log import EMPTY, Log, chain, unchain
from checker.models.model import required_and_optional
from checker.monitors.log import judge_log, judge_log_by_process
from tests.support.drafts import Draft, arrange, perturb_times
from tests.support.log_histories import log_drafts
from tests.support.seeded import seeded

LIMITS = Limits(timeout_seconds=60)
OF_REAL_TIME = {"stale-read", "lost-append", "stale-append", "future-read"}
"""Anomalies whose certificate is an operation that ended, and one that began only then."""


def drafts(random: Random) -> list[Draft]:
    made = log_drafts(
        random,
        operations=random.randrange(1, 9),
        values=random.choice([1, 2, 1000]),
        unknown=random.choice([0.0, 0.2, 0.6]),
        lies=random.choice([0.0, 0.1]),
        length=random.choice([1.0, 4.0, 10.0]),
    )
    while random.random() < 0.3:
        perturb_times(random, made)
    return made


def test_monitor_and_search_agree() -> None:
    results: Tally[str] = Tally()
    for seed in range(4000):
        operations = arrange(drafts(seeded(seed))).operations
        results[judge(operations)] += 1
    assert results["undecided"] == 0
    assert results["valid"] > 1500
    invalid = set(results) - {"valid"}
    assert invalid >= {
        "no-state",
        "overlap",
        "divergent",
        "wrong-hash",
        "future-read",
        "stale-read",
        "lost-append",
        "stale-append",
        "missing-events",
    }


def judge(operations: tuple[Operation, ...]) -> str:
    """Compare monitor and search on one history; say what came of it."""
    model = Log()
    outcome = judge_log(model, operations)
    if outcome.undecided:
        return "undecided"
    expected = search(model, operations, LIMITS).verdict
    assert (expected is Verdict.INVALID) == bool(outcome.anomalies), outcome
    if outcome.witness is not None:
        assert replay(model, operations, outcome.witness) == ""
        return "valid"
    (anomaly,) = outcome.anomalies
    assert 1 <= len(set(anomaly.operations)) == len(anomaly.operations) <= 4
    if anomaly.type in OF_REAL_TIME:
        one, other = (operations[index] for index in sorted(anomaly.operations))
        assert one.completed is not None
        assert one.completed < other.invoked
    return anomaly.type


def test_each_process_in_its_order_is_enough_for_sequential_consistency() -> None:
    results: Tally[bool] = Tally()
    for seed in range(1500):
        random = seeded(seed)
        made = log_drafts(random, operations=random.randrange(1, 6), values=3, length=1.0)
        for draft in made:
            draft.process = random.randrange(2)
        while random.random() < 0.5:
            perturb_times(random, made)
        operations = retired(arrange(made).operations)
        outcome = judge_log_by_process(Log(), operations)
        assert not outcome.undecided
        assert bool(outcome.anomalies) != sequential(Log(), operations), operations
        results[bool(outcome.anomalies)] += 1
    assert min(results[False], results[True]) > 300


def retired(operations: Sequence[Operation]) -> list[Operation]:
    """Leave out what a process did after an operation of unknown outcome."""
    gone: set[Any] = set()
    left = []
    for operation in operations:
        if operation.process not in gone:
            left.append(operation)
        if operation.outcome is Outcome.INFO:
            gone.add(operation.process)
    return left


def sequential(model: Log, operations: Sequence[Operation]) -> bool:
    """Try every order of every choice that keeps each process's own order."""
    required, optional = required_and_optional(model, operations)
    for count in range(len(optional) + 1):
        for chosen in combinations(optional, count):
            if any(explains(model, order) for order in permutations([*required, *chosen])):
                return True
    return False


def explains(model: Log, order: Sequence[Operation]) -> bool:
    last: dict[Any, int] = {}
    state: tuple[int, int] | None = model.init()
    for operation in order:
        if last.get(operation.process, -1) > operation.index or state is None:
            return False
        last[operation.process] = operation.index
        state = model.step(state, operation)
    return state is not None


def test_the_chain_goes_backwards_too() -> None:
    random = seeded(1)
    for _ in range(100):
        before, value = random.getrandbits(64), random.getrandbits(64)
        after = chain(before, value)
        assert (unchain(after, before), unchain(after, value)) == (value, before)
    assert chain(EMPTY, -1) == chain(EMPTY, 2**64 - 1)


@pytest.mark.parametrize(("pending", "stale"), [(0, False), (100, False), (100, True)])
def test_the_benchmarks_histories_are_decided(pending: int, *, stale: bool) -> None:
    made = [
        Draft(
            f,
            value=value,
            output=out,
            outcome=Outcome.INFO if returned is None else Outcome.OK,
            invoked=call,
            completed=returned,
        )
        for _, call, returned, f, _, value, out in benchmark_log(
            16, 5000, 7, pending=pending, stale=stale
        )
    ]
    outcome = judge_log(Log(), arrange(made).operations)
    assert [anomaly.type for anomaly in outcome.anomalies] == (["stale-read"] if stale else [])
    assert stale or outcome.witness is not None

"""The native monitors of sets, counters and locks find what the Python ones find, on any size."""

from __future__ import annotations

import itertools
from array import array
from collections import Counter as Tally
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from checker import History, _native
from checker.engine.replay import replay
from checker.history.codec import encode_event
from checker.history.writer import history_events
from checker.models import MODELS
from checker.monitors import MONITORS
from tests.support.counter_histories import counter_drafts
from tests.support.drafts import Draft, arrange
from tests.support.lock_histories import lock_drafts
from tests.support.seeded import seeded
from tests.support.set_histories import SetMix, set_drafts


def elements(random: Random) -> list[Draft]:
    functions = random.choice(
        [("add", "remove", "contains"), ("add", "contains"), ("add", "remove")]
    )
    mix = SetMix(
        operations=random.choice([30, 300]),
        functions=functions,
        elements=random.choice([2, 20, 200]),
        unanswered=random.choice([0.0, 0.2]),
        lies=random.choice([0.0, 0.0, 0.02]),
        length=random.choice([2.0, 6.0]),
    )
    return set_drafts(random, mix)


def full_reads(random: Random) -> list[Draft]:
    mix = SetMix(
        operations=random.choice([30, 300]),
        functions=("add", "add", "read"),
        elements=random.choice([5, 50]),
        unanswered=1.0,
        lies=random.choice([0.0, 0.0, 0.02]),
        length=random.choice([2.0, 6.0]),
        fresh=random.random() < 0.5,
    )
    return set_drafts(random, mix)


def steps(random: Random) -> list[Draft]:
    return counter_drafts(
        random,
        operations=random.choice([30, 300]),
        steps=random.choice([(1,), (1,), (-2,), (1, 3)]),
        unknown=random.choice([0.0, 0.1]),
        lies=random.choice([0.0, 0.0, 0.02]),
        length=random.choice([2.0, 6.0]),
    )


def locks(random: Random) -> list[Draft]:
    return lock_drafts(
        random, processes=random.randrange(1, 5), turns=random.choice([10, 100]), spoiled=0.3
    )


FAMILIES = [
    ("set", elements),
    ("grow-only-set", full_reads),
    ("counter", steps),
    ("mutex", locks),
    ("lock", locks),
    ("fenced-lock", locks),
]


@pytest.mark.parametrize(("name", "drafts"), FAMILIES, ids=[family[0] for family in FAMILIES])
def test_both_find_the_same(name: str, drafts: Callable[[Random], list[Draft]]) -> None:
    results: Tally[str] = Tally()
    for seed in range(150):
        history = arrange(drafts(seeded(seed)))
        if not overlaps_itself(history):
            results[compare(MODELS[name](), history)] += 1
    assert results["valid"] > 15
    assert results["invalid"] > 15


def overlaps_itself(history: History) -> bool:
    """Whether a process does two things at once, which no recorder can have seen."""
    by_process: dict[Any, list[Any]] = {}
    for operation in history:
        by_process.setdefault(operation.process, []).append(operation)
    return any(
        one.completed is None or one.completed > other.invoked
        for own in by_process.values()
        for one, other in itertools.pairwise(own)
    )


def compare(model: Any, history: History) -> str:
    """Ask both monitors; say what they found."""
    expected = MONITORS[type(model)](model, history.operations)
    lines = b"".join(encode_event(event) for event in history_events(history))
    report = judge_natively(model.name, lines)
    order = tuple(array("I", report.order))
    if expected.undecided:
        # An element that is not clear is searched alone, so the native monitor may know more.
        verdict = str(report.verdict)
    elif expected.anomalies:
        verdict = "invalid"
        (anomaly,) = expected.anomalies
        assert report.certificates == [(anomaly.type, list(anomaly.operations))]
    else:
        verdict = "valid"
        assert report.monitor == expected.algorithm
    assert report.verdict == verdict
    if verdict == "valid":
        assert replay(model, history.operations, order) == ""
    return verdict


def judge_natively(model: str, lines: bytes) -> _native.PartReport:
    reports = _native.judge(
        _native.History.parse(lines, "jsonl"),
        model,
        timeout_seconds=20.0,
        memory_bytes=1 << 30,
        jobs=1,
    )
    assert len(reports) == 1
    return reports[0]

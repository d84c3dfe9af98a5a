"""The native monitors of streams and logs say what the Python ones say, of longer histories too."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from checker import History, Limits
from checker.engine import native_judge, reference
from checker.engine.replay import replay
from checker.history.recorded import record
from checker.models import Log, Model, Stream, VersionedKv, VersionedStore
from checker.monitors import EXPLANATIONS, MONITORS
from tests.support.drafts import arrange
from tests.support.log_histories import log_drafts
from tests.support.seeded import seeded
from tests.support.stream_histories import mutate, random_mix, stream_drafts
from tests.support.versioned_histories import (
    mutate_versioned,
    random_versioned_mix,
    versioned_drafts,
)

LIMITS = Limits(timeout_seconds=60)
SEARCHED_MAX = 10
"""Of longer histories the reference search is not asked."""


def compare(model: Model[Any], history: History, results: Counter[str]) -> None:
    """Judge each part in both ways, and count what came of it."""
    explain = EXPLANATIONS[type(model)]
    natively = native_judge.judge(model, record(history), LIMITS, explain=explain).parts
    for part, native in zip(model.partition(history.operations), natively, strict=True):
        assert native.key == part.key
        if native.witness is not None:
            assert replay(part.model, part.operations, native.witness) == ""
        expected = MONITORS[type(model)](part.model, part.operations)
        assert native.algorithm.startswith("search") == bool(expected.undecided)
        if expected.undecided:
            results["left to the search"] += 1
            if len(part.operations) <= SEARCHED_MAX:
                assert native.verdict is reference.search(part.model, part.operations).verdict
            continue
        assert native.anomalies == expected.anomalies
        for anomaly in native.anomalies:
            named = [f"peration {index} (process" for index in anomaly.operations]
            assert all(name in anomaly.explanation for name in named)
        results[native.verdict] += 1


@pytest.mark.parametrize("whole", [False, True], ids=["stream", "store"])
def test_streams(*, whole: bool) -> None:
    results: Counter[str] = Counter()
    for seed in range(600):
        random = seeded(50_000 + seed)
        drafts = stream_drafts(random, random_mix(random, whole=whole))
        for _ in range(random.choice([0, 1, 1, 2, 3])):
            mutate(random, drafts)
        compare(Stream(), arrange(drafts), results)
    assert results["invalid"] > 100
    assert results["left to the search"] < 30


@pytest.mark.parametrize("shared", [False, True], ids=["key", "store"])
def test_versioned_stores(*, shared: bool) -> None:
    results: Counter[str] = Counter()
    for seed in range(900):
        random = seeded(70_000 + seed)
        drafts = versioned_drafts(random, random_versioned_mix(random, shared=shared))
        for _ in range(random.choice([0, 1, 1, 2, 3])):
            mutate_versioned(random, drafts)
        compare(VersionedStore() if shared else VersionedKv(), arrange(drafts), results)
    assert min(results["valid"], results["invalid"], results["left to the search"]) > 20, results


def test_logs() -> None:
    results: Counter[str] = Counter()
    for seed in range(600):
        random = seeded(90_000 + seed)
        drafts = log_drafts(
            random,
            operations=random.choice([5, 20, 100, 300]),
            values=random.choice([2, 1000, 10**6]),
            unknown=random.choice([0.0, 0.1, 0.3]),
            lies=random.choice([0.0, 0.0, 0.01, 0.1]),
            length=random.choice([1.0, 4.0, 10.0]),
        )
        compare(Log(), arrange(drafts), results)
    assert results["invalid"] > 100
    assert results["left to the search"] < 10

"""The native monitors of sequential consistency say what the Python ones say."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest

from checker import History, Limits
from checker.engine import native_judge
from checker.engine.sequential import replay_by_process
from checker.history.recorded import record
from checker.models import Log, Model, Stream, VersionedKv, VersionedStore
from checker.monitors import EXPLANATIONS, Monitor
from checker.monitors.log import judge_log_by_process
from checker.monitors.streams import judge_streams_by_process
from checker.monitors.versioned import judge_versioned_by_process
from tests.support.drafts import arrange
from tests.support.log_histories import log_drafts
from tests.support.process_histories import assign_processes, shuffle_times
from tests.support.seeded import seeded
from tests.support.stream_histories import mutate, random_mix, stream_drafts
from tests.support.versioned_histories import (
    mutate_versioned,
    random_versioned_mix,
    versioned_drafts,
)

LIMITS = Limits(timeout_seconds=60)


def compare(model: Model[Any], judge: Monitor, history: History, results: Counter[str]) -> None:
    """Judge each object in both ways, and count what came of it."""
    natively = native_judge.judge_by_process(
        model, record(history), LIMITS, explain=EXPLANATIONS[type(model)]
    )
    parts = model.partition(history.operations)
    whole = [part for part in parts if part.key is None and isinstance(model, Stream)]
    for part, native in zip(whole or parts, natively, strict=True):
        expected = judge(part.model, part.operations)
        if isinstance(native, str) or expected.undecided:
            assert bool(expected.undecided) == isinstance(native, str)
            results["undecided"] += 1
            continue
        assert native.anomalies == expected.anomalies
        results["invalid" if expected.anomalies else "valid"] += 1
        if native.witness is not None:
            assert replay_by_process([part], native.witness) == ""


def shared_out(random: Random, drafts: list[Any]) -> History:
    assign_processes(random, drafts, random.randint(1, 4))
    if random.random() < 0.8:
        shuffle_times(random, drafts)
    return arrange(drafts)


@pytest.mark.parametrize("whole", [False, True], ids=["stream", "store"])
def test_streams(*, whole: bool) -> None:
    results: Counter[str] = Counter()
    for seed in range(600):
        random = seeded(20_000 + seed)
        drafts = stream_drafts(random, random_mix(random, whole=whole))
        for _ in range(random.choice([0, 1, 1, 2])):
            mutate(random, drafts)
        compare(Stream(), judge_streams_by_process, shared_out(random, drafts), results)
    assert min(results["valid"], results["invalid"]) > 60, results


@pytest.mark.parametrize("shared", [False, True], ids=["key", "store"])
def test_versioned_stores(*, shared: bool) -> None:
    results: Counter[str] = Counter()
    for seed in range(600):
        random = seeded(40_000 + seed)
        drafts = versioned_drafts(random, random_versioned_mix(random, shared=shared))
        for _ in range(random.choice([0, 1, 1, 2])):
            mutate_versioned(random, drafts)
        model = VersionedStore() if shared else VersionedKv()
        compare(model, judge_versioned_by_process, shared_out(random, drafts), results)
    assert min(results["valid"], results["invalid"]) > 60, results


def test_logs() -> None:
    results: Counter[str] = Counter()
    for seed in range(500):
        random = seeded(30_000 + seed)
        drafts = log_drafts(
            random,
            operations=random.choice([5, 20, 100]),
            values=random.choice([2, 1000]),
            unknown=random.choice([0.0, 0.1]),
            lies=random.choice([0.0, 0.0, 0.05]),
            length=random.choice([1.0, 4.0]),
        )
        compare(Log(), judge_log_by_process, shared_out(random, drafts), results)
    assert min(results["valid"], results["invalid"]) > 60, results

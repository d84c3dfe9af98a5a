"""The monitor against the reference search: the same verdict, and a witness that replays."""

from __future__ import annotations

from collections import Counter

import pytest

from checker import Limits, Verdict
from checker.engine.reference import search
from checker.engine.replay import replay
from checker.models.stream import Stream
from checker.monitors.streams import judge_streams
from checker.operation import Operation
from tests.support.drafts import arrange
from tests.support.seeded import seeded
from tests.support.stream_histories import mutate, random_mix, stream_drafts

LIMITS = Limits(timeout_seconds=60)


def judge(model: Stream, operations: tuple[Operation, ...]) -> str:
    """Compare monitor and search on one history; say what came of it."""
    outcome = judge_streams(model, operations)
    if outcome.undecided:
        assert not outcome.anomalies
        return "left to the search"
    expected = search(model, operations, LIMITS).verdict
    assert (expected is Verdict.INVALID) == bool(outcome.anomalies), outcome
    if outcome.witness is None:
        return "invalid"
    assert expected is Verdict.VALID
    assert replay(model, operations, outcome.witness) == ""
    return "valid"


@pytest.mark.parametrize("whole", [False, True], ids=["stream", "store"])
def test_what_a_right_store_answers_is_valid(*, whole: bool) -> None:
    results: Counter[str] = Counter()
    for seed in range(600):
        random = seeded(seed)
        drafts = stream_drafts(random, random_mix(random, whole=whole))
        results[judge(Stream(whole=whole), arrange(drafts).operations)] += 1
    assert results["invalid"] == 0
    assert results["left to the search"] < 20


@pytest.mark.parametrize("whole", [False, True], ids=["stream", "store"])
def test_monitor_and_search_agree_on_mutated_histories(*, whole: bool) -> None:
    results: Counter[str] = Counter()
    for seed in range(1800):
        random = seeded(10_000 + seed)
        drafts = stream_drafts(random, random_mix(random, whole=whole))
        for _ in range(random.choice([1, 1, 1, 2, 3])):
            mutate(random, drafts)
        results[judge(Stream(whole=whole), arrange(drafts).operations)] += 1
    assert results["invalid"] > 400
    assert results["valid"] > 400
    assert results["left to the search"] < 60

"""The operations that an anomaly names are enough: the rest of the history may be forgotten.

What is kept beside them are the acknowledged appends, which say in which order the stream grew, but
freed of their place in time. Without unknown outcomes nothing else can matter.
"""

from __future__ import annotations

import dataclasses
from collections import Counter

import pytest

from checker import Anomaly, History, Outcome, Verdict
from checker.engine.reference import search
from checker.models.stream import Stream
from checker.monitors.streams import judge_streams
from tests.support.drafts import arrange, drafts_of
from tests.support.seeded import seeded
from tests.support.stream_histories import mutate, random_mix, stream_drafts


def certificate(history: History, anomaly: Anomaly) -> History:
    """The named operations, and every other acknowledged append at any time."""
    kept = []
    latest = 10.0 * len(history)
    for index, draft in enumerate(drafts_of(history)):
        if index in anomaly.operations:
            kept.append(draft)
        elif draft.f == "append" and draft.outcome is Outcome.OK:
            kept.append(dataclasses.replace(draft, invoked=-1.0 - index, completed=latest + index))
    return arrange(kept)


@pytest.mark.parametrize("whole", [False, True], ids=["stream", "store"])
def test_named_operations_cannot_be_explained_by_themselves(*, whole: bool) -> None:
    names: Counter[str] = Counter()
    for seed in range(1500):
        random = seeded(20_000 + seed)
        mix = dataclasses.replace(random_mix(random, whole=whole), unknown=0.0, retries=0.0)
        drafts = stream_drafts(random, mix)
        mutate(random, drafts)
        if any(draft.f == "append" and draft.outcome is Outcome.INFO for draft in drafts):
            continue
        history = arrange(drafts)
        for anomaly in judge_streams(Stream(whole=whole), history.operations).anomalies:
            assert len(anomaly.operations) <= 4
            alone = certificate(history, anomaly)
            verdict = search(Stream(whole=whole), alone.operations).verdict
            assert verdict is Verdict.INVALID, (seed, anomaly)
            names[anomaly.type] += 1
    assert len(names) >= 11, names

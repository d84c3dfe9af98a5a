"""Sequential consistency of streams and logs, held against the search by process."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from checker.engine.sequential import replay_by_process, search_by_process
from checker.models import Log, Model, Partition, Stream
from checker.monitors import Monitor
from checker.monitors.log import judge_log, judge_log_by_process
from checker.monitors.streams import judge_streams, judge_streams_by_process
from checker.verdict import Verdict
from tests.support.drafts import Draft, arrange
from tests.support.log_histories import log_drafts
from tests.support.process_histories import assign_processes, shuffle_times
from tests.support.scripts import script
from tests.support.seeded import seeded
from tests.support.stream_histories import mutate, random_mix, stream_drafts


def streams(random: Random) -> tuple[Model[Any], list[Draft]]:
    drafts = stream_drafts(random, random_mix(random, whole=random.random() < 0.5))
    for _ in range(random.choice([0, 0, 1, 2])):
        mutate(random, drafts)
    return Stream(), drafts


def logs(random: Random) -> tuple[Model[Any], list[Draft]]:
    drafts = log_drafts(
        random,
        operations=random.randint(2, 9),
        values=random.choice([2, 1000]),
        unknown=random.choice([0.0, 0.2]),
        lies=random.choice([0.0, 0.0, 0.1]),
        length=random.choice([1.0, 4.0]),
    )
    return Log(), drafts


def parts_of(seed: int, kind: Any) -> list[Partition]:
    random = seeded(seed)
    model, drafts = kind(random)
    assign_processes(random, drafts, random.randint(1, 4))
    if random.random() < 0.8:
        shuffle_times(random, drafts)
    return list(model.partition(arrange(drafts).operations))


@pytest.mark.parametrize(
    ("kind", "judge", "undecided_max"),
    [(streams, judge_streams_by_process, 0.02), (logs, judge_log_by_process, 0.05)],
    ids=["stream", "log"],
)
def test_monitor_and_search_agree(kind: Any, judge: Monitor, undecided_max: float) -> None:
    counts = {"valid": 0, "invalid": 0, "undecided": 0}
    for seed in range(700):
        for part in parts_of(seed, kind):
            found = judge(part.model, part.operations)
            if found.undecided:
                counts["undecided"] += 1
                continue
            truth = search_by_process([part]).verdict
            assert truth is (Verdict.INVALID if found.anomalies else Verdict.VALID)
            counts[truth] += 1
            if found.witness is not None:
                assert replay_by_process([part], found.witness) == ""
    assert min(counts["valid"], counts["invalid"]) > 50, counts
    assert counts["undecided"] <= undecided_max * sum(counts.values()), counts


def test_time_counts_for_nothing_and_the_process_for_everything() -> None:
    append = '0 do append @s {"ids": ["a"], "expected": 0} => {"version": 1}'
    other = script(append, "1 do version @s => 0")
    own = script(append, "0 do version @s => 0")
    assert judge_streams(Stream(), other.operations).anomalies
    assert judge_streams_by_process(Stream(), other.operations).witness == (1, 0)
    (anomaly,) = judge_streams_by_process(Stream(), own.operations).anomalies
    assert (anomaly.type, anomaly.operations) == ("stale-read", (1, 0))


def test_a_log_too() -> None:
    read = '{"len": 0, "hash": "0000000000000000"}'
    history = script("0 do append 7 => 1", f"1 do read => {read}")
    assert judge_log(Log(), history.operations).anomalies
    assert judge_log_by_process(Log(), history.operations).witness is not None


def test_an_append_cannot_explain_what_its_own_process_saw_before() -> None:
    conflict = '=> {"type": "wrong-expected-version", "actual": null}'
    refused = '%d refused append @s {"ids": ["x"], "expected": 0} ' + conflict
    unknown = '%d invoke append @s {"ids": ["u"], "expected": "any"}'
    other = script(refused % 0, unknown % 1, "1 info")
    own = script(refused % 0, unknown % 0, "0 info")
    assert judge_streams_by_process(Stream(), other.operations).witness == (1, 0)
    (anomaly,) = judge_streams_by_process(Stream(), own.operations).anomalies
    assert (anomaly.type, anomaly.operations) == ("unjustified-conflict", (0,))

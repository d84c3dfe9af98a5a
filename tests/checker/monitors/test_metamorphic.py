"""What must not change a verdict, and what can change it one way only."""

from __future__ import annotations

import json
from collections import Counter
from random import Random

import msgspec
import pytest

from checker import CheckResult, History, Verdict, check
from tests.support.drafts import Draft, arrange, drafts_of, widen
from tests.support.seeded import seeded
from tests.support.stream_histories import mutate, random_mix, stream_drafts

SEEDS = range(500)


def mutated(random: Random, *, whole: bool) -> list[Draft]:
    drafts = stream_drafts(random, random_mix(random, whole=whole))
    for _ in range(random.choice([0, 1, 2])):
        mutate(random, drafts)
    return drafts


def verdicts(result: CheckResult) -> list[Verdict]:
    return [part.verdict for part in result.partitions]


@pytest.mark.parametrize("whole", [False, True], ids=["stream", "store"])
def test_wider_intervals_never_make_a_valid_history_invalid(*, whole: bool) -> None:
    seen: Counter[tuple[object, object]] = Counter()
    for seed in SEEDS:
        random = seeded(seed)
        history = arrange(mutated(random, whole=whole))
        drafts = drafts_of(history)
        widen(random, drafts)
        before, after = check(history).verdict, check(arrange(drafts)).verdict
        assert before is Verdict.INVALID or after is Verdict.VALID, seed
        seen[before, after] += 1
    assert seen[Verdict.INVALID, Verdict.VALID]
    assert seen[Verdict.INVALID, Verdict.INVALID]


def renamed(history: History) -> History:
    """Give every stream and event another name, in another alphabetical order."""
    text = msgspec.json.encode(history.operations).decode()
    text = text.replace('"s-0"', '"zeta"').replace('"s-1"', '"alpha"').replace('"s-2"', '"mid"')
    for number in reversed(range(20)):
        for place in range(4):
            text = text.replace(f'"e{number}.{place}"', f'"id{99 - number}-{place}"')
    operations = json.loads(text)
    return History(
        operations=tuple(
            msgspec.structs.replace(
                operation,
                process=f"client {operation.process}",
                **{name: row[name] for name in ("key", "value", "output", "error")},
            )
            for operation, row in zip(history.operations, operations, strict=True)
        )
    )


@pytest.mark.parametrize("whole", [False, True], ids=["stream", "store"])
def test_names_do_not_matter(*, whole: bool) -> None:
    for seed in SEEDS:
        history = arrange(mutated(seeded(seed), whole=whole))
        one, other = check(history), check(renamed(history))
        assert verdicts(one) == verdicts(other), seed
        named = [(anomaly.type, anomaly.operations) for anomaly in one.anomalies]
        assert named == [(anomaly.type, anomaly.operations) for anomaly in other.anomalies], seed


def test_a_linearizable_store_has_linearizable_streams() -> None:
    seen: Counter[tuple[object, object]] = Counter()
    for seed in SEEDS:
        result = check(arrange(mutated(seeded(seed), whole=True)))
        of_whole = [part.verdict for part in result.partitions if part.key is None]
        streams = {part.verdict for part in result.partitions if part.key is not None}
        if of_whole == [Verdict.VALID]:
            assert streams <= {Verdict.VALID}, seed
        seen[of_whole == [Verdict.INVALID], Verdict.INVALID in streams] += 1
    assert seen[True, False], "some violations show only in the log"
    assert seen[True, True]

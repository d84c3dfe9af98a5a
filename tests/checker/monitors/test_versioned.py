"""The monitor of versioned stores, held against the searches and against what it should find."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from checker.engine import reference
from checker.engine.replay import replay
from checker.engine.sequential import replay_by_process, search_by_process
from checker.models import Partition, VersionedKv, VersionedStore
from checker.monitors import MonitorOutcome
from checker.monitors.versioned import judge_versioned, judge_versioned_by_process
from checker.verdict import Verdict
from tests.support.drafts import arrange
from tests.support.process_histories import assign_processes, shuffle_times
from tests.support.scripts import script
from tests.support.seeded import seeded
from tests.support.versioned_histories import (
    mutate_versioned,
    random_versioned_mix,
    versioned_drafts,
)

DOCUMENTED = Path(__file__).parents[3] / "docs" / "reference" / "anomalies.md"


Part = tuple[VersionedKv, Partition]


def random_part(seed: int, *, shared: bool, mutations: int) -> Part | None:
    random = seeded(seed)
    drafts = versioned_drafts(random, random_versioned_mix(random, shared=shared))
    for _ in range(mutations):
        mutate_versioned(random, drafts)
    assign_processes(random, drafts, random.randint(1, 4))
    if random.random() < 0.5:
        shuffle_times(random, drafts)
    model = VersionedStore() if shared else VersionedKv()
    parts = model.partition(arrange(drafts).operations)
    return (model, parts[0]) if parts else None


@pytest.mark.parametrize("shared", [False, True], ids=["key", "store"])
def test_it_agrees_with_the_search(*, shared: bool) -> None:
    decided = dict.fromkeys([(level, v) for level in "lp" for v in ("valid", "invalid")], 0)
    for seed in range(500):
        made = random_part(seed, shared=shared, mutations=seed % 3)
        if made is None:
            continue
        model, part = made
        operations = part.operations
        found = judge_versioned(model, operations)
        if not found.undecided:
            truth = reference.search(model, operations).verdict
            decided["l", compare(found, truth)] += 1
            if found.witness is not None:
                assert replay(model, operations, found.witness) == ""
        found = judge_versioned_by_process(model, operations)
        if not found.undecided:
            truth = search_by_process([part]).verdict
            decided["p", compare(found, truth)] += 1
            if found.witness is not None:
                assert replay_by_process([part], found.witness) == ""
    assert min(decided.values()) > 40, decided
    assert sum(decided.values()) > 900, decided


def compare(found: MonitorOutcome, truth: Verdict) -> str:
    verdict = Verdict.INVALID if found.anomalies else Verdict.VALID
    assert verdict is truth
    return str(verdict)


def test_a_right_store_is_never_accused() -> None:
    for seed in range(300):
        random = seeded(seed)
        drafts = versioned_drafts(random, random_versioned_mix(random, shared=True))
        operations = arrange(drafts).operations
        for model in (VersionedKv(), VersionedStore()):
            for part in model.partition(operations):
                assert judge_versioned(model, part.operations).anomalies == ()


def cell(value: Any, revision: int) -> str:
    return f'{{"value": {value}, "revision": {revision}}}'


W1 = "0 do write @a 1 => 1"
EXAMPLES: dict[str, tuple[tuple[int, ...], list[str]]] = {
    "no-state": ((0,), ["0 do delete @a => 3"]),
    "overlap": ((0, 1), [W1, "1 do write @a 2 => 1"]),
    "divergent": ((0, 1), [W1, f"1 do read @a => {cell(7, 1)}"]),
    "duplicate": (
        (1, 2),
        [
            "0 invoke write @a 1",
            f"1 do read @a => {cell(1, 3)}",
            f"2 do read @a => {cell(1, 4)}",
            "0 info",
        ],
    ),
    "version-mismatch": ((1, 0), [W1, f"1 do read @a => {cell(1, 2)}"]),
    "aborted-read": ((1, 0), ["0 refused write @a 1", f"1 do read @a => {cell(1, 1)}"]),
    "thin-air": ((0,), [f"1 do read @a => {cell(1, 1)}"]),
    "expected-violated": (
        (2, 1),
        [W1, "0 do write @a 2 => 2", "1 do cas @a [1, 3] => 3"],
    ),
    "unjustified-conflict": ((1, 0), [W1, "1 do cas @a [1, 3] => false"]),
    "future-read": ((0, 1), [f"1 do read @a => {cell(1, 1)}", W1]),
    "stale-read": ((1, 0), [W1, "1 do read @a => null"]),
    "stale-write": ((1, 0), ["0 do write @a 2 => 2", "1 do write @a 1 => 1"]),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_anomaly_is_named_explained_and_documented(name: str) -> None:
    operations, lines = EXAMPLES[name]
    history = script(*lines)
    for model in (VersionedKv(), VersionedStore()):
        (anomaly,) = judge_versioned(model, history.operations).anomalies
        assert (anomaly.type, anomaly.operations) == (name, operations), anomaly.explanation
        assert all(f"peration {index} (process" in anomaly.explanation for index in operations)
        assert anomaly.explanation.endswith(".")
    page = DOCUMENTED.read_text()
    section = page[page.index("`versioned-kv`") :]
    assert re.search(rf"`{name}`", section[: section.index("\n## ")])


def test_revisions_of_all_keys_are_one_order_only_in_a_store() -> None:
    history = script("0 do write @a 1 => 5", "1 do write @b 1 => 4")
    for part in VersionedKv().partition(history.operations):
        assert judge_versioned(VersionedKv(), part.operations).anomalies == ()
    (anomaly,) = judge_versioned(VersionedStore(), history.operations).anomalies
    assert (anomaly.type, anomaly.operations) == ("stale-write", (1, 0))


def test_what_a_hidden_delete_may_explain_is_left_to_the_search() -> None:
    lines = [W1, "1 invoke delete @a", "1 info", "2 do read @a => null"]
    history = script(*lines)
    assert judge_versioned(VersionedKv(), history.operations).undecided
    assert reference.search(VersionedKv(), history.operations).verdict is Verdict.VALID

"""The native monitors of queues, stacks and priority queues find what the Python ones find."""

from __future__ import annotations

from array import array
from pathlib import Path

import pytest

from checker import History, _native
from checker.engine import native
from checker.engine.replay import replay
from checker.history.writer import write_history
from checker.monitors import MONITORS
from checker.monitors.containers.pairing import REPEATED
from tests.support.container_histories import Mix, container_drafts, container_named, mutate
from tests.support.drafts import arrange
from tests.support.seeded import seeded

SEARCHED_MAX = 20
"""Operations of a history that may be left to the search."""
CONTAINERS = ["queue", "stack", "priority-queue"]


def random_history(name: str, seed: int, operations: int) -> History:
    random = seeded(seed)
    model = container_named(name)
    mix = Mix(
        operations=random.randint(2, operations),
        clients=random.randint(1, 8),
        unknown_removals=random.choice([0, 0.05]),
        removals=random.choice([0.4, 0.5, 0.6]),
        repeated=random.choice([0, 0, 0, 0.02]),
    )
    drafts = container_drafts(random, model, mix)
    for _ in range(random.choice([0, 1, 1, 2])):
        mutate(random, model, drafts)
    return arrange(drafts)


def judge_natively(name: str, history: History, file: Path) -> _native.PartReport:
    file.unlink(missing_ok=True)
    write_history(history, file)
    parts = _native.judge(
        _native.History.read(file),
        name,
        timeout_seconds=60.0,
        memory_bytes=1 << 30,
        jobs=1,
    )
    assert len(parts) == 1
    return parts[0]


@pytest.mark.parametrize("name", CONTAINERS)
@pytest.mark.parametrize(("operations", "count"), [(12, 300), (300, 30)])
def test_both_find_the_same(name: str, operations: int, count: int, tmp_path: Path) -> None:
    model = container_named(name)
    for seed in range(count):
        history = random_history(name, seed, operations)
        expected = MONITORS[type(model)](model, history.operations)
        if expected.undecided and operations > SEARCHED_MAX:
            continue
        part = judge_natively(name, history, tmp_path / "history.jsonl")
        if expected.undecided == REPEATED and part.monitor is not None:
            # The native monitor goes on where values are put in again.
            searched = native.search(model, history.operations)
            assert part.verdict == searched.verdict
            if part.verdict == "valid":
                assert replay(model, history.operations, array("I", bytes(part.order))) == ""
            continue
        assert part.why == expected.undecided
        if expected.undecided:
            continue
        assert part.monitor == expected.algorithm
        assert [(name, tuple(rows)) for name, rows in part.certificates] == [
            (anomaly.type, anomaly.operations) for anomaly in expected.anomalies
        ]
        if not expected.anomalies:
            assert replay(model, history.operations, array("I", bytes(part.order))) == ""


@pytest.mark.parametrize("name", ["queue", "priority-queue"])
def test_long_histories_of_repeated_values_are_decided(name: str, tmp_path: Path) -> None:
    model = container_named(name)
    mix = Mix(1500, clients=6, unknown_insertions=0, unknown_removals=0, repeated=0.9)
    drafts = container_drafts(seeded(3), model, mix)
    for draft in drafts if name == "queue" else ():
        # A queue does not look at its values: with other names it is as right as before.
        draft.value = None if draft.value is None else draft.value % 23
        draft.output = None if draft.output is None else draft.output % 23
    history = arrange(drafts)
    part = judge_natively(name, history, tmp_path / "history.jsonl")
    assert (part.verdict, part.monitor is None) == ("valid", False)
    assert replay(model, history.operations, array("I", bytes(part.order))) == ""
    removals = [draft for draft in drafts if draft.output is not None]
    one = removals[len(removals) // 2]
    other = next(draft for draft in removals if draft.output != one.output)
    one.output, other.output = other.output, one.output
    part = judge_natively(name, arrange(drafts), tmp_path / "history.jsonl")
    assert (part.verdict, part.monitor is None) == ("invalid", False)


def test_a_long_queue_is_decided_by_its_monitor(tmp_path: Path) -> None:
    random = seeded(1)
    model = container_named("queue")
    mix = Mix(operations=5000, clients=8, unknown_removals=0)
    history = arrange(container_drafts(random, model, mix))
    part = judge_natively("queue", history, tmp_path / "history.jsonl")
    assert (part.verdict, part.monitor) == ("valid", "queue order")
    assert replay(model, history.operations, array("I", bytes(part.order))) == ""

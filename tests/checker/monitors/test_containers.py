"""The monitors of queues, stacks and priority queues, held against the reference search."""

from __future__ import annotations

import pathlib
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checker import History, Outcome, Verdict, check
from checker.engine import reference
from checker.engine.replay import replay
from checker.monitors import MONITORS, MonitorOutcome
from tests.support.container_histories import Mix, container_drafts, container_named, mutate
from tests.support.drafts import arrange, drafts_of, widen
from tests.support.scripts import script
from tests.support.seeded import seeded

CONTAINERS = ["queue", "stack", "priority-queue"]
DOCUMENTED = pathlib.Path(__file__).parents[3] / "docs" / "reference" / "anomalies.md"

seeds = st.integers(0, 2**32)


def judge(name: str, history: History) -> MonitorOutcome:
    model = container_named(name)
    return MONITORS[type(model)](model, history.operations)


def random_history(name: str, seed: int, *, mutations: int = 0, **mix: Any) -> History:
    random = seeded(seed)
    model = container_named(name)
    operations = {"operations": random.randint(2, 10), "clients": random.randint(1, 5)}
    drafts = container_drafts(random, model, Mix(**{**operations, **mix}))
    for _ in range(mutations):
        mutate(random, model, drafts)
    return arrange(drafts)


def agrees(name: str, history: History) -> bool:
    """Compare a monitor with the search; false if it leaves the question to that."""
    model = container_named(name)
    outcome = judge(name, history)
    truth = reference.search(model, history.operations).verdict
    if outcome.undecided:
        return False
    if outcome.anomalies:
        assert truth is Verdict.INVALID
        named = outcome.anomalies[0].operations
        part = [operation for operation in history if operation.index in named]
        assert reference.search(model, part).verdict is Verdict.INVALID
    else:
        assert truth is Verdict.VALID
        assert outcome.witness is not None
        assert replay(model, history.operations, outcome.witness) == ""
    return True


@pytest.mark.parametrize("name", CONTAINERS)
@settings(max_examples=250, deadline=None)
@given(seed=seeds, mutations=st.integers(0, 2))
def test_distinct_values_are_always_decided(name: str, seed: int, mutations: int) -> None:
    history = random_history(name, seed, mutations=mutations, unknown_removals=0)
    answered = all(o.outcome is not Outcome.INFO or o.value is not None for o in history)
    assert agrees(name, history) or not answered


@pytest.mark.parametrize("name", CONTAINERS)
@settings(max_examples=250, deadline=None)
@given(seed=seeds, mutations=st.integers(0, 2), repeated=st.sampled_from([0.0, 0.2]))
def test_unknown_removals_and_repeated_values(
    name: str, seed: int, mutations: int, repeated: float
) -> None:
    agrees(
        name,
        random_history(name, seed, mutations=mutations, unknown_removals=0.3, repeated=repeated),
    )


@pytest.mark.parametrize("name", CONTAINERS)
@settings(max_examples=60, deadline=None)
@given(seed=seeds)
def test_what_a_right_container_does_is_valid(name: str, seed: int) -> None:
    history = random_history(name, seed, operations=200, clients=8, unknown_removals=0)
    outcome = judge(name, history)
    assert outcome.witness is not None
    assert replay(container_named(name), history.operations, outcome.witness) == ""


@pytest.mark.parametrize("name", CONTAINERS)
@settings(max_examples=60, deadline=None)
@given(seed=seeds)
def test_wider_intervals_stay_valid(name: str, seed: int) -> None:
    history = random_history(name, seed, operations=40, unknown_removals=0)
    drafts = drafts_of(history)
    widen(seeded(seed), drafts)
    assert not judge(name, arrange(drafts)).anomalies


@pytest.mark.parametrize("name", CONTAINERS)
@settings(max_examples=60, deadline=None)
@given(seed=seeds, mutations=st.integers(1, 3))
def test_a_core_is_small(name: str, seed: int, mutations: int) -> None:
    history = random_history(name, seed, operations=60, clients=6, mutations=mutations)
    outcome = judge(name, history)
    for anomaly in outcome.anomalies:
        model = container_named(name)
        part = [operation for operation in history if operation.index in anomaly.operations]
        assert reference.search(model, part).verdict is Verdict.INVALID
        assert all(
            f"peration {index} (process" in anomaly.explanation for index in anomaly.operations
        )


EXAMPLES: list[tuple[str, str, tuple[int, ...], list[str]]] = [
    ("queue", "thin-air", (1,), ["0 do enqueue 1", "0 do dequeue => 2"]),
    ("queue", "aborted-removal", (0, 1), ["0 refused enqueue 1", "0 do dequeue => 1"]),
    (
        "stack",
        "duplicate-removal",
        (0, 1, 2),
        ["0 do push 1", "0 do pop => 1", "1 do pop => 1"],
    ),
    ("queue", "future-removal", (0, 1), ["0 do dequeue => 1", "0 do enqueue 1"]),
    (
        "queue",
        "out-of-order",
        (0, 1, 2, 3),
        ["0 do enqueue 1", "0 do enqueue 2", "0 do dequeue => 2", "0 do dequeue => 1"],
    ),
    (
        "queue",
        "lost-value",
        (0, 1, 2),
        ["0 do enqueue 1", "0 do enqueue 2", "0 do dequeue => 2"],
    ),
    ("queue", "false-empty", (1, 0), ["0 do enqueue 1", "1 do dequeue => null"]),
    (
        "queue",
        "false-empty",
        (1, 0, 3, 2, 4),
        [
            "0 do enqueue 1",
            "1 invoke dequeue",
            "2 do enqueue 2",
            "3 do dequeue => 1",
            "1 ok null",
            "4 do dequeue => 2",
        ],
    ),
    ("stack", "out-of-order", (0, 2, 1), ["0 do push 1", "0 do push 2", "0 do pop => 1"]),
    (
        "stack",
        "out-of-order",
        (0, 3, 2, 4, 1, 5),
        [
            "0 do push 1",
            "1 invoke push 2",
            "2 do push 3",
            "3 invoke pop",
            "1 ok",
            "4 do pop => 3",
            "3 ok 1",
            "5 do pop => 2",
        ],
    ),
    (
        "priority-queue",
        "out-of-order",
        (0, 2, 1, 3),
        ["0 do insert 2", "0 do insert 1", "0 do extract-min => 2", "0 do extract-min => 1"],
    ),
]


@pytest.mark.parametrize(("model", "name", "operations", "lines"), EXAMPLES)
def test_each_anomaly_is_named_explained_and_documented(
    model: str, name: str, operations: tuple[int, ...], lines: list[str]
) -> None:
    history = script(*lines)
    anomaly = check(history, model).anomalies[0]
    assert (anomaly.type, anomaly.operations) == (name, operations), anomaly.explanation
    assert all(f"peration {index} (process" in anomaly.explanation for index in operations)
    assert anomaly.explanation.endswith(".")
    assert check(history, model, engine="reference").verdict is Verdict.INVALID
    table = DOCUMENTED.read_text().partition("## Queues, stacks and priority queues")[2]
    assert re.search(rf"^\| `{name}` \|", table, re.MULTILINE)


NAMES = {
    "queue": ("enqueue", "dequeue"),
    "stack": ("push", "pop"),
    "priority-queue": ("insert", "extract-min"),
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_window_that_takes_several_values_names_them_all_and_no_others(name: str) -> None:
    put, take = NAMES[name]
    history = script(
        f"9 do {put} 9",
        f"9 do {take} => 9",
        f"0 do {put} 1",
        f"1 invoke {take}",
        f"2 do {put} 2",
        f"0 do {take} => {2 if name == 'stack' else 1}",
        f"2 do {put} 3",
        f"0 do {take} => {3 if name == 'stack' else 2}",
        "1 ok null",
        f"2 do {take} => {1 if name == 'stack' else 3}",
    )
    (anomaly,) = judge(name, history).anomalies
    assert anomaly.type == "false-empty"
    values = {one.value for one in history if one.index in anomaly.operations} - {None}
    # In the stack the first value lies below the others all the time: it is enough.
    assert values == ({1} if name == "stack" else {1, 2, 3})
    model = container_named(name)
    for value in values:
        others = [one for one in history if value not in (one.value, one.output)]
        kept = [one for one in others if one.index in anomaly.operations]
        assert reference.search(model, kept).verdict is Verdict.VALID

"""What must not change the verdict on a history of any model, or can change it one way only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from checker import MODELS, History, Operation, Outcome, Verdict, check, model_named
from checker.models import TransactionModel
from tests.support.every_model import HISTORIES, OPAQUE_VALUES, renamed_values, stretched
from tests.support.seeded import seeded

SEEDS = range(60)
EVERY = pytest.mark.parametrize("name", MODELS)


def judged(history: History, name: str) -> Verdict:
    verdict = check(history, name).verdict
    assert verdict is not Verdict.UNKNOWN
    return verdict


def histories(name: str) -> Iterator[tuple[int, History]]:
    for seed in SEEDS:
        yield seed, HISTORIES[name](seeded(seed))


def changed(history: History, change: Callable[[Operation], Operation]) -> History:
    return History(operations=tuple(map(change, history)))


def agree(name: str, change: Callable[[Operation], Operation]) -> None:
    seen: Counter[Verdict] = Counter()
    for seed, history in histories(name):
        verdict = judged(history, name)
        assert judged(changed(history, change), name) is verdict, seed
        seen[verdict] += 1
    assert min(seen[Verdict.VALID], seen[Verdict.INVALID]) > 2, seen


def test_there_are_histories_of_every_model() -> None:
    assert HISTORIES.keys() == MODELS.keys()


@EVERY
def test_who_asked_can_be_called_anything(name: str) -> None:
    agree(name, lambda one: replace(one, process=f"client {one.process}"))


@EVERY
def test_when_it_began_and_how_fast_clocks_are_does_not_matter(name: str) -> None:
    def later_and_slower(one: Operation) -> Operation:
        begin = 10**15 + 7 * one.invoked
        end = None if one.completed is None else 10**15 + 7 * one.completed
        return replace(one, time_invoked=begin, time_completed=end)

    agree(name, later_and_slower)


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, kind in MODELS.items()
        # Of streams, answers name keys, too: `tests/checker/monitors/test_metamorphic.py` has them.
        if name != "stream" and not issubclass(kind, TransactionModel)
    ],
)
def test_keys_can_be_called_anything(name: str) -> None:
    agree(name, lambda one: one if one.key is None else replace(one, key=f"of {one.key}"))


@pytest.mark.parametrize("name", sorted(OPAQUE_VALUES))
def test_values_can_be_called_anything(name: str) -> None:
    def renamed(one: Operation) -> Operation:
        value, output = renamed_values(one.value), renamed_values(one.output)
        return replace(one, value=value, output=output)

    agree(name, renamed)


@EVERY
def test_longer_operations_never_make_a_valid_history_invalid(name: str) -> None:
    seen: Counter[Verdict] = Counter()
    for seed, history in histories(name):
        before = judged(history, name)
        after = judged(stretched(seeded(seed), history, 1.0), name)
        assert before is Verdict.INVALID or after is Verdict.VALID, seed
        seen[before] += 1
    assert seen[Verdict.VALID] > 2


@EVERY
def test_shorter_operations_never_make_an_invalid_history_valid(name: str) -> None:
    seen: Counter[Verdict] = Counter()
    for seed, history in histories(name):
        before = judged(history, name)
        after = judged(stretched(seeded(seed), history, -0.9), name)
        assert before is Verdict.VALID or after is Verdict.INVALID, seed
        seen[before] += 1
    assert seen[Verdict.INVALID] > 2


FRESH: dict[str, list[tuple[str, Any, Any]]] = {
    "list-append": [
        ("txn", [["append", "new", 1]], [["append", "new", 1]]),
        ("txn", [["r", "new", None]], [["r", "new", [1]]]),
    ],
    "rw-register": [
        ("txn", [["w", "new", 1]], [["w", "new", 1]]),
        ("txn", [["r", "new", None]], [["r", "new", 1]]),
    ],
    "multi-register": [
        ("txn", [["write", "new", 1]], [["write", "new", 1]]),
        ("txn", [["read", "new", None]], [["read", "new", 1]]),
    ],
    "kv": [("write", 1, 1), ("read", None, 1)],
    "cas-register": [("write", 1, 1), ("read", None, 1)],
    "queue": [("enqueue", 1, 1), ("dequeue", None, 1)],
    "set": [("add", 1, True), ("contains", 1, True)],
    "counter": [("add", 1, None), ("read", None, 1)],
}


@pytest.mark.parametrize("name", FRESH)
def test_what_happens_to_something_new_changes_nothing(name: str) -> None:
    by_key = not issubclass(MODELS[name], TransactionModel) and name != "multi-register"
    for seed, history in histories(name):
        end = 2 * len(history) + 10
        more = [
            Operation(
                index=len(history) + place,
                process=f"new {place}",
                f=f,
                key="new" if by_key else None,
                value=value,
                output=output,
                outcome=Outcome.OK,
                invoked=end + 2 * place,
                completed=end + 2 * place + 1,
                time_invoked=end + 2 * place,
                time_completed=end + 2 * place + 1,
            )
            for place, (f, value, output) in enumerate(FRESH[name])
        ]
        longer = History(operations=(*history.operations, *more))
        assert judged(longer, name) is judged(history, name), seed
        wrong = replace(more[-1], output=_spoiled(more[-1].output))
        spoiled = History(operations=(*longer.operations[:-1], wrong))
        assert check(spoiled, model_named(name)).verdict is Verdict.INVALID, seed


def _spoiled(output: Any) -> Any:
    if isinstance(output, list):
        return [[f, key, [7] if isinstance(value, list) else 7] for f, key, value in output]
    return (not output) if isinstance(output, bool) else 7

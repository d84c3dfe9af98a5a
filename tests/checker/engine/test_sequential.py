"""The search by process, held against all orders there are; and the front door to it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from checker import Limits, Verdict, check
from checker.engine.sequential import search_by_process
from checker.errors import UnknownConsistency
from checker.models import Kv, Model, Partition, Queue, Register
from tests.support.drafts import arrange
from tests.support.process_histories import (
    assign_processes,
    sequential_by_brute_force,
    shuffle_times,
)
from tests.support.register_histories import register_drafts
from tests.support.scripts import script
from tests.support.seeded import seeded

DEKKER = ("0 do write @x 1", "0 do read @y => null", "1 do write @y 1", "1 do read @x => null")


def small_histories() -> Iterator[list[Partition]]:
    for seed in range(400):
        random = seeded(seed)
        drafts = register_drafts(random, operations=random.randint(2, 5))
        for draft in drafts:
            draft.key = random.choice(["x", "x", "y"])
        assign_processes(random, drafts, random.randint(1, 3))
        if random.random() < 0.7:
            shuffle_times(random, drafts)
        yield Kv().partition(arrange(drafts).operations)


def test_it_agrees_with_all_orders() -> None:
    counts = {Verdict.VALID: 0, Verdict.INVALID: 0}
    for objects in itertools.islice(small_histories(), 400):
        verdict = search_by_process(objects).verdict
        assert verdict is (Verdict.VALID if sequential_by_brute_force(objects) else Verdict.INVALID)
        counts[verdict] += 1
    assert min(counts.values()) > 30, counts


def test_two_objects_that_are_consistent_alone_need_not_be_so_together() -> None:
    history = script(*DEKKER)
    for part in Kv().partition(history.operations):
        assert search_by_process([part]).verdict is Verdict.VALID
    result = check(history, "kv", consistency="sequential")
    assert (result.verdict, result.consistency) == (Verdict.INVALID, "sequential")
    (anomaly,) = result.anomalies
    assert anomaly.type == "non-sequential"
    assert "keeps the order of each process" in anomaly.explanation


def test_what_is_linearizable_is_not_searched() -> None:
    history = script("0 do write @x 1", "1 do read @x => 1", "1 do write @y 1")
    result = check(history, "kv", consistency="sequential")
    assert (result.verdict, result.algorithm) == (Verdict.VALID, "zones")


@pytest.mark.parametrize("model", [Register(), Queue()], ids=lambda model: model.name)
def test_any_model_is_searched(model: Model[str]) -> None:
    put, take = ("write", "read") if model.name == "register" else ("enqueue", "dequeue")
    late = script(f"0 do {put} 1 => null", f"1 do {take} => null")
    assert check(late, model).verdict is Verdict.INVALID
    result = check(late, model, consistency="sequential")
    assert (result.verdict, result.algorithm) == (Verdict.VALID, "search by process")
    assert tuple(result.partitions[0].witness or ()) == (1, 0)


def test_a_store_of_streams_has_one_order_and_several_streams_without_have_none() -> None:
    ids = '{"ids": ["%s"], "expected": "any"}'

    def events(*, positions: bool) -> list[str]:
        def answer(position: int) -> str:
            told = f', "position": {position}' if positions else ""
            return f'{{"version": 1{told}}}'

        return [
            f"0 do append @x {ids % 'a'} => {answer(1)}",
            "0 do version @y => 0",
            f"1 do append @y {ids % 'b'} => {answer(2)}",
            "1 do version @x => 0",
        ]

    whole = check(script(*events(positions=True)), consistency="sequential")
    assert (whole.verdict, whole.algorithm) == (Verdict.INVALID, "sweep by process")
    assert [part.key for part in whole.partitions] == [None]
    apart = check(script(*events(positions=False)), consistency="sequential")
    assert (apart.verdict, apart.algorithm) == (Verdict.INVALID, "search by process")


def test_several_objects_that_cannot_be_searched_are_unknown_and_say_why() -> None:
    result = check(script(*DEKKER), "kv", consistency="sequential", limits=Limits(memory_bytes=500))
    assert result.verdict is Verdict.UNKNOWN
    assert "sequential consistency is not local" in result.reason
    assert "raise --memory-limit" in result.reason


def test_an_unanswered_write_is_no_obstacle_to_what_its_process_did_before() -> None:
    history = script("0 do read => null", "0 invoke write 1", "0 info", "1 do read => 1")
    assert check(history, "register", consistency="sequential").verdict is Verdict.VALID
    early = script("0 do read => 1", "0 invoke write 1", "0 info")
    assert check(early, "register", consistency="sequential").verdict is Verdict.INVALID


def test_there_is_no_other_level_for_objects() -> None:
    with pytest.raises(UnknownConsistency, match="it has linearizable, sequential"):
        check(script("0 do write 1"), "register", consistency="serializable")

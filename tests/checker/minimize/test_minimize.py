"""What is left fails in the same way, and without any one of its operations it does not."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from checker import History, Model, NothingToShrink, Operation, Outcome, Verdict, check, model_named
from checker.errors import CheckerError
from checker.history.formats import read_history
from checker.minimize import Minimized, minimize
from checker.minimize.blame import Blame
from checker.minimize.subhistory import subhistory
from checker.minimize.symptom import ANY_ORDER
from tests.support.drafts import Draft, arrange
from tests.support.register_histories import register_drafts
from tests.support.seeded import seeded
from tests.support.stream_histories import mutate, random_mix, stream_drafts

CORPORA = Path(__file__).parents[1] / "corpora"


class Cell(Model[int]):
    """A register that no monitor knows."""

    name = "cell"

    def init(self) -> int:
        return 0

    def step(self, state: int, operation: Operation) -> int | None:
        if operation.f == "write":
            return int(operation.value)
        return state if operation.output == state else None

    def changes(self, operation: Operation) -> bool:
        return operation.f == "write"


def operation(f: str, answer: object, begin: float, end: float) -> Draft:
    request = answer if f == "write" else None
    return Draft(f, value=request, output=answer, outcome=Outcome.OK, invoked=begin, completed=end)


def types(history: History, model: Model[object]) -> set[str]:
    try:
        return {anomaly.type for anomaly in check(history, model).anomalies}
    except CheckerError:
        return set()


def assert_one_minimal(found: Minimized, whole: History, model: Model[object], kind: str) -> None:
    assert found.minimal, found.reason
    small = found.history
    assert [op.process for op in small] == [whole.operations[i].process for i in found.kept]
    assert found.anomaly.type in types(small, model)
    assert kind in {found.anomaly.type, ANY_ORDER}
    if kind == ANY_ORDER:
        return
    for left_out in range(len(small)):
        rest = [index for index in range(len(small)) if index != left_out]
        assert kind not in types(subhistory(small, rest), model)


def random_history(random: Random, name: str) -> History:
    if name == "stream":
        drafts = stream_drafts(random, random_mix(random, whole=random.random() < 0.5))
        mutate(random, drafts)
        return arrange(drafts)
    return arrange(register_drafts(random, operations=10, values=10, unknown=0.1))


@pytest.mark.parametrize("name", ["stream", "cas-register"])
def test_random_violations_shrink_to_one_minimal_histories(name: str) -> None:
    model = model_named(name)
    shrunk = 0
    for seed in range(150):
        history = random_history(seeded(seed), name)
        result = check(history, model)
        if result.verdict is Verdict.INVALID:
            found = minimize(history, model, result=result)
            assert_one_minimal(found, history, model, result.anomalies[0].type)
            shrunk += 1
    assert shrunk > 20


def test_what_a_search_found_is_shrunk_to_what_is_at_fault() -> None:
    history = read_history(CORPORA / "porcupine" / "etcd" / "etcd_039.log")
    found = minimize(history, "cas-register")
    assert found.minimal
    # After 0 had been written nobody wrote a 2 any more, and no compare-and-set that may have taken
    # effect made one.
    assert found.kept == (3, 21, 27)
    assert [(op.f, op.value, op.output) for op in found.history] == [
        ("write", 2, 2),
        ("write", 0, 0),
        ("read", None, 2),
    ]


def test_an_innocent_read_is_not_framed_by_taking_its_write_away() -> None:
    history = arrange(
        [
            operation("write", 1, 0, 1),
            operation("write", 2, 2, 3),
            operation("write", 1, 4, 5),
            operation("read", 1, 6, 7),
            operation("write", 3, 8, 9),
            operation("write", 1, 10, 11),
            operation("read", 3, 12, 13),
        ]
    )
    found = minimize(history, Cell())
    assert found.minimal
    assert [(op.f, op.output) for op in found.history] == [("write", 3), ("write", 1), ("read", 3)]


def test_each_step_is_told_and_smaller_than_the_one_before() -> None:
    history = read_history(CORPORA / "porcupine" / "etcd" / "etcd_039.log")
    told: list[Minimized] = []
    found = minimize(history, "cas-register", on_smaller=told.append)
    sizes = [len(step.kept) for step in told]
    assert sizes == sorted(sizes, reverse=True)
    assert told[-1].kept == found.kept
    assert not any(step.minimal for step in told)


def test_the_budget_ends_it_with_the_smallest_so_far() -> None:
    history = read_history(CORPORA / "porcupine" / "etcd" / "etcd_039.log")
    ticks = iter(range(1000))
    found = minimize(history, "cas-register", budget_seconds=6, clock=lambda: float(next(ticks)))
    assert (found.minimal, found.reason) == (False, "the budget was spent")
    assert 4 < len(found.kept) < len(history)
    assert check(found.history, "cas-register").verdict is Verdict.INVALID


class Tally(Model[int]):
    """Grows without end, so nobody can say what it may have come to in between."""

    name = "tally"

    def init(self) -> int:
        return 0

    def step(self, state: int, operation: Operation) -> int | None:
        if operation.f == "add":
            return state + 1
        return state if operation.output == state else None

    def changes(self, operation: Operation) -> bool:
        return operation.f == "add"


def test_what_leaves_too_much_possible_is_not_called_minimal() -> None:
    adds = [operation("add", None, 2 * n, 2 * n + 1) for n in range(50)]
    reads = [operation("read", 50, 300, 301), operation("read", 3, 302, 303)]
    found = minimize(arrange([*adds, *reads]), Tally())
    assert not found.minimal
    assert "may be what was taken away" in found.reason
    assert check(found.history, Tally()).verdict is Verdict.INVALID


def test_what_is_too_long_to_judge_even_as_a_whole_is_shrunk_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Blame, "at_fault", lambda *_: None)
    history = read_history(CORPORA / "porcupine" / "etcd" / "etcd_039.log")
    found = minimize(history, "cas-register")
    assert len(found.kept) < 5
    assert not found.minimal
    assert "leaves too much possible" in found.reason


@pytest.mark.parametrize(("values", "seed"), [(5, 1), (40, 2), (400, 3)])
def test_a_stale_read_among_many_operations_is_shrunk_to_what_proves_it(
    values: int, seed: int
) -> None:
    random = seeded(seed)
    drafts, current = [], 0
    for number in range(3000):
        begin = 10.0 * number
        if random.random() < 0.5:
            current = random.randrange(values)
            drafts.append(operation("write", current, begin, begin + 15 * random.random()))
        else:
            drafts.append(operation("read", current, begin, begin + 1))
    writes = [draft for draft in drafts if draft.f == "write"]
    old = next(one.value for one in writes if one.value not in {w.value for w in writes[-5:]})
    drafts.append(operation("read", old, 50_000, 50_001))
    history = arrange(drafts)
    found = minimize(history, Cell())
    assert found.minimal, found.reason
    *_, last_write, read = found.history
    assert (last_write.f, read.output) == ("write", old)
    assert len(found.kept) <= 3


def test_no_time_at_all_leaves_the_history_as_it_is() -> None:
    history = read_history(CORPORA / "knossos" / "bad" / "bad-analysis.edn")
    found = minimize(history, "register", budget_seconds=0)
    assert (len(found.kept), found.minimal) == (len(history), False)


def test_only_a_violation_can_be_shrunk() -> None:
    history = read_history(CORPORA / "knossos" / "good" / "cas-register-bug.edn")
    with pytest.raises(NothingToShrink, match="the history is valid"):
        minimize(history, "cas-register")
    bad = read_history(CORPORA / "knossos" / "bad" / "bad-analysis.edn")
    with pytest.raises(NothingToShrink, match="no 'lost-append': found were thin-air"):
        minimize(bad, "register", anomaly="lost-append")


def test_a_subhistory_keeps_order_and_outcomes() -> None:
    history = read_history(CORPORA / "porcupine" / "etcd" / "etcd_039.log")
    part = subhistory(history, [40, 3, 27, 19])
    assert [op.index for op in part] == [0, 1, 2, 3]
    assert [op.line for op in part] == [history.operations[i].line for i in (3, 19, 27, 40)]
    ranks = [op.invoked for op in part] + [op.completed for op in part if op.completed is not None]
    assert sorted(ranks) == list(range(len(ranks)))

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any

import pytest

from checker import CheckerError, Model, Operation, Outcome, Verdict
from checker.engine import native, reference
from checker.engine.outcome import SearchOutcome
from checker.engine.replay import replay
from checker.models import CasRegister, Register, Stream
from tests.support.drafts import arrange
from tests.support.register_histories import register_drafts
from tests.support.seeded import seeded
from tests.support.stream_histories import Mix, mutate, stream_drafts


def both(model: Model[Any], operations: Sequence[Operation]) -> SearchOutcome:
    """Ask both engines; the native outcome, if they agree and its evidence holds."""
    ours, theirs = native.search(model, operations), reference.search(model, operations)
    assert ours.verdict is theirs.verdict
    if ours.verdict is Verdict.VALID:
        assert ours.witness is not None
        assert replay(model, operations, ours.witness) == ""
        assert (ours.longest_prefix, ours.blocked) == ((), None)
    else:
        assert ours.witness is None
        assert legal(model, operations, ours.longest_prefix)
        assert ours.blocked is not None
    return ours


def legal(model: Model[Any], operations: Sequence[Operation], order: Sequence[int]) -> bool:
    """Say whether an order is legal as far as it goes."""
    known = {operation.index: operation for operation in operations}
    return replay(model, [known[index] for index in order], order) == ""


def is_mixed(verdicts: Counter[Verdict]) -> bool:
    """Say whether both answers occurred often enough for agreement to mean something."""
    return min(verdicts[Verdict.VALID], verdicts[Verdict.INVALID]) > verdicts.total() / 10


@pytest.mark.parametrize("model", [Register(), CasRegister()], ids=["register", "cas-register"])
def test_it_agrees_with_the_reference_on_registers(model: Register) -> None:
    verdicts: Counter[Verdict] = Counter()
    for seed in range(1500):
        random = seeded(seed)
        drafts = register_drafts(random, operations=random.randint(1, 9))
        drafts = [draft for draft in drafts if draft.f in model.functions]
        operations = arrange(drafts).operations
        ours = both(model, operations)
        assert ours.blocked == reference.search(model, operations).blocked
        verdicts[ours.verdict] += 1
    assert is_mixed(verdicts)


def stream_history(random: Random, *, whole: bool) -> Sequence[Operation]:
    """A few clients on a right store, then up to two mutations."""
    mix = Mix(
        operations=random.randint(2, 10),
        clients=random.randint(2, 4),
        streams=random.randint(2, 3) if whole else 1,
        positions=whole and random.random() < 0.7,
        log_operations=0.25 if whole else 0.0,
        unknown=random.choice([0.0, 0.15, 0.4]),
        retries=random.choice([0.0, 0.2]),
    )
    drafts = stream_drafts(random, mix)
    for _ in range(random.choice([0, 1, 2])):
        mutate(random, drafts)
    return arrange(drafts).operations


@pytest.mark.parametrize("whole", [False, True], ids=["stream", "store"])
def test_it_agrees_with_the_reference_on_streams(*, whole: bool) -> None:
    verdicts: Counter[Verdict] = Counter()
    for seed in range(1500):
        operations = stream_history(seeded(seed), whole=whole)
        verdicts[both(Stream(whole=whole), operations).verdict] += 1
    assert is_mixed(verdicts)


def test_it_agrees_with_the_reference_on_longer_histories() -> None:
    for seed in range(20):
        random = seeded(seed)
        mix = Mix(operations=60, clients=5, streams=3, positions=True, log_operations=0.1)
        both(Stream(whole=True), arrange(stream_drafts(random, mix)).operations)


def registers_of(*rows: tuple[str, Any, Any, int, int | None]) -> list[Operation]:
    """Operations as (f, value, output, invoked, completed)."""
    return [
        Operation(
            index=index,
            process=index,
            f=f,
            value=value,
            output=output,
            outcome=Outcome.INFO if completed is None else Outcome.OK,
            invoked=invoked,
            completed=completed,
        )
        for index, (f, value, output, invoked, completed) in enumerate(rows)
    ]


def test_operations_of_a_partition_keep_their_history_index() -> None:
    operations = registers_of(
        ("write", 1, None, 0, 1), ("read", None, 1, 2, 3), ("read", None, 2, 4, 5)
    )
    assert both(Register(), operations[1:2]).blocked == 1
    assert both(Register(), operations[:2]).witness == (0, 1)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (1, True),
        (1, 1.0),
        (1, "1"),
        (0.0, -0.0),
        (None, "null"),
        ([1], [1.0]),
        ({"a": 1}, {"a": 2}),
    ],
)
def test_values_that_differ_as_json_differ(written: Any, read: Any) -> None:
    rows = ("write", written, None, 0, 1), ("read", None, read, 2, 3)
    assert both(Register(), registers_of(*rows)).verdict is Verdict.INVALID


@pytest.mark.parametrize("value", [0, -(2**70), "x", 1.5, [1, {"b": None}], {"a": 1, "b": 2}])
def test_values_that_are_the_same_json_are_the_same(value: Any) -> None:
    same = dict(reversed(value.items())) if isinstance(value, dict) else value
    rows = ("write", value, None, 0, 1), ("read", None, same, 2, 3)
    assert both(Register(), registers_of(*rows)).verdict is Verdict.VALID


def test_the_initial_value_is_the_models() -> None:
    operations = registers_of(("read", None, [7], 0, 1))
    assert both(Register(initial=[7]), operations).verdict is Verdict.VALID
    assert both(Register(), operations).verdict is Verdict.INVALID


def test_any_ranks_will_do() -> None:
    late = 2**40
    operations = registers_of(
        ("write", 1, None, late, late + 5),
        ("read", None, 1, late + 6, late + 9),
        ("write", 2, None, -5, None),
        ("read", None, 2, late + 10, late + 11),
    )
    assert both(Register(), operations).witness == (0, 1, 2, 3)


def test_two_hundred_operations_may_overlap() -> None:
    rows = [("write", number % 3, None, number, 1000 + number) for number in range(200)]
    seen = [*rows, ("read", None, 2, 2000, 2001)]
    unseen = [*rows, ("read", None, 3, 2000, 2001)]
    assert native.search(Register(), registers_of(*seen)).verdict is Verdict.VALID
    assert native.search(Register(), registers_of(*unseen)).verdict is Verdict.INVALID


@pytest.mark.parametrize(
    ("model", "operation"),
    [
        (Register(), ("cas", [1, 2], None, 0, 1)),
        (CasRegister(), ("cas", [1], None, 0, 1)),
        (CasRegister(), ("cas", 7, None, 0, None)),
        (Register(), ("write", object(), None, 0, 1)),
        (Stream(), ("append", {"ids": []}, None, 0, 1)),
        (Stream(), ("push", None, None, 0, 1)),
    ],
)
def test_what_the_model_cannot_read_is_refused_in_the_references_words(
    model: Model[Any], operation: tuple[str, Any, Any, int, int | None]
) -> None:
    operations = registers_of(operation, ("read", None, 5, 2, 3))
    with pytest.raises(CheckerError) as theirs:
        reference.search(model, operations)
    with pytest.raises(type(theirs.value)) as ours:
        native.search(model, operations)
    assert str(ours.value) == str(theirs.value)


def test_a_cas_that_was_refused_is_an_observation() -> None:
    rows = ("write", 1, None, 0, 1), ("cas", [1, 2], False, 2, 3)
    assert both(CasRegister(), registers_of(*rows)).verdict is Verdict.INVALID
    rows = ("write", 1, None, 0, 1), ("cas", [2, 3], False, 2, 3)
    assert both(CasRegister(), registers_of(*rows)).verdict is Verdict.VALID

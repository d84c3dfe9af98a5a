from __future__ import annotations

from typing import Any

import pytest

from checker import Limits, Model, ModelError, Operation, Verdict
from checker.engine.reference import search
from checker.engine.replay import replay
from checker.models import CasRegister, Register, Stream
from tests.support.brute import linearizable_by_brute_force
from tests.support.drafts import arrange
from tests.support.register_histories import register_drafts
from tests.support.scripts import script
from tests.support.seeded import seeded
from tests.support.stream_histories import Mix, mutate, stream_drafts


def test_it_agrees_with_brute_force_on_registers() -> None:
    verdicts = set()
    for seed in range(400):
        random = seeded(seed)
        operations = arrange(register_drafts(random, operations=random.randint(1, 5))).operations
        outcome = search(CasRegister(), operations)
        expected = linearizable_by_brute_force(CasRegister(), operations)
        assert (outcome.verdict is Verdict.VALID) == expected, seed
        verdicts.add(outcome.verdict)
    assert verdicts == {Verdict.VALID, Verdict.INVALID}


@pytest.mark.parametrize("whole", [False, True])
def test_it_agrees_with_brute_force_on_streams(*, whole: bool) -> None:
    verdicts = set()
    for seed in range(250):
        random = seeded(seed)
        mix = Mix(
            operations=random.randint(2, 5),
            streams=2 if whole else 1,
            positions=whole,
            log_operations=0.3 if whole else 0.0,
            final_read=0.0,
        )
        drafts = stream_drafts(random, mix)
        mutate(random, drafts)
        operations = arrange(drafts).operations
        outcome = search(Stream(whole=whole), operations)
        expected = linearizable_by_brute_force(Stream(whole=whole), operations)
        assert (outcome.verdict is Verdict.VALID) == expected, seed
        verdicts.add(outcome.verdict)
    assert verdicts == {Verdict.VALID, Verdict.INVALID}


def test_nothing_is_linearizable() -> None:
    outcome = search(Register(), ())
    assert outcome.verdict is Verdict.VALID
    assert outcome.witness == ()


def test_what_must_not_have_happened_is_left_out_of_the_witness() -> None:
    history = script("0 invoke write 1", "0 info", "1 do read => null")
    assert search(Register(), history.operations).witness == (1,)
    history = script("0 invoke write 1", "0 info", "1 do read => 1")
    assert search(Register(), history.operations).witness == (0, 1)


def test_a_violation_names_the_operation_that_no_order_can_pass() -> None:
    history = script("0 do write 1", "1 do read => 1", "1 do read => null", "0 do write 2")
    outcome = search(Register(), history.operations)
    assert outcome.verdict is Verdict.INVALID
    assert outcome.blocked == 2
    assert outcome.longest_prefix == (0, 1)
    assert outcome.witness is None


def test_a_long_history_needs_no_deep_stack() -> None:
    lines = [f"0 do write {number}" for number in range(3000)]
    assert search(Register(), script(*lines).operations).verdict is Verdict.VALID


def hard(writers: int = 12) -> tuple[Operation, ...]:
    """Concurrent writes, and a read of what none of them wrote."""
    lines = [f"{process} invoke write {process}" for process in range(writers)]
    lines += [f"{process} ok" for process in range(writers)]
    return script(*lines, "0 do read => 99").operations


class Ticking:
    """A clock that goes on a second each time it is asked."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


def test_out_of_time_it_is_undecided_and_says_which_knob_to_turn() -> None:
    outcome = search(Register(), hard(), Limits(timeout_seconds=3), clock=Ticking())
    assert outcome.verdict is Verdict.UNKNOWN
    assert "time limit of 3 s: raise --timeout" in outcome.reason
    assert outcome.longest_prefix


def test_out_of_memory_it_is_undecided_and_says_which_knob_to_turn() -> None:
    outcome = search(Register(), hard(), Limits(memory_bytes=100_000))
    assert outcome.verdict is Verdict.UNKNOWN
    assert "memory limit of 100000 bytes: raise --memory-limit" in outcome.reason
    assert 100_000 < outcome.peak_bytes < 110_000


def test_without_limits_it_is_decided() -> None:
    outcome = search(Register(), hard(6))
    assert outcome.verdict is Verdict.INVALID
    assert outcome.reason == ""
    assert outcome.configurations == 1 + 6 * 2**5


class Faulty(Model[Any]):
    """A model that breaks its contract in one way or another."""

    name = "faulty"

    def __init__(self, initial: Any, fault: Any) -> None:
        self.initial = initial
        self.fault = fault

    def init(self) -> Any:
        return self.initial()

    def step(self, state: Any, operation: Operation) -> Any:
        del state, operation
        return self.fault()


def fail() -> None:
    raise RuntimeError("a bug")


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (Faulty(int, fail), r"failed on operation \[0: process 0 write 1 -> null\]: RuntimeError"),
        (Faulty(int, list), "unhashable type: 'list'"),
        (Faulty(fail, int), r"failed on operation \[init\]: RuntimeError: a bug"),
        (Faulty(list, int), r"failed on operation \[init\]: TypeError: unhashable"),
    ],
)
def test_a_model_that_raises_is_named_with_the_operation(model: Model[Any], words: str) -> None:
    with pytest.raises(ModelError, match=words):
        search(model, script("0 do write 1").operations)


@pytest.mark.parametrize(
    ("witness", "fault"),
    [
        ((0, 2, 1), "illegal where it stands"),
        ((0, 1), "leaves out operation 2"),
        ((0, 1, 2, 2), "names an operation twice"),
        ((0, 1, 2, 7), "one that cannot have happened"),
        ((1, 0, 2), "an operation that began later comes before"),
    ],
)
def test_a_wrong_witness_is_refused(witness: tuple[int, ...], fault: str) -> None:
    history = script("0 do write 1", "0 invoke write 2", "1 invoke read", "0 ok", "1 ok 2")
    assert replay(Register(), history.operations, (0, 1, 2)) == ""
    assert fault in replay(Register(), history.operations, witness)

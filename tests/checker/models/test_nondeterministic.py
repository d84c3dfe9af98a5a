"""Objects that may go on in several ways, judged by both engines and by trying every choice."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pytest

from checker import Model, ModelError, NondeterministicModel, Operation, Outcome, Verdict
from checker.cli import main
from checker.engine import explanation, native, reference
from checker.engine.replay import replay
from checker.models.model import required_and_optional
from tests.support.drafts import Draft, arrange
from tests.support.scripts import script
from tests.support.seeded import seeded

Queue = tuple[int, ...]


class LossyQueue(NondeterministicModel[Queue]):
    """The model of the documentation, and one that says what changes nothing."""

    name = "lossy-queue"

    def inits(self) -> list[Queue]:
        return [()]

    def steps(self, state: Queue, operation: Operation) -> list[Queue]:
        if operation.f == "enqueue":
            return [state, (*state, operation.value)]
        if operation.f == "length":
            return [state] if len(state) == operation.output else []
        return [state[1:]] if state[:1] == (operation.output,) else []

    def changes(self, operation: Operation) -> bool:
        return operation.f != "length"


def drafts_of(random: Random) -> list[Draft]:
    """Operations of a few clients at random times; some histories are right."""
    drafts = []
    for _ in range(random.randint(1, 7)):
        begin = random.random() * 6
        f = random.choice(["enqueue", "enqueue", "dequeue", "length"])
        value = random.randint(1, 2)
        draft = Draft(f, value=value if f == "enqueue" else None)
        draft.invoked = begin
        if f != "enqueue" or random.random() < 0.8:
            draft.output = None if f == "enqueue" else value - (f == "length")
            draft.completed = begin + random.random() * 3
            draft.outcome = Outcome.OK
        drafts.append(draft)
    return drafts


def by_brute_force(model: NondeterministicModel[Any], operations: Sequence[Operation]) -> bool:
    """Try every order and every choice, one state at a time."""
    required, optional = required_and_optional(model, operations)

    def extends(state: Any, done: frozenset[int]) -> bool:
        left = [operation for operation in required if operation.index not in done]
        if not left:
            return True
        first = min(operation.completed for operation in left if operation.completed is not None)
        return any(
            extends(after, done | {operation.index})
            for operation in (*left, *optional)
            if operation.index not in done and operation.invoked <= first
            for after in model.steps(state, operation)
        )

    return any(extends(state, frozenset()) for state in model.inits())


def test_both_engines_agree_with_every_order_and_choice() -> None:
    model = LossyQueue()
    verdicts = []
    for seed in range(1500):
        operations = arrange(drafts_of(seeded(seed))).operations
        expected = Verdict.VALID if by_brute_force(model, operations) else Verdict.INVALID
        for engine in (reference, native):
            outcome = engine.search(model, operations)
            assert outcome.verdict is expected, seed
            if outcome.witness is not None:
                assert replay(model, operations, outcome.witness) == ""
        verdicts.append(expected)
    assert 300 < verdicts.count(Verdict.VALID) < 1200


def test_what_rules_a_choice_out_may_not_come_early() -> None:
    lines = ["0 do enqueue 1", "1 invoke length", "2 do length => 0", "0 do enqueue 2", "1 ok 1"]
    operations = script(*lines, "0 do dequeue => 2").operations
    for engine in (reference, native):
        assert engine.search(LossyQueue(), operations).verdict is Verdict.VALID


def test_an_explanation_tells_all_states() -> None:
    operations = script("0 do enqueue 1", "0 do dequeue => 2").operations
    for engine in (reference, native):
        outcome = engine.search(LossyQueue(), operations)
        anomaly = explanation.explain(LossyQueue(), operations, outcome)
        assert anomaly is not None
        assert anomaly.explanation.endswith("leaves the lossy-queue at one of (), (1,).")
    operations = script("0 do dequeue => 2").operations
    anomaly = explanation.explain(LossyQueue(), operations, native.search(LossyQueue(), operations))
    assert anomaly is not None
    assert anomaly.explanation.endswith("leaves the lossy-queue at ().")


class Faulty(NondeterministicModel[Any]):
    """A model that breaks its contract in one way or another."""

    name = "faulty"

    def __init__(self, inits: Any = ((0,),), steps: Any = ((1,),)) -> None:
        self.given, self.gives = iter(inits), iter(steps)

    def inits(self) -> Any:
        return _given(self.given)

    def steps(self, state: Any, operation: Operation) -> Any:
        del state, operation
        return _given(self.gives)


def _given(values: Any) -> Any:
    value = next(values)
    if isinstance(value, Exception):
        raise value
    return value


@pytest.mark.parametrize("engine", [reference, native], ids=["reference", "native"])
@pytest.mark.parametrize(
    ("faults", "words"),
    [
        ({"inits": [[]]}, r"operation \[init\]: ValueError: inits\(\) gave no state at all"),
        ({"inits": [7]}, r"operation \[init\]: TypeError: inits\(\) returns an iterable"),
        ({"inits": [[[1]]]}, r"operation \[init\]: TypeError: unhashable type: 'list' is no state"),
        (
            {"steps": [None]},
            r"\[0: .*\]: TypeError: steps\(\) returns an iterable of states, not N",
        ),
        ({"steps": [[None]]}, r"\[0: .*\]: ValueError: steps\(\) gave None: an illegal operation"),
        ({"steps": [[{1}]]}, r"\[0: .*\]: TypeError: unhashable type: 'set' is no state: use a"),
        ({"steps": [RuntimeError("a bug")]}, r"\[0: process 0 write 1 .*\]: RuntimeError: a bug"),
    ],
)
def test_a_model_that_breaks_its_contract_is_named_with_the_operation(
    engine: Any, faults: dict[str, Any], words: str
) -> None:
    with pytest.raises(ModelError, match=rf"model 'faulty' failed on {words}|{words}"):
        engine.search(Faulty(**faults), script("0 do write 1").operations)


class Moody(NondeterministicModel[int]):
    name = "moody"

    def __init__(self) -> None:
        self._asked = count()

    def inits(self) -> list[int]:
        return [0]

    def steps(self, state: int, operation: Operation) -> list[int]:
        return [] if operation.f == "never" else [state, next(self._asked)]


class Liar(LossyQueue):
    name = "liar"

    def changes(self, operation: Operation) -> bool:
        del operation
        return False


def test_a_model_that_is_not_pure_is_found_out() -> None:
    lines = [f"{process} invoke do {process}" for process in range(12)]
    lines += [f"{process} ok" for process in range(12)]
    with pytest.raises(ModelError, match=r"'moody' failed on .*answered differently"):
        native.search(Moody(), script(*lines, "0 do never").operations)
    with pytest.raises(ModelError, match=r"'liar' failed on .*changes nothing"):
        native.search(Liar(), script("0 do enqueue 1").operations)


def test_it_is_judged_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "run.ops"
    rows = [("enqueue", 1, None), ("enqueue", 2, None), ("dequeue", None, 2), ("dequeue", None, 1)]
    operations = [
        {"client": 0, "call": 2 * n, "return": 2 * n + 1, "f": f, "value": value, "out": out}
        for n, (f, value, out) in enumerate(rows)
    ]
    monkeypatch.chdir(tmp_path)
    for operations_count, code in ((3, 0), (4, 1)):
        path.write_text("".join(json.dumps(row) + "\n" for row in operations[:operations_count]))
        assert main(["verify", str(path), "--model", f"{__name__}:LossyQueue"]) == code
    assert "lossy-queue" in capsys.readouterr().out


def test_a_model_gives_one_kind_of_step() -> None:
    class Neither(Model[int]):
        name = "neither"

        def init(self) -> int:
            return 0

    with pytest.raises(TypeError, match="abstract"):
        Neither()  # type: ignore[abstract]

"""The native judge answers for every model as the reference search does, with evidence."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from checker import MODELS, CheckResult, History, Model, Operation, Outcome, Verdict, check
from checker.engine import native_judge
from checker.engine.replay import replay
from checker.models import CasRegister
from tests.support.drafts import Draft, arrange
from tests.support.model_histories import GENERATORS, cas_registers
from tests.support.seeded import seeded


def judged(history: History, model: Model[Any]) -> CheckResult:
    """Judge natively; what is evidence must hold."""
    result = check(history, model)
    for part, own in zip(result.partitions, model.partition(history.operations), strict=True):
        assert part.operations == len(own.operations)
        indices = {operation.index for operation in own.operations}
        if part.verdict is Verdict.VALID:
            assert part.witness is not None
            assert replay(own.model, own.operations, part.witness) == ""
        else:
            (anomaly,) = part.anomalies
            assert indices.issuperset(anomaly.operations)
            assert anomaly.explanation
    return result


@pytest.mark.parametrize("name", GENERATORS)
def test_it_agrees_with_the_reference(name: str) -> None:
    model = MODELS[name]()
    assert native_judge.supports(model)
    verdicts: Counter[Verdict] = Counter()
    for seed in range(250):
        history = arrange(GENERATORS[name](seeded(seed)))
        ours, theirs = judged(history, model), check(history, model, engine="reference")
        assert [part.key for part in ours.partitions] == [part.key for part in theirs.partitions]
        verdict = [part.verdict for part in ours.partitions]
        assert verdict == [part.verdict for part in theirs.partitions], (name, seed)
        verdicts[ours.verdict] += 1
    assert min(verdicts[Verdict.VALID], verdicts[Verdict.INVALID]) > 10, verdicts


class Mine(CasRegister):
    """A model of one's own, which neither the native judge nor a monitor knows."""

    name = "mine"


def test_models_in_python_are_searched_as_the_reference_does() -> None:
    model = Mine()
    assert not native_judge.supports(model)
    verdicts: Counter[Verdict] = Counter()
    for seed in range(400):
        history = arrange(cas_registers(seeded(seed)))
        ours, theirs = check(history, model), check(history, model, engine="reference")
        assert ours.verdict is theirs.verdict, seed
        assert set(ours.algorithm.split(", ")) <= {"search: native; model in Python", "none"}
        for part in ours.partitions:
            if part.witness is not None:
                assert replay(model, history.operations, part.witness) == ""
        verdicts[ours.verdict] += 1
    assert min(verdicts[Verdict.VALID], verdicts[Verdict.INVALID]) > 40, verdicts


class Owned(Model[int]):
    """A lock whose legality depends on the process alone: nothing of it may be merged."""

    name = "owned"

    def init(self) -> int:
        return -1

    def step(self, state: int, operation: Operation) -> int | None:
        assert isinstance(operation.process, int)
        if operation.f == "acquire":
            return operation.process if state == -1 else None
        return -1 if state == operation.process else None


@pytest.mark.parametrize(("releaser", "verdict"), [(0, "valid"), (1, "invalid")])
def test_who_did_it_is_part_of_what_was_done(releaser: int, verdict: str) -> None:
    operations = tuple(
        Operation(
            index=place,
            process=process,
            f=f,
            outcome=Outcome.OK,
            invoked=2 * place,
            completed=2 * place + 1,
        )
        for place, (process, f) in enumerate(
            [(0, "acquire"), (releaser, "release"), (1, "acquire"), (1, "release")]
        )
    )
    assert check(History(operations=operations), Owned()).verdict == verdict


def test_the_verdict_says_what_decided_and_why() -> None:
    once = arrange([Draft("write", value=1, invoked=0, completed=1)])
    twice = arrange([Draft("write", value=1, invoked=n, completed=n + 0.5) for n in range(2)])
    assert check(once, "register").algorithm == "zones"
    algorithm = "search: native (values are written more than once)"
    assert check(twice, "register").algorithm == algorithm

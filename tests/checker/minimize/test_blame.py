"""No part of a history is blamed that the rest of it can explain: against all there is to try."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from checker import History, Limits, Model, Operation, Outcome, Verdict, check
from checker.minimize.blame import Blame
from checker.minimize.subhistory import subhistory
from checker.models import CasRegister, Kv, Register
from tests.support.drafts import Draft, arrange
from tests.support.seeded import seeded

VALUES = 3


def _register(random: Random) -> tuple[str, Any, Any]:
    f = random.choice(["read", "read", "write"])
    return (f, random.randrange(VALUES), None) if f == "write" else (f, None, _maybe(random))


def _cas(random: Random) -> tuple[str, Any, Any]:
    if random.random() < 0.4:
        return "cas", [random.randrange(VALUES), random.randrange(VALUES)], True
    return _register(random)


def _text(random: Random) -> tuple[str, Any, Any]:
    f = random.choice(["get", "get", "append", "append", "put"])
    if f == "get":
        return f, None, "".join(random.choices("ab", k=random.randrange(4)))
    return f, random.choice("ab"), None


def _maybe(random: Random) -> int | None:
    value = random.randrange(-1, VALUES)
    return None if value < 0 else value


Request = Callable[[Random], tuple[str, Any, Any]]


def _history(random: Random, request: Request) -> History:
    drafts = []
    for _ in range(random.randrange(3, 8)):
        f, value, output = request(random)
        begin = random.random() * 8
        unknown = random.random() < 0.15 and f not in {"read", "get"}
        outcome = Outcome.INFO if unknown else Outcome.OK
        end = begin + random.expovariate(1.0)
        drafts.append(
            Draft(
                f,
                value=value,
                output=None if unknown else output,
                outcome=outcome,
                invoked=begin,
                completed=None if unknown else end,
            )
        )
    return arrange(drafts)


def _explained(history: History, model: Model[Any], kept: set[int]) -> bool:
    """Say whether some choice of the others explains the kept operations."""
    others = [op.index for op in history if op.index not in kept and op.f not in {"read", "get"}]
    choices = (chosen for n in range(len(others) + 1) for chosen in combinations(others, n))
    return any(
        check(subhistory(history, kept.union(chosen)), model, engine="reference").verdict
        is Verdict.VALID
        for chosen in choices
    )


def _cases(request: Request, count: int) -> Iterator[tuple[History, set[int]]]:
    for seed in range(count):
        random = seeded(seed)
        history = _history(random, request)
        kept = {op.index for op in history if random.random() < 0.6}
        if kept:
            yield history, kept


@pytest.mark.parametrize(
    ("model", "request_"),
    [(Register(), _register), (CasRegister(), _cas), (Kv(), _text)],
    ids=["register", "cas-register", "strings"],
)
def test_nothing_is_blamed_that_the_rest_explains(model: Model[Any], request_: Request) -> None:
    blamed = spared = missed = 0
    for history, kept in _cases(request_, 250):
        blame = Blame(model, history.operations)
        fault = blame.at_fault([history.operations[index] for index in kept], Limits())
        assert fault is not None
        explained = _explained(history, model, kept)
        assert not (fault and explained)
        blamed += fault
        spared += explained
        missed += not fault and not explained
    # Of a long history more is held possible than was, and some that are at fault are spared.
    assert min(blamed, spared) > 40
    assert missed == 0


def test_the_whole_of_a_violation_is_at_fault() -> None:
    for seed in range(300):
        history = _history(seeded(seed), _cas)
        invalid = check(history, CasRegister()).verdict is Verdict.INVALID
        assert Blame(CasRegister(), history.operations).at_fault(history.operations, Limits()) is (
            invalid
        )


class Tally(Model[int]):
    """Grows without end: no set of states is all that it can be in."""

    name = "tally"

    def init(self) -> int:
        return 0

    def step(self, state: int, operation: Operation) -> int | None:
        if operation.f == "add":
            return state + int(operation.value)
        return state if operation.output == state else None

    def changes(self, operation: Operation) -> bool:
        return operation.f == "add"


def test_what_leaves_too_much_possible_is_left_open() -> None:
    adds = [
        Draft("add", value=1, output=None, outcome=Outcome.OK, invoked=2 * n, completed=2 * n + 1)
        for n in range(40)
    ]
    read = Draft("read", value=None, output=7, outcome=Outcome.OK, invoked=90, completed=91)
    history = arrange([*adds, read])
    blame = Blame(Tally(), history.operations)
    assert blame.at_fault([history.operations[40]], Limits()) is None
    assert blame.at_fault(history.operations, Limits()) is True


def test_a_part_without_an_answer_is_never_at_fault() -> None:
    write = Draft("write", value=1, output=None, outcome=Outcome.OK, invoked=0, completed=1)
    history = arrange([write])
    unanswered = replace(history.operations[0], outcome=Outcome.INFO, completed=None)
    assert Blame(Register(), [unanswered]).at_fault([unanswered], Limits()) is False

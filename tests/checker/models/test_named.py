from __future__ import annotations

import pytest

from checker import MODELS, Model, Operation, UnknownModel, model_named
from checker.models import Partition
from tests.support.scripts import script


class Counter(Model[int]):
    """The model of the documentation."""

    name = "counter"

    def init(self) -> int:
        return 0

    def step(self, state: int, operation: Operation) -> int | None:
        if operation.f == "add":
            return state + int(operation.value)
        return state if operation.output == state else None


NOT_A_MODEL = 3


@pytest.mark.parametrize("name", MODELS)
def test_models_have_names(name: str) -> None:
    assert model_named(name).name == name


def test_a_model_of_ones_own() -> None:
    assert isinstance(model_named(f"{__name__}:Counter"), Counter)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("regster", "unknown model 'regster': known are register, cas-register, "),
        ("no.such.module:Class", "No module named"),
        (f"{__name__}:Missing", "has no attribute 'Missing'"),
        (f"{__name__}:NOT_A_MODEL", "not a subclass of checker.Model"),
        (":Class", "Empty module name"),
    ],
)
def test_what_is_no_model_is_said(name: str, reason: str) -> None:
    with pytest.raises(UnknownModel, match=reason):
        model_named(name)


def test_options_that_a_model_does_not_take() -> None:
    with pytest.raises(UnknownModel, match=r"does not take the options given \(initial\)"):
        model_named(f"{__name__}:Counter", initial=3)


def test_keys_are_compared_as_values() -> None:
    history = script("0 do add @1 1", "0 do add @2 1", "0 do add @1 2")
    parts = Counter().partition(history.operations)
    assert [(part.key, len(part.operations)) for part in parts] == [("1", 2), ("2", 1)]
    assert all(isinstance(part, Partition) for part in parts)

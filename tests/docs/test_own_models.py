"""The models of one's own in the reference judge as it says."""

from __future__ import annotations

from typing import Any

from checker import Model, Verdict, check
from tests.docs.test_readme import blocks
from tests.support.scripts import script


def _model(name: str) -> Model[Any]:
    (program,) = (one for one in blocks("python", "docs/reference/models.md") if name in one)
    names: dict[str, Any] = {}
    exec(program, names)  # noqa: S102 - our own documentation
    model: Model[Any] = names[name]()
    return model


def test_the_counter() -> None:
    model = _model("Counter")
    seen = script("0 do add 2", "1 do read => 2")
    missed = script("0 do add 2", "1 do read => 0")
    assert check(seen, model).verdict is Verdict.VALID
    assert check(missed, model).verdict is Verdict.INVALID


def test_the_lossy_queue() -> None:
    model = _model("LossyQueue")
    lost = script("0 do enqueue 1", "0 do enqueue 2", "1 do dequeue => 2")
    invented = script("0 do enqueue 1", "1 do dequeue => 3")
    assert check(lost, model).verdict is Verdict.VALID
    assert check(invented, model).verdict is Verdict.INVALID

"""A model of one's own that raises or is not pure gets no verdict, whatever decides: exit 70."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path

import pytest

from checker import Limits, Model, Operation, Verdict, check
from checker.cli import main
from tests.support.scripts import script

BAD_MODELS = """
import sys
from itertools import count
from checker import Model, NondeterministicModel

class Base(Model):
    name = "base"
    def init(self):
        return 0
    def step(self, state, operation):
        return state + 1

class Impure(Base):
    name = "impure"
    calls = count()
    def step(self, state, operation):
        if operation.f == "never":
            return None
        return (state + operation.value + next(self.calls) % 2) % 5

class Moody(Base):
    name = "moody"
    calls = count()
    def step(self, state, operation):
        return None if operation.f == "never" and next(self.calls) < 1 else state + 1

class Either(NondeterministicModel):
    name = "either"
    calls = count()
    def inits(self):
        return [0]
    def steps(self, state, operation):
        return [] if operation.f == "never" and next(self.calls) < 1 else [state + 1]

class Raising(Base):
    name = "raising"
    def step(self, state, operation):
        raise RuntimeError("on purpose")

class Leaving(Base):
    name = "leaving"
    def step(self, state, operation):
        sys.exit(0)

class Headless(Base):
    name = "headless"
    def init(self):
        raise RuntimeError("no beginning")

class Undivided(Base):
    name = "undivided"
    def partition(self, operations):
        raise RuntimeError("no parts")

class Unsure(Base):
    name = "unsure"
    def changes(self, operation):
        raise RuntimeError("who knows")

class Blind(Base):
    name = "blind"
    def observes(self, operation):
        raise RuntimeError("sees nothing")

class Unhashable(Base):
    name = "unhashable"
    def step(self, state, operation):
        return [state]

class Liar(Base):
    name = "liar"
    def changes(self, operation):
        return False
"""
DIFFERENTLY = "step() answered differently"
WAYS = {
    "native": [],
    "reference": ["--engine", "reference"],
    "sequential": ["--consistency", "sequential", "--engine", "reference"],
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Impure", DIFFERENTLY),
        ("Moody", DIFFERENTLY),
        ("Either", DIFFERENTLY),
        ("Raising", "RuntimeError: on purpose"),
        ("Leaving", "SystemExit: 0"),
        ("Headless", "[init]: RuntimeError: no beginning"),
        ("Undivided", "[partition]: RuntimeError: no parts"),
        ("Unsure", "RuntimeError: who knows"),
        ("Blind", "RuntimeError: sees nothing"),
        ("Unhashable", "unhashable type: 'list'"),
        ("Liar", "changes() says that it changes nothing"),
    ],
)
def test_a_bad_model_is_an_internal_error_with_its_operation(
    name: str,
    words: str,
    way: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if name == "Liar" and way != "native":
        pytest.skip("what a model says that it leaves alone is made use of by the native search")
    module = f"bad_{name.lower()}_{way}"
    (tmp_path / f"{module}.py").write_text(BAD_MODELS)
    monkeypatch.syspath_prepend(str(tmp_path))
    path = tmp_path / "run.jsonl"
    path.write_text(history_lines())
    monkeypatch.chdir(tmp_path)
    assert main(["verify", str(path), "--model", f"{module}:{name}", *WAYS[way]]) == 70
    errors = capsys.readouterr().err
    assert f"model {name.lower()!r} failed on operation [" in errors
    assert words in errors


def history_lines() -> str:
    """Twelve that overlap and are answered, one that failed, one unknown, and one that is late."""
    ends = ["ok"] * 12 + ["fail", "info"]
    events = [{"type": "invoke", "process": n, "f": "do", "value": n % 3} for n in range(len(ends))]
    events += [{"type": end, "process": n, "f": "do"} for n, end in enumerate(ends)]
    events += [{"type": kind, "process": 99, "f": "never"} for kind in ("invoke", "ok")]
    return "".join(json.dumps(event) + "\n" for event in events)


class Slow(Model[int]):
    """Steps that take time: each a second of the clock that judges it."""

    name = "slow"

    def __init__(self) -> None:
        self.asked = count()

    def init(self) -> int:
        return 0

    def step(self, state: int, operation: Operation) -> int:
        del operation
        next(self.asked)
        return state + 1


def test_a_verdict_that_is_not_confirmed_in_time_is_unknown() -> None:
    model = Slow()
    history = script(*(f"0 do write {n}" for n in range(200)))
    result = check(
        history,
        model,
        engine="reference",
        limits=Limits(timeout_seconds=250),
        clock=lambda: float(repr(model.asked)[6:-1]),
    )
    assert result.verdict is Verdict.UNKNOWN
    assert "ordered 200 of 200 operations at best" in result.reason
    assert "reached the time limit of 250 s: raise --timeout" in result.reason

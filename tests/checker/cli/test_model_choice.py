from __future__ import annotations

from typing import Any

import pytest

from checker import History, HistoryBuilder, UnknownModel
from checker.cli.model_choice import ModelChoice, ModelNotTold


def _history(*requests: tuple[str, Any], header: dict[str, Any] | None = None) -> History:
    builder = HistoryBuilder(header=header)
    for process, (f, value) in enumerate(requests):
        builder.invoke(process, f, value=value)
    return builder.build()


@pytest.mark.parametrize(
    ("requests", "model"),
    [
        ([("read", None), ("write", 1)], "register"),
        ([("read", 5)], "register"),
        ([("write", {"ids": []})], "register"),
        ([("read", None), ("cas", [1, 2])], "cas-register"),
        ([("read", None), ("delete", None), ("cas", [7, 2])], "versioned-kv"),
        ([("append", {"ids": ["a"], "expected": "any"}), ("read", {"after": 0})], "stream"),
        ([("version", None), ("head", None)], "stream"),
        ([("read-log", {"after": 0, "limit": 9})], "stream"),
        ([("read", {"after": 0})], "stream"),
        ([("enqueue", 1), ("dequeue", None)], "queue"),
        ([("pop", None)], "stack"),
        ([("insert", 1), ("extract-min", None)], "priority-queue"),
    ],
)
def test_operations_tell_the_model(requests: list[tuple[str, Any]], model: str) -> None:
    chosen = ModelChoice(None, {}).model_of(_history(*requests))
    assert (chosen.model.name, chosen.option, chosen.source) == (model, model, "guess")


@pytest.mark.parametrize(
    "requests",
    [
        [],
        [("add", 1), ("read", None)],
        [("append", 5), ("read", None)],
        [("get", None)],
        [("read", None), ("append", {})],
    ],
)
def test_operations_may_leave_the_model_open(requests: list[tuple[str, Any]]) -> None:
    with pytest.raises(ModelNotTold, match="name one with --model; there are register"):
        ModelChoice(None, {}).model_of(_history(*requests))


def test_header_comes_before_the_operations_and_the_option_before_both() -> None:
    history = _history(("read", None), header={"model": "cas-register"})
    chosen = ModelChoice(None, {}).model_of(history)
    assert (chosen.option, chosen.source) == ("cas-register", "header")
    chosen = ModelChoice("register", {}).model_of(history)
    assert (chosen.option, chosen.source) == ("register", "option")


def test_header_cannot_make_us_import_code() -> None:
    history = _history(("read", None), header={"model": "antigravity:Model"})
    chosen = ModelChoice(None, {}).model_of(history)
    assert (chosen.option, chosen.source) == ("register", "guess")


def test_unknown_names_are_refused() -> None:
    with pytest.raises(UnknownModel, match="nonesuch"):
        ModelChoice("nonesuch", {})
    with pytest.raises(UnknownModel, match="nonesuch"):
        ModelChoice(None, {}).model_of(_history(header={"model": "nonesuch"}))


def test_options_reach_the_model() -> None:
    history = _history(("read", None))
    for choice in (ModelChoice("register", {"initial": 7}), ModelChoice(None, {"initial": 7})):
        assert choice.model_of(history).model.init() == "7"

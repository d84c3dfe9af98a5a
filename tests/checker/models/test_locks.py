from __future__ import annotations

from typing import Any

import pytest

from checker import MalformedHistory, check
from tests.support.scripts import script

ALL = [
    (
        "one after the other",
        ["0 do acquire", "0 do release", "1 do acquire", "1 do release"],
        "valid",
    ),
    ("two at a time", ["0 do acquire", "1 do acquire"], "invalid"),
    ("twice by one", ["0 do acquire", "0 do acquire"], "invalid"),
    ("a failed acquire is none", ["0 do acquire", "1 refused acquire", "0 do release"], "valid"),
    ("not released before it was acquired", ["0 do release", "0 do acquire"], "invalid"),
    ("not released twice", ["0 do acquire", "0 do release", "0 do release"], "invalid"),
    ("a failed release is none", ["0 do acquire", "0 refused release", "1 do acquire"], "invalid"),
    (
        "a release of unknown outcome may have happened",
        ["0 do acquire", "0 invoke release", "0 info", "1 do acquire"],
        "valid",
    ),
    (
        "but once",
        ["0 do acquire", "0 invoke release", "0 info", "1 do acquire", "2 do acquire"],
        "invalid",
    ),
    (
        "an acquire of unknown outcome need not have happened",
        ["0 invoke acquire", "0 info", "1 do acquire", "1 do release"],
        "valid",
    ),
    (
        "a release that has begun may be over",
        ["0 do acquire", "0 invoke release", "1 do acquire", "0 ok"],
        "valid",
    ),
]

OWNED = [
    ("the process owns it", ["0 do acquire", "1 do release"], "invalid"),
    (
        "an unknown acquire is never released by another",
        ["0 invoke acquire", "0 info", "1 do release"],
        "invalid",
    ),
]

FENCED = [
    ("tokens grow", ["0 do acquire => 1", "0 do release", "1 do acquire => 7"], "valid"),
    ("and never fall", ["0 do acquire => 7", "0 do release", "1 do acquire => 1"], "invalid"),
    ("nor stay", ["0 do acquire => 7", "0 do release", "1 do acquire => 7"], "invalid"),
    (
        "no token says nothing, and the last one known counts",
        [
            "0 do acquire => 7",
            "0 do release",
            "1 do acquire",
            "1 do release",
            "0 do acquire => 6",
        ],
        "invalid",
    ),
    ("below zero too", ["0 do acquire => -7", "0 do release", "1 do acquire => -1"], "valid"),
]


@pytest.mark.parametrize("engine", ["auto", "reference"])
@pytest.mark.parametrize("model", ["mutex", "lock", "fenced-lock"])
@pytest.mark.parametrize(("lines", "expected"), [row[1:] for row in ALL])
def test_every_lock(engine: Any, model: str, lines: list[str], expected: str) -> None:
    assert check(script(*lines), model, engine=engine).verdict == expected


@pytest.mark.parametrize("engine", ["auto", "reference"])
@pytest.mark.parametrize("model", ["lock", "fenced-lock"])
@pytest.mark.parametrize(("lines", "expected"), [row[1:] for row in OWNED])
def test_owned_locks(engine: Any, model: str, lines: list[str], expected: str) -> None:
    assert check(script(*lines), model, engine=engine).verdict == expected


def test_a_mutex_has_no_owner() -> None:
    assert check(script("0 do acquire", "1 do release", "2 do acquire"), "mutex").verdict == "valid"


@pytest.mark.parametrize("engine", ["auto", "reference"])
@pytest.mark.parametrize(("lines", "expected"), [row[1:] for row in FENCED])
def test_fenced_lock(engine: Any, lines: list[str], expected: str) -> None:
    assert check(script(*lines), "fenced-lock", engine=engine).verdict == expected


@pytest.mark.parametrize("engine", ["auto", "reference"])
@pytest.mark.parametrize(
    ("model", "lines", "reason"),
    [
        ("mutex", ["0 do lock"], "has no operation 'lock': it has acquire, release"),
        ("lock", ["0 do acquire => false"], "a refused acquire is a fail, not ok"),
        ("fenced-lock", ['0 do acquire => "7"'], "a fencing token is a whole number of 64 bits"),
        ("fenced-lock", ["0 do acquire => true"], "a fencing token is a whole number of 64 bits"),
    ],
)
def test_what_the_model_cannot_read_is_malformed(
    engine: Any, model: str, lines: list[str], reason: str
) -> None:
    with pytest.raises(MalformedHistory, match=reason):
        check(script(*lines), model, engine=engine)

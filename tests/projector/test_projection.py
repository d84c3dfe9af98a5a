from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import MetaData

from projector.errors import ConfigError
from projector.projection import check_projection, load_projection
from projector.projections.stream_totals import StreamTotals, fold
from tests.support.recorded import log

STREAM_TOTALS = "projector.projections.stream_totals"


class Sketch:
    def __init__(self, **changes: Any) -> None:
        self.name: object = changes.get("name", "sketch")
        self.generation: object = changes.get("generation", 1)
        self.tables = MetaData()

    async def apply(self, connection: object, events: object) -> None: ...


@pytest.mark.parametrize("given_name", ["stream-totals", f"{STREAM_TOTALS}:StreamTotals"])
def test_a_projection_is_loaded_by_name_or_place(given_name: str) -> None:
    assert isinstance(load_projection(given_name), StreamTotals)


def test_a_module_that_ends_the_process_when_it_is_imported_cannot_be_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "leaving.py").write_text("import sys\nsys.exit(0)\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigError, match="'leaving:Projection' cannot be loaded: SystemExit: 0"):
        load_projection("leaving:Projection")


@pytest.mark.parametrize(
    ("given_name", "reason"),
    [
        ("streams", "name one of event-counts, .*stream-totals, or MODULE:ATTRIBUTE"),
        ("", "name one of"),
        (":x", "name one of"),
        ("no.such.module:x", "ModuleNotFoundError"),
        (f"{STREAM_TOTALS}:NoSuch", "AttributeError"),
        ("math:pi", "is a float, which lacks name"),
        ("math:sqrt", "TypeError"),
    ],
)
def test_what_cannot_be_loaded_is_said(given_name: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        load_projection(given_name)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"name": "Totals"}, "lower-case"),
        ({"name": "a.b"}, "lower-case"),
        ({"name": ""}, "lower-case"),
        ({"name": 7}, "lower-case"),
        ({"name": "x" * 64}, "lower-case"),
        ({"generation": 0}, "number from 1"),
        ({"generation": "1"}, "number from 1"),
    ],
)
def test_a_projection_that_names_itself_badly_is_refused(
    changes: dict[str, object], reason: str
) -> None:
    with pytest.raises(ConfigError, match=reason):
        check_projection(Sketch(**changes), "sketch")


class Waits:
    name = "waits"

    async def project(self, event: object) -> list[object]:
        return [event]


class Streams:
    name = "streams"

    async def project(self, event: object) -> AsyncIterator[object]:
        yield event


@pytest.mark.parametrize("made", [Waits(), Streams()])
def test_a_projection_that_would_wait_is_refused_before_any_event(made: object) -> None:
    with pytest.raises(ConfigError, match="has an async project: it must be a plain function"):
        check_projection(made, "mine:made")


def test_a_projection_in_order_is_taken() -> None:
    assert isinstance(check_projection(Sketch(), "sketch"), Sketch)


@given(st.integers(0, 30), st.integers(0, 30))
@settings(deadline=None)
def test_folding_on_is_folding_all(events: int, until: int) -> None:
    before = fold(log(events)[:until])
    assert fold(log(events)[until:], before) == fold(log(events))


@given(st.integers(2, 12), st.data())
@settings(deadline=None)
def test_the_fold_shows_what_is_missing_doubled_or_swapped(
    events: int, data: st.DataObject
) -> None:
    right = log(events, streams=1)
    index = data.draw(st.integers(0, events - 2))
    missing = right[:index] + right[index + 1 :]
    doubled = right[: index + 1] + right[index:]
    swapped = [*right[:index], right[index + 1], right[index], *right[index + 2 :]]
    digests = [
        fold(events_)[right[0].stream].digest for events_ in (right, missing, doubled, swapped)
    ]
    assert len(set(digests)) == 4


def test_a_fold_by_hand() -> None:
    totals = fold(log(4, streams=2))
    assert {name: (t.events, t.version, t.position) for name, t in totals.items()} == {
        "count-0": (2, 2, 3),
        "count-1": (2, 2, 4),
    }
    assert fold([]) == {}

"""`eventstore append-all`: several streams, all or none, from standard input."""

from __future__ import annotations

import json
from typing import Any

import pytest

from eventstore.config import DATABASE_URL
from eventstore.event import new_event_id
from tests.support.commands import Run, runner

pytestmark = pytest.mark.stack


@pytest.fixture
def store(
    store_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    monkeypatch.setenv(DATABASE_URL, store_url)
    return runner(monkeypatch, capsys)


def lines(*writes: Any) -> str:
    return "\n\n".join(json.dumps(write) for write in writes)


def test_several_streams_side_by_side_and_once(store: Run) -> None:
    first, second, third = (str(new_event_id()) for _ in range(3))
    stdin = lines(
        {"stream": "account-1", "expected": "absent", "events": [{"type": "out", "id": first}]},
        {
            "stream": "account-2",
            "expected": 0,
            "events": [{"type": "in", "id": second}, {"type": "noted", "data": 1, "id": third}],
        },
    )
    appended = [
        {"stream": "account-1", "version": 1, "position": 1, "ids": [first]},
        {"stream": "account-2", "version": 2, "position": 3, "ids": [second, third]},
    ]
    for repeated in (False, True):
        ran = store("append-all", stdin=stdin)
        assert ran.lines == [{"repeated": repeated, "appended": appended}]
        assert (ran.code, ran.err) == (0, "")
    assert [event["type"] for event in store("read", "--log").lines] == ["out", "in", "noted"]


def test_on_a_terminal_it_is_said_in_words(store: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    ran = store(
        "append-all",
        stdin=lines(
            {"stream": "a-1", "expected": "any", "events": [{"type": "x"}]},
            {"stream": "b-1", "expected": "any", "events": [{"type": "x"}, {"type": "y"}]},
        ),
    )
    assert ran.out == (
        "a-1: 1 event appended, version 1, position 1\n"
        "b-1: 2 events appended, version 2, position 3\n"
    )


def test_one_stream_that_is_elsewhere_refuses_all(store: Run) -> None:
    ran = store(
        "append-all",
        stdin=lines(
            {"stream": "a-1", "expected": "absent", "events": [{"type": "x"}]},
            {"stream": "b-1", "expected": 7, "events": [{"type": "x"}]},
        ),
    )
    assert ran.code == 6
    assert "stream 'b-1' is at version 0, expected 7" in ran.err
    assert store("head").out == "0\n"


def test_a_boundary_is_drawn_for_all(store: Run) -> None:
    store("append", "seat-1", "--type", "taken", "--expected", "any")
    one = lines({"stream": "seat-2", "expected": "any", "events": [{"type": "taken"}]})
    unless = ("--unless", '[{"types": ["taken"]}]', "--after")
    assert store("append-all", *unless, "0", stdin=one).code == 6
    assert store("append-all", *unless, "1", stdin=one).code == 0


@pytest.mark.parametrize(
    ("stdin", "words"),
    [
        ("", "has no lines"),
        ('{"stream": "a-1", "expected": 0, "events": [{"type": "x"}]}\n{', "line 2"),
        ('{"stream": "a-1", "events": [{"type": "x"}]}', "`expected`"),
        ('{"stream": "a-1", "expected": "some", "events": [{"type": "x"}]}', "any, exists or"),
        ('{"stream": "a-1", "expected": -1, "events": [{"type": "x"}]}', "any, exists or absent"),
        ('{"stream": "a", "expected": 0, "events": [{"type": "x"}]}', "'a'"),
        ('{"stream": "a-1", "expected": 0, "events": []}', "has 0 events"),
        ('{"stream": "a-1", "expected": 0, "events": [{"tpye": "x"}]}', "tpye"),
        ('{"stream": "a-1", "expected": 0, "events": [{"type": "x"}]}\n' * 2, "'a-1'"),
    ],
)
def test_malformed_input_ends_with_4(store: Run, stdin: str, words: str) -> None:
    ran = store("append-all", stdin=stdin)
    assert ran.code == 4
    assert words in ran.err
    assert ran.err.startswith("eventstore: standard input: ")
    assert store("head").out == "0\n"

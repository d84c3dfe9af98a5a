"""The native readers against the Python ones, on generated and on damaged histories."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.support.history_samples import SAMPLES
from tests.support.native_reading import assert_same

PROCESSES = st.one_of(
    st.integers(0, 3),
    st.sampled_from([-1, 65_535, 65_536, 2**40, 2**70, "a", "0", "nemesis", "\u00e9"]),
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-5, 5),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=6),
    st.sampled_from(["", '"', "\\", "\n", "value", '"value":', "\U0001f600"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)
TIMES = st.one_of(st.none(), st.integers(0, 40), st.integers(-(2**63) + 1, 2**63 - 1))
EVENTS = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["invoke", "ok", "ok", "fail", "info"]),
        "process": PROCESSES,
        "f": st.sampled_from(["read", "read", "write", "\u00e9"]),
    },
    optional={
        "value": VALUES,
        "key": st.one_of(st.none(), st.sampled_from(["x", "y"])),
        "error": VALUES,
        "time": TIMES,
        "index": st.one_of(st.none(), st.integers()),
        "more": VALUES,
    },
)
OPERATIONS = st.fixed_dictionaries(
    {
        "client": PROCESSES,
        "call": st.integers(-5, 30),
        "return": st.one_of(st.none(), st.integers(0, 60)),
        "f": st.sampled_from(["read", "write"]),
    },
    optional={"key": VALUES, "value": VALUES, "out": VALUES, "more": VALUES},
)
SETTINGS = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@st.composite
def _paired(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Events that mostly pair up, so that reading gets far."""
    events: list[dict[str, Any]] = []
    pending: list[dict[str, Any]] = []
    for number in range(draw(st.integers(1, 10))):
        completes: bool = draw(st.booleans())
        if pending and completes:
            invoked = pending.pop(draw(st.integers(0, len(pending) - 1)))
            outcome = draw(st.sampled_from(["ok", "ok", "fail", "info"]))
            same = {name: invoked[name] for name in ("process", "f")}
            events.append({"type": outcome, **same, "value": draw(VALUES), "error": draw(VALUES)})
        else:
            event = {**draw(EVENTS), "type": "invoke", "process": number, "time": None}
            pending.append(event)
            events.append(event)
    return events


def _lines(events: list[dict[str, Any]], *, ascii_: bool) -> bytes:
    return b"".join(json.dumps(e, ensure_ascii=ascii_).encode() + b"\n" for e in events)


@SETTINGS
@given(events=st.one_of(_paired(), st.lists(EVENTS, max_size=6)), ascii_=st.booleans())
def test_events_as_lines(tmp_path: Path, events: list[dict[str, Any]], *, ascii_: bool) -> None:
    assert_same(_lines(events, ascii_=ascii_), tmp_path / "events.jsonl", "jsonl")


@SETTINGS
@given(st.one_of(_paired(), st.lists(EVENTS, max_size=6)), st.sampled_from([None, 1]))
def test_events_as_one_array(
    tmp_path: Path, events: list[dict[str, Any]], indent: int | None
) -> None:
    assert_same(json.dumps(events, indent=indent).encode(), tmp_path / "events.json", "json")


@SETTINGS
@given(operations=st.lists(OPERATIONS, max_size=6), ascii_=st.booleans())
def test_whole_operations(
    tmp_path: Path, operations: list[dict[str, Any]], *, ascii_: bool
) -> None:
    assert_same(_lines(operations, ascii_=ascii_), tmp_path / "run.ops", "ops")


def _edn(value: Any) -> str:
    match value:
        case None:
            return "nil"
        case bool():
            return str(value).lower()
        case str():
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            return f'"{escaped}"'
        case list():
            return f"[{' '.join(map(_edn, value))}]"
        case dict():
            return "{" + ", ".join(f"{_edn(k)} {_edn(v)}" for k, v in value.items()) + "}"
        case _:
            return repr(value)


@SETTINGS
@given(st.one_of(_paired(), st.lists(EVENTS, max_size=6)), st.sampled_from(["{}", "[{}]", "({})"]))
def test_events_as_edn(tmp_path: Path, events: list[dict[str, Any]], enclose: str) -> None:
    text = enclose.replace("{}", "\n".join(map(_edn, events)))
    assert_same(text.encode(), tmp_path / "events.edn", "edn")


ALPHABET = '{}[]()#_:"\\;,.-+/^@ \n01aNMxeu\u00e9\u00a0'


@settings(parent=SETTINGS, max_examples=150)
@given(st.text(alphabet=ALPHABET, max_size=25))
@example("#_ #tag x 1")
@example("\\newline \\u0041 \\é 0x1F 1/2 1.5M ##NaN -0 1e3 +7 42N")
def test_any_edn_text(tmp_path: Path, text: str) -> None:
    event = "{:type :invoke :process 0 :f :read :value [" + text + "]}"
    assert_same(event.encode(), tmp_path / "any.edn", "edn")
    assert_same(text.encode(), tmp_path / "bare.edn", "edn")


@settings(parent=SETTINGS, max_examples=150)
@given(st.text(alphabet='{}[]:,"\\ \n\r01-+.eEtrufalsn\u00e9\x0b', max_size=15))
@example("1e999")
@example('{"a":1,"a":2}')
@example('"\\ud800\\u0041"')
def test_any_json_value(tmp_path: Path, text: str) -> None:
    line = '{"type":"invoke","process":0,"f":"read","%s":' + text + "}\n"
    for field in ("value", "more", "time", "process", "index"):
        data = (line % field).encode()
        assert_same(data, tmp_path / "any.jsonl", "jsonl")


LOG = "INFO  jepsen.util - {}\t:{}\t:{}\t{}"
COLUMNS = st.tuples(
    st.sampled_from(["0", "1", ":nemesis", "07", "a", "1" * 30, "\u0663", ""]),
    st.sampled_from(["invoke", "ok", "fail", "info", "done"]),
    st.sampled_from(["read", "read", "cas"]),
    st.sampled_from(["nil", "[1 2]", "3\t:timed-out", "", "1) (2", "x ; y", "(", "#_ 1", "1 "]),
)


@SETTINGS
@given(st.lists(COLUMNS, max_size=5), st.sampled_from(["\n", "\r\n", "\nINFO  x.y - z\xff\n"]))
def test_lines_of_jepsens_log(
    tmp_path: Path, rows: list[tuple[str, str, str, str]], newline: str
) -> None:
    text = newline.join(LOG.format(*row) for row in rows) + newline
    data = b"INFO  jepsen.core - go\n" + text.encode("utf-8").replace(b"\xc3\xbf", b"\xff")
    assert_same(data, tmp_path / "run.log", "porcupine")


STEPS = st.sampled_from(
    ["w 0 1", "r 1 2", "-----", "=====", "", "w 0", "r  1 2", "w 0 1 2", "w 0 x"]
)


@SETTINGS
@given(st.lists(STEPS, max_size=8))
def test_steps_of_plume(tmp_path: Path, steps: list[str]) -> None:
    assert_same("\n".join(steps).encode(), tmp_path / "run.txt", "plume")


@pytest.mark.parametrize("format_", SAMPLES)
@settings(parent=SETTINGS, max_examples=60)
@given(data=st.data())
def test_damaged_files(tmp_path: Path, format_: str, data: st.DataObject) -> None:
    content = SAMPLES[format_]
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(content)))
        end = data.draw(st.integers(start, min(len(content), start + 12)))
        patch = data.draw(st.binary(max_size=4) | st.sampled_from([b'"', b"}", b"[" * 150, b"\n"]))
        content = content[:start] + patch + content[end:]
    for form in ("auto", format_):
        assert_same(content, tmp_path / "damaged", form)

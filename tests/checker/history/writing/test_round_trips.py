"""What is written in any format is read back as the same history, or was refused."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checker import History, HistoryBuilder, Outcome
from checker.history.formats import read_history
from checker.history.statistics import has_times
from checker.history.writing import WRITERS, LosesInformation, write_history_as
from tests.support.histories import histories, json_values

CORPORA = Path(__file__).parents[2] / "corpora"
FILES = sorted(path for path in CORPORA.rglob("*") if path.suffix in {".edn", ".log", ".txt"})


def without_places(history: History) -> History:
    timed = has_times(history)
    operations = tuple(
        msgspec.structs.replace(op, line=None, time_completed=op.time_completed if timed else None)
        for op in history
    )
    return msgspec.structs.replace(history, operations=operations, source="")


@st.composite
def whole_operations(draw: st.DrawFn) -> History:
    """A history that ``ops`` has words for: answered, or never heard of again."""
    builder = HistoryBuilder()
    busy: list[int] = []
    time = 0
    for number in range(draw(st.integers(1, 20))):
        time += draw(st.integers(1, 5))
        ends = draw(st.booleans())
        if ends and busy:
            process = busy.pop(draw(st.integers(0, len(busy) - 1)))
            builder.complete(process, Outcome.OK, output=draw(json_values()), time=time)
        else:
            key, value = draw(st.none() | st.text(max_size=2)), draw(json_values())
            builder.invoke(number, "write", key=key, value=value, time=time)
            busy.append(number)
    return builder.build()


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("format_name", sorted(WRITERS))
@settings(max_examples=25, deadline=None)
@given(history=histories() | whole_operations())
def test_lossless_or_refused(
    history: History, format_name: str, suffix: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("written") / f"history.{format_name}{suffix}"
    try:
        assert write_history_as(history, path, format_name) == []
    except LosesInformation:
        assert not path.exists()
        return
    again = read_history(path, format_name)
    assert without_places(again) == without_places(history)


@pytest.mark.parametrize("second", sorted(WRITERS))
@pytest.mark.parametrize("first", sorted(WRITERS))
@settings(max_examples=6, deadline=None)
@given(history=whole_operations())
def test_every_pair_of_formats(
    history: History, first: str, second: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("written")
    write_history_as(history, folder / "first", first)
    write_history_as(read_history(folder / "first", first), folder / "second", second)
    again = read_history(folder / "second", second)
    assert without_places(again) == without_places(history)


@pytest.mark.parametrize("format_name", ["jsonl", "edn", "json"])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_recorded_histories(path: Path, format_name: str, tmp_path: Path) -> None:
    history = read_history(path)
    if path.suffix == ".txt":
        # Transactions without a time: a format that cannot say so refuses them.
        try:
            write_history_as(history, tmp_path / "again", format_name)
        except LosesInformation:
            assert not (tmp_path / "again").exists()
            return
    else:
        write_history_as(history, tmp_path / "again", format_name)
    assert without_places(read_history(tmp_path / "again")) == without_places(history)


def _history(**fields: object) -> History:
    builder = HistoryBuilder()
    builder.invoke(0, "write", value=1, time=5)
    builder.complete(0, Outcome.OK, time=9)
    return msgspec.structs.replace(builder.build(), **fields)


def _ended(outcome: Outcome) -> History:
    builder = HistoryBuilder()
    builder.invoke(0, "write", value=1, time=5)
    builder.complete(0, outcome, error="gone", time=9)
    return builder.build()


def _pairs() -> History:
    builder = HistoryBuilder()
    builder.invoke(0, "read", value=["x", None], time=5)
    builder.complete(0, Outcome.OK, output=["x", 1], time=9)
    return builder.build()


def _touching() -> History:
    builder = HistoryBuilder()
    builder.invoke(0, "write", value=1, time=5)
    builder.complete(0, Outcome.OK, time=9)
    builder.invoke(1, "read", time=9)
    builder.complete(1, Outcome.OK, time=11)
    return builder.build()


@pytest.mark.parametrize(
    ("history", "format_name", "says"),
    [
        (_history(header={"model": "register"}), "edn", r"the header \(model\)"),
        (_history(header={"seed": 1}), "ops", r"the header \(seed\)"),
        (_ended(Outcome.FAIL), "ops", r"operations that failed \[0: process 0 write\]"),
        (_ended(Outcome.INFO), "ops", "the errors of operations.*when clients gave up"),
        (_touching(), "ops", "times that contradict the order"),
        (_pairs(), "edn", "values that are all pairs"),
        (_pairs(), "json", "values that are all pairs"),
        (HistoryBuilder().build(), "ops", "a history without operations"),
    ],
)
def test_a_refusal_says_what_would_be_lost(
    history: History, format_name: str, says: str, tmp_path: Path
) -> None:
    with pytest.raises(LosesInformation, match=says):
        write_history_as(history, tmp_path / "history", format_name)
    assert list(tmp_path.iterdir()) == []


def test_what_may_be_lost_is_told(tmp_path: Path) -> None:
    history = _touching()
    (loss,) = write_history_as(history, tmp_path / "history.ops", "ops", lossy=True)
    assert "order" in loss.what
    again = read_history(tmp_path / "history.ops")
    assert [(op.invoked, op.completed) for op in again] == [(0, 1), (2, 3)]


def test_values_nested_too_deep_for_edn_are_refused(tmp_path: Path) -> None:
    value: list[object] = []
    for _ in range(98):
        value = [value]
    builder = HistoryBuilder()
    builder.invoke(0, "write", value=value)
    write_history_as(builder.build(), tmp_path / "history.edn", "edn")
    assert read_history(tmp_path / "history.edn", "edn").operations[0].value == value
    builder = HistoryBuilder()
    builder.invoke(0, "write", value=[value])
    with pytest.raises(LosesInformation, match="nest more than 99 levels"):
        write_history_as(builder.build(), tmp_path / "deep.edn", "edn")


def test_gzip_is_the_same_every_time(tmp_path: Path) -> None:
    for name in ("one.jsonl.gz", "two.jsonl.gz"):
        write_history_as(_history(), tmp_path / name, "jsonl")
    assert (tmp_path / "one.jsonl.gz").read_bytes() == (tmp_path / "two.jsonl.gz").read_bytes()

from __future__ import annotations

import itertools
from typing import Any

import pytest

from checker import (
    EngineUnavailable,
    History,
    JudgeProgress,
    Limits,
    MalformedHistory,
    Model,
    ModelError,
    Operation,
    UnknownModel,
    Verdict,
    check,
)
from checker.checking import Engine
from checker.engine.replay import replay
from checker.models import Register, Stream
from tests.support.scripts import script

GOOD = '{"events": [[1, "a"]]}'
BAD = '{"events": [[1, "b"]]}'


def append(stream: str, name: str = "a", position: str = "null") -> str:
    value = '{"ids": ["' + name + '"], "expected": 0}'
    return f'0 do append @{stream} {value} => {{"version": 1, "position": {position}}}'


def hard(key: str, writers: int = 18) -> list[str]:
    """Concurrent writes to one register, and a read of what none of them wrote."""
    first = ord(key[0]) * 1000
    processes = range(first, first + writers)
    return [
        *(f"{process} invoke write @{key} {process}" for process in processes),
        *(f"{process} ok" for process in processes),
        f"{first} do read @{key} => -1",
    ]


class Plain(Register):
    """A model of somebody's own: no monitor knows it."""

    name = "plain"


def test_an_empty_history_is_valid() -> None:
    for model in ("register", "cas-register", "stream"):
        result = check(History(operations=()), model)
        assert result.verdict is Verdict.VALID
        assert result.operations == 0
        assert len(result.partitions) == 0


def test_each_stream_is_judged_alone() -> None:
    history = script(append("x-1"), append("y-1"), "1 do read @x-1 {} => " + GOOD)
    result = check(history)
    assert result.verdict is Verdict.VALID
    assert result.algorithm == "sweep"
    assert [(part.key, part.operations) for part in result.partitions] == [("x-1", 2), ("y-1", 1)]
    for part in result.partitions:
        operations = [operation for operation in history if operation.key == part.key]
        assert part.witness is not None
        assert replay(Stream(), operations, part.witness) == ""


@pytest.mark.parametrize(
    "line",
    ["0 do head => 0", '0 do read-log {} => {"events": []}', append("x-1", position="1")],
)
def test_the_whole_store_is_judged_if_the_history_speaks_of_its_log(line: str) -> None:
    result = check(script(line, "1 do version @y-1 => 0"))
    assert result.partitions[-1].key is None
    assert result.partitions[-1].operations == 2
    assert result.verdict is Verdict.VALID


def test_a_violation_of_the_log_alone() -> None:
    history = script(append("x-1", "a", "2"), append("y-1", "b", "1"))
    result = check(history)
    assert [part.verdict for part in result.partitions] == ["valid", "valid", "invalid"]
    assert [anomaly.type for anomaly in result.anomalies] == ["stale-append"]


def test_the_worst_verdict_wins_and_every_part_keeps_its_own() -> None:
    lines = [*hard("h"), "1 do write @a 1", "1 do read @a => 1", "2 do read @b => 3"]
    result = check(script(*lines), Plain(), limits=Limits(timeout_seconds=0.3))
    assert {part.key: part.verdict for part in result.partitions} == {
        "h": Verdict.UNKNOWN,
        "a": Verdict.VALID,
        "b": Verdict.INVALID,
    }
    assert result.verdict is Verdict.INVALID
    assert "raise --timeout" in result.reason
    assert result.algorithm == "search: native; model in Python"
    assert result.peak_bytes


def test_one_hard_part_does_not_cost_another_its_share() -> None:
    lines = [*hard("h"), *hard("k"), *hard("e", writers=6)]
    result = check(script(*lines), Plain(), limits=Limits(timeout_seconds=0.6))
    verdicts = {part.key: part.verdict for part in result.partitions}
    assert verdicts == {"h": Verdict.UNKNOWN, "k": Verdict.UNKNOWN, "e": Verdict.INVALID}


def test_out_of_memory_is_undecided() -> None:
    result = check(script(*hard("h")), Plain(), limits=Limits(memory_bytes=50_000))
    assert result.verdict is Verdict.UNKNOWN
    assert "raise --memory-limit" in result.reason


@pytest.mark.parametrize("engine", ["auto", "reference"])
def test_engines_in_python_tell_how_far_they_are_after_each_part(engine: Engine) -> None:
    told: list[JudgeProgress] = []
    history = script("0 do write @x 1", "0 do write @y 1", "1 do read @x => 1")
    check(history, Plain(), engine=engine, on_progress=told.append)
    assert [(one.parts, one.parts_decided, one.operations_decided) for one in told] == [
        (2, 1, 1),
        (2, 2, 3),
    ]
    assert all(one.operations == 3 for one in told)


def test_a_search_explains_what_it_found() -> None:
    history = script("0 do write 1", "1 do write 2", "2 do read => 1")
    (anomaly,) = check(history, "register", engine="reference").anomalies
    assert anomaly.type == "non-linearizable"
    assert anomaly.operations == (2, 1, 0)
    assert anomaly.explanation == (
        "No order explains [2: process 2 read -> 1]: the longest legal order has 2 operations, the "
        "last of them [1: process 1 write 2 -> null], and leaves the register at 2."
    )


def several_could_have_filled_it(*lines: str) -> History:
    """A stream whose first event nobody read: one of two appends of unknown outcome."""
    ids = '{"ids": ["%s"], "expected": "any"}'
    return script(
        "0 invoke append @s-1 " + ids % "u",
        "1 invoke append @s-1 " + ids % "w",
        "0 info",
        "1 info",
        "2 do append @s-1 " + ids % "a" + ' => {"version": 2}',
        *lines,
    )


@pytest.mark.parametrize(("version", "verdict"), [(2, "valid"), (1, "invalid")])
def test_what_the_monitor_leaves_open_is_searched(version: int, verdict: str) -> None:
    result = check(several_could_have_filled_it(f"3 do version @s-1 => {version}"))
    (part,) = result.partitions
    assert part.verdict == verdict
    assert part.algorithm.startswith("search: ")


def test_a_stream_may_know_from_the_log_what_filled_a_gap() -> None:
    page = '{"events": [[1, "s-1", 1, "w"], [2, "s-1", 2, "a"]]}'
    result = check(several_could_have_filled_it("3 do read-log {} => " + page))
    assert [(part.key, part.algorithm) for part in result.partitions] == [
        ("s-1", "sweep"),
        (None, "sweep"),
    ]
    assert result.verdict is Verdict.VALID
    assert tuple(result.partitions[0].witness or ()) == (1, 2)


def test_a_wrong_hint_of_the_log_decides_nothing_about_a_stream() -> None:
    page = '{"events": [[1, "s-1", 2, "w"], [2, "s-1", 1, "a"]]}'
    result = check(several_could_have_filled_it("3 do read-log {} => " + page))
    verdicts = {part.key: (part.verdict, part.algorithm[:6]) for part in result.partitions}
    assert verdicts == {"s-1": (Verdict.VALID, "search"), None: (Verdict.INVALID, "sweep")}


def test_an_engine_can_be_named() -> None:
    history = script(append("s"), "1 do read @s {} => " + BAD)
    result = check(history, engine="reference")
    assert result.verdict is Verdict.INVALID
    assert result.algorithm == "search: reference"
    with pytest.raises(EngineUnavailable, match="no engine is called 'quantum'"):
        check(history, engine=_any("quantum"))


def _any(value: object) -> Any:
    return value


def test_what_cannot_be_judged_is_raised_with_the_source() -> None:
    history = script("0 do push 1")
    with pytest.raises(MalformedHistory, match=r"^<history>: model 'stream' has no operation"):
        check(history)
    with pytest.raises(UnknownModel):
        check(history, "rgister")


class Broken(Model[int]):
    """A model with a bug."""

    name = "broken"

    def init(self) -> int:
        return 0

    def step(self, state: int, operation: Operation) -> int | None:
        return state // int(operation.value)


def test_a_model_that_raises_is_an_error_not_a_verdict() -> None:
    with pytest.raises(ModelError, match=r"'broken' failed on operation \[0: .*ZeroDivisionError"):
        check(script("0 do divide 0"), Broken())


def test_a_long_history_is_swept() -> None:
    lines = [
        f'0 do append @s {{"ids": ["{n}"], "expected": {n}}} => '
        f'{{"version": {n + 1}, "position": {n + 1}}}'
        for n in range(4000)
    ]
    lines.append('1 do read-log {"after": 3998} => {"events": [[3999, "s", 3999, "3998"]]}')
    result = check(script(*lines))
    assert result.algorithm == "sweep"
    assert [part.verdict for part in result.partitions] == ["valid", "invalid"]
    assert [(a.type, a.operations) for a in result.anomalies] == [("lost-append", (3999, 4000))]


def test_parts_are_searched_one_after_the_other_until_time_is_up() -> None:
    ticks = itertools.count()
    history = script(*(f"0 do write @k{key} 1" for key in range(100)))
    limits = Limits(timeout_seconds=0.3)
    result = check(
        history, Plain(), engine="reference", limits=limits, clock=lambda: 0.001 * next(ticks)
    )
    decided = result.partitions.of_verdict(Verdict.VALID)
    assert 0 < len(decided) < 100
    assert [part.key for part in decided] == [f"k{key}" for key in range(len(decided))]
    late = {part.reason for part in result.undecided}
    assert late == {"it was not begun: the check reached the time limit of 0.3 s: raise --timeout"}
    assert result.algorithm == "search: reference"
    assert [part.operations for part in result.partitions] == [1] * 100


def test_time_that_is_left_goes_to_a_part_whose_share_was_too_small() -> None:
    history = script(*hard("a", writers=7), *(f"0 do write @k{key} 1" for key in range(2000)))
    result = check(history, Plain(), engine="reference", limits=Limits(timeout_seconds=30))
    verdicts = [part.verdict for part in result.partitions]
    assert verdicts == [Verdict.INVALID, *[Verdict.VALID] * 2000]

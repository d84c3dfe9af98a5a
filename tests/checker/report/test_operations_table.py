from __future__ import annotations

import io

import pytest
from rich.console import Console

from checker import HistoryBuilder, Operation, Outcome
from checker.report.operations_table import operations_table


def _operations() -> tuple[Operation, ...]:
    builder = HistoryBuilder()
    builder.invoke(0, "append", key="s", value={"ids": ["a" * 36]}, time=100, line=2)
    builder.invoke("b", "read", key="s", time=150, line=3)
    builder.complete(0, Outcome.FAIL, error={"type": "wrong"}, time=200)
    builder.complete("b", Outcome.INFO, time=260)
    builder.invoke(2, "write", key="s", value=1, time=300, line=6)
    builder.complete(2, Outcome.OK, time=310)
    return builder.build().operations


def _lines(width: int, *, timed: bool = True, keyed: bool = False) -> list[str]:
    console = Console(file=io.StringIO(), width=width)
    console.print(operations_table(_operations(), timed=timed, keyed=keyed, width=width))
    file = console.file
    assert isinstance(file, io.StringIO)
    return [line.rstrip() for line in file.getvalue().splitlines()]


def test_each_operation_is_a_row() -> None:
    head, append, read, write = _lines(120)
    assert head.split() == ["op", "process", "f", "asked", "answered", "when", "line"]
    assert append.split() == [
        *("#0", "0", "append", f'{{"ids":["{"a" * 36}"]}}', "failed:", '{"type":"wrong"}'),
        *("100", "-", "200", "ns", "2"),
    ]
    assert read.split() == ["#1", "b", "read", "null", "unknown", "150", "ns", "-", "3"]
    assert write.split() == ["#2", "2", "write", "1", "ok", "300", "-", "310", "ns", "6"]


def test_without_times_the_order_is_shown() -> None:
    _, append, read, _ = _lines(120, timed=False, keyed=True)
    assert append.split()[-5:] == ["event", "0", "-", "2", "2"]
    assert read.split()[3:] == ['"s"', "null", "unknown", "event", "1", "-", "3"]


@pytest.mark.parametrize("width", [70, 80, 90])
def test_values_give_way_to_a_narrow_terminal(width: int) -> None:
    lines = _lines(width)
    assert len(lines) == 4
    assert all(len(line) <= width for line in lines)
    assert '{"ids":[' in lines[1]
    assert "..." in lines[1]
    assert lines[1].endswith("ns     2")

"""Explanations: what they say of recorded histories, and that they stay within bounds."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from checker import History, HistoryBuilder, Outcome, check, model_named
from checker.history.formats import read_history
from checker.minimize import Minimized, minimize
from checker.report.explain import explain_anomaly
from checker.report.explain.evidence import STEPS_MAX
from checker.report.explain.lanes import lanes
from checker.report.explain.markdown import markdown
from checker.report.explain.text import print_explanation
from tests.support.drafts import arrange
from tests.support.register_histories import register_drafts
from tests.support.seeded import seeded

ETCD = Path(__file__).parents[2] / "corpora" / "porcupine" / "etcd" / "etcd_039.log"


def printed(history: History, model: str, smallest: Minimized, *, width: int = 120) -> str:
    output = io.StringIO()
    console = Console(file=output, width=width, force_terminal=False)
    print_explanation(console, history, explain_anomaly(history, model_named(model), smallest))
    return output.getvalue()


def test_a_recorded_violation_is_told_in_terms_of_the_whole_history() -> None:
    history = read_history(ETCD)
    told = explain_anomaly(history, model_named("cas-register"), minimize(history, "cas-register"))
    assert told.operations == (3, 21, 27)
    assert (told.anomaly, told.minimal, told.blocked) == ("stale-read", True, 27)
    assert told.sentence.startswith("Operation 27 (process 5) read 2, but operation 21")
    assert [(step.operation, step.state) for step in told.longest_order] == [(3, "2"), (21, "0")]
    assert told.legal_answers == ("0",)
    (definition,) = told.definitions
    assert definition.models == ("register", "cas-register", "kv")


def test_processes_stand_side_by_side_and_time_goes_down() -> None:
    builder = HistoryBuilder()
    builder.invoke(1, "write", value=2)
    builder.complete(1, Outcome.OK)
    builder.invoke(0, "cas", value=[2, 1])
    for process, answer in ((4, 1), (5, 2)):
        builder.invoke(process, "read")
        builder.complete(process, Outcome.OK, output=answer)
    history = builder.build()
    text = printed(history, "cas-register", minimize(history, "cas-register"))
    rows = [line.split() for line in text.splitlines()]
    first = next(place for place, row in enumerate(rows) if row[:2] == ["process", "1"])
    assert rows[first : first + 6] == [
        ["process", "1", "process", "0", "process", "4", "process", "5"],
        ["#0", "write", "2", "->", "ok"],
        ["┌", "#1", "cas", "[2,1]"],
        ["│", "#2", "read", "->", "1"],
        ["│", "#3", "read", "->", "2"],
        ["?", "unknown"],
    ]
    assert "Legal would have been: 1." in text


def test_operations_that_overlap_are_drawn_beside_each_other() -> None:
    builder = HistoryBuilder()
    builder.invoke("a", "write", value=1)
    builder.invoke("b", "read")
    builder.complete("b", Outcome.OK, output=1)
    builder.invoke("b", "write", value=2)
    builder.complete("a", Outcome.OK)
    builder.complete("b", Outcome.FAIL, error="no")
    one, other = lanes(builder.build().operations, keyed=False)
    assert one.cells == ["┌ #0 write 1", "│", "│", "└ -> ok", ""]
    assert other.cells == ["", "#1 read -> 1", "┌ #2 write 2", "│", '└ -> failed: "no"']


def test_a_file_cannot_steer_the_terminal() -> None:
    builder = HistoryBuilder()
    builder.invoke("\x1b[2J", "read")
    builder.complete("\x1b[2J", Outcome.OK, output="\x1b]0;owned\x07")
    history = builder.build()
    text = printed(history, "register", minimize(history, "register"))
    assert "\x1b" not in text
    assert "\x07" not in text


@pytest.mark.parametrize("width", [60, 80, 200])
def test_no_line_is_wider_than_the_console(width: int) -> None:
    history = read_history(ETCD)
    text = printed(history, "cas-register", minimize(history, "cas-register"), width=width)
    tables = [line for line in text.splitlines() if "#27" in line and "in the file" not in line]
    assert max(map(len, tables)) <= width


def test_a_part_that_did_not_get_small_is_cut() -> None:
    random = seeded(3)
    history = arrange(register_drafts(random, operations=300, values=2, unknown=0.0))
    result = check(history, "cas-register")
    assert result.anomalies
    whole = minimize(history, "cas-register", result=result, budget_seconds=0)
    text = printed(history, "cas-register", whole)
    assert f"... and {len(history) - STEPS_MAX} more" in text
    assert len(text.splitlines()) < 100


def test_markdown_holds_its_tables_whatever_is_in_the_values() -> None:
    builder = HistoryBuilder()
    builder.invoke(0, "write", value="a|b`c<script>")
    builder.complete(0, Outcome.OK)
    builder.invoke(1, "read")
    builder.complete(1, Outcome.OK, output="<b>|")
    history = builder.build()
    model = model_named("register")
    text = markdown(history, explain_anomaly(history, model, minimize(history, model)))
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {row.count("|") for row in rows} == {rows[0].count("|")}
    assert text.startswith("## `thin-air`\n")
    prose = "\n".join(line for line in text.splitlines() if "`" not in line)
    assert "<b>" not in prose.replace("\\<b\\>", "")

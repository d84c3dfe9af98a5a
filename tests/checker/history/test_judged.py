"""Readers and models together: what a file says is what is judged."""

from __future__ import annotations

import json
from pathlib import Path

from checker import Verdict, check
from checker.history.formats import read_history


def _ops(tmp_path: Path, *rows: tuple[str, object, object]) -> Path:
    path = tmp_path / "run.ops"
    path.write_text(
        "".join(
            json.dumps(
                {"client": 0, "call": 10 * n, "return": 10 * n + 5, "f": f, "value": v, "out": out}
            )
            + "\n"
            for n, (f, v, out) in enumerate(rows)
        )
    )
    return path


def test_a_cas_that_answered_false_was_right_to(tmp_path: Path) -> None:
    write, right = ("write", 1, None), ("cas", [2, 3], False)
    history = read_history(_ops(tmp_path, write, right, ("read", None, 1)))
    assert check(history, "cas-register").verdict is Verdict.VALID
    history = read_history(_ops(tmp_path, write, ("cas", [1, 3], False), ("read", None, 1)))
    assert check(history, "cas-register").verdict is Verdict.INVALID


def test_a_cas_that_failed_in_jepsens_words_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "run.edn"
    path.write_text(
        """
        {:process 0, :type :invoke, :f :write, :value 1}
        {:process 0, :type :ok, :f :write, :value 1}
        {:process 0, :type :invoke, :f :cas, :value [1 2]}
        {:process 0, :type :fail, :f :cas, :value [1 2]}
        """
    )
    assert check(read_history(path), "cas-register").verdict is Verdict.VALID

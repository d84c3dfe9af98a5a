from __future__ import annotations

from pathlib import Path

from checker import History, Outcome
from checker.history.formats import read_history

MAPS = """\
{:process 0, :type :invoke, :f :cas, :value [1 2], :time 10, :index 0}
{:process :nemesis, :type :info, :f :start, :value "cut off n1", :time 12}
#jepsen.history.Op{:process 1, :type :invoke, :f :read, :value nil, :time 15, :sub {:a #{1}}}
{:process 0, :type :fail, :f :cas, :value [1 2], :time 20, :error [:precondition nil]}
{:process 1, :type :ok, :f :read, :value 5, :time 21}
{:process 0, :type :invoke, :f :write, :value 3, :time 30}
{:process 0, :type :info, :f :write, :value 3, :time 40, :error :timeout}
"""


def _read(tmp_path: Path, text: str) -> History:
    path = tmp_path / "history.edn"
    path.write_text(text)
    return read_history(path)


def test_reads_operation_maps(tmp_path: Path) -> None:
    for text in (MAPS, f"[{MAPS}]", f"; recorded\n({MAPS})"):
        history = _read(tmp_path, text)
        cas, read, write = history
        assert (cas.f, cas.value, cas.outcome, cas.output) == ("cas", [1, 2], Outcome.FAIL, None)
        assert cas.error == ["precondition", None]
        assert (read.value, read.output, read.invoked, read.completed) == (None, 5, 1, 3)
        assert (write.outcome, write.error, write.time_completed) == (Outcome.INFO, "timeout", 40)
        assert [(event.f, event.value) for event in history.nemesis] == [("start", "cut off n1")]


def test_lines_are_those_of_the_maps(tmp_path: Path) -> None:
    history = _read(tmp_path, "; a comment\n[\n" + MAPS + "]")
    assert [operation.line for operation in history] == [3, 5, 8]


def test_a_map_may_span_lines_and_share_one(tmp_path: Path) -> None:
    text = "{:process 0\n :type :invoke\n :f :read} {:process 1 :type :invoke :f :read}"
    first, second = _read(tmp_path, text)
    assert (first.line, second.line) == (1, 3)


def test_explicit_empty_vector_is_an_empty_history(tmp_path: Path) -> None:
    assert len(_read(tmp_path, "[ ; nothing happened\n]")) == 0


def test_key_field_is_the_key(tmp_path: Path) -> None:
    text = '{:process 0, :type :invoke, :f :append, :key "7", :value "x"}'
    (append,) = _read(tmp_path, text)
    assert (append.key, append.value) == ("7", "x")


def test_tuples_of_a_keyed_workload_are_split(tmp_path: Path) -> None:
    text = """
    {:process 0, :type :invoke, :f :read, :value [3 nil]}
    {:process 1, :type :invoke, :f :write, :value [4 1]}
    {:process 0, :type :ok, :f :read, :value [3 nil]}
    {:process 2, :type :invoke, :f :cas, :value [3 [1 2]]}
    {:process 2, :type :ok, :f :cas, :value [3 [1 2]]}
    {:process 1, :type :info, :f :write, :value [4 1], :error :timeout}
    """
    read, write, cas = _read(tmp_path, text)
    assert (read.key, read.value, read.output) == (3, None, None)
    assert (write.key, write.value, write.output) == (4, 1, None)
    assert (cas.key, cas.value, cas.output) == (3, [1, 2], [1, 2])


def test_pairs_that_are_values_stay_values(tmp_path: Path) -> None:
    cases = """{:process 0, :type :invoke, :f :cas, :value [1 2]}"""
    reads = """{:process 1, :type :invoke, :f :read, :value nil}"""
    answers = """
    {:process 1, :type :invoke, :f :read, :value [3 nil]}
    {:process 1, :type :ok, :f :read, :value 5}
    """
    for text in (cases, cases + reads, cases + answers):
        first = _read(tmp_path, text).operations[0]
        assert (first.key, first.value) == (None, [1, 2])

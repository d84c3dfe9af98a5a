from __future__ import annotations

from pathlib import Path

import pytest

from checker import History, Outcome
from checker.history.formats import read_history
from tests.support.native_reading import assert_same

LOG = """\
INFO  jepsen.util - 0\t:invoke\t:read\tnil
INFO  jepsen.core - Worker 0 starting
INFO  jepsen.util - 1\t:invoke\t:cas\t[1 0]
INFO  jepsen.util - :nemesis\t:info\t:start\t"Cut off {:n4 #{:n3}}"
INFO  jepsen.util - 0\t:ok\t:read\t4
INFO  jepsen.util - 1\t:fail\t:cas\t[1 0]
INFO  jepsen.util - 0\t:invoke\t:write\t3
INFO  jepsen.util - 0\t:info\t:write\t:timed-out
INFO  jepsen.util - 1\t:invoke\t:read\tnil
INFO  jepsen.util - 1\t:info\t:read\t:timed-out
"""


def _read(tmp_path: Path, text: str, form: str = "auto") -> History:
    path = tmp_path / "etcd.log"
    path.write_text(text)
    return read_history(path, form)


def test_reads_the_log_of_a_register(tmp_path: Path) -> None:
    history = _read(tmp_path, LOG)
    read, cas, write, lost_read = history
    assert (read.process, read.output, read.invoked, read.completed) == (0, 4, 0, 2)
    assert (cas.value, cas.f, cas.line) == ([1, 0], "cas", 3)
    assert (write.outcome, write.value, write.error) == (Outcome.INFO, 3, "timed-out")
    assert (lost_read.outcome, lost_read.output) == (Outcome.INFO, None)
    assert [(event.f, event.value) for event in history.nemesis] == [
        ("start", "Cut off {:n4 #{:n3}}")
    ]


@pytest.mark.parametrize("between", [" ", "    ", " \t", "\t\t"])
def test_any_white_space_parts_the_columns(tmp_path: Path, between: str) -> None:
    written = _read(tmp_path, LOG)
    spaced = _read(tmp_path, LOG.replace("\t", between))
    assert spaced.operations == written.operations
    assert spaced.nemesis == written.nemesis
    assert_same((tmp_path / "etcd.log").read_bytes(), tmp_path / "again.log")


def test_reads_key_value_maps(tmp_path: Path) -> None:
    text = """\
{:process 0, :type :invoke, :f :append, :key "0", :value "x 0 0 y"}
{:process 1, :type :invoke, :f :get, :key "7", :value nil}
{:process 1, :type :ok, :f :get, :key "7", :value ""}
"""
    for form in ("auto", "porcupine"):
        append, get = _read(tmp_path, text, form)
        assert (append.key, append.value, append.outcome) == ("0", "x 0 0 y", Outcome.INFO)
        assert (get.key, get.value, get.output) == ("7", None, "")

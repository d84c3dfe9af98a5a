from __future__ import annotations

from pathlib import Path

import pytest

from checker import MalformedHistory, UnknownFormat
from checker.history.formats import FORMATS, read_history
from checker.history.formats.sniff import sniff


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b'{"format": "trueorder.history/1"}\n', "jsonl"),
        (b'\n  {"type": "invoke", "process": 0}\n', "jsonl"),
        (b'{"type": "invoke", "call": 1}\n', "jsonl"),
        (b'{"type": broken\n', "jsonl"),
        (b'{"client": 1, "call": 2, "return": 3}\n', "ops"),
        (b'{"client": 1, "call": 2, ', "ops"),
        (b'[{"type": "invoke"}]', "json"),
        (b'[\n {"type": "invoke"},', "json"),
        (b"{:type :invoke}", "edn"),
        (b"[{:type :invoke}]", "edn"),
        (b"({:type :invoke})", "edn"),
        (b"; why\n;why\n\n[{:type :invoke}]", "edn"),
        (b"#jepsen.history.Op{:type :invoke}", "edn"),
        (b"[]", "json"),
        (b"INFO  jepsen.util - 0\t:invoke\t:read\tnil\n", "porcupine"),
        (b"w 1 2\n", "plume"),
        (b"-----\r\n", "plume"),
        (b"w 1\n", None),
        (b"\x00\x01\x02", None),
        (b"<html>", None),
    ],
)
def test_the_format_is_told_from_the_content(head: bytes, name: str | None) -> None:
    assert sniff(head) == name


def test_json_array_is_read_with_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text(
        '[{"type":"invoke","f":"add","value":1,"op-index":1,"process":0,"time":10,"index":0},\n'
        '{"type":"ok",\n"f":"add","value":1,"process":0,"time":20},\n'
        '{"type":"invoke","f":"read","process":0,"time":30}]\n'
    )
    add, read = read_history(path)
    assert (add.value, add.output, add.line, read.line) == (1, 1, 1, 4)


def test_a_named_format_is_used_as_named(tmp_path: Path) -> None:
    path = tmp_path / "run"
    path.write_text("{:process 0, :type :invoke, :f :read}\n")
    assert len(read_history(path, "edn")) == 1
    with pytest.raises(MalformedHistory, match="broken JSON"):
        read_history(path, "jsonl")


def test_unknown_format_lists_the_known(tmp_path: Path) -> None:
    path = tmp_path / "run"
    path.touch()
    with pytest.raises(UnknownFormat, match=f"'xml': known are auto, {', '.join(FORMATS)}"):
        read_history(path, "xml")

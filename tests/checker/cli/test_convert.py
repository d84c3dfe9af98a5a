"""`checker convert`: from and to, and what it says when something would be lost."""

from __future__ import annotations

import gzip
import io
import sys
from pathlib import Path

import pytest

from checker import MalformedHistory
from checker.cli import main
from checker.history.formats import read_history
from checker.history.writing import WRITERS, write_history_as

CORPUS = Path(__file__).parents[1] / "corpora"
ETCD = str(CORPUS / "porcupine" / "etcd" / "etcd_039.log")
BROKEN = str(Path(__file__).parents[1] / "malformed" / "broken-line.jsonl")
RUN = (
    '{"model":"register","format":"trueorder.history/1"}\n'
    '{"type":"invoke","process":0,"f":"write","value":1,"time":5}\n'
    '{"type":"fail","process":0,"f":"write","error":"no","time":7}\n'
)


@pytest.fixture
def run(tmp_path: Path) -> str:
    path = tmp_path / "run.jsonl"
    path.write_text(RUN)
    return str(path)


def _recorded() -> list[Path]:
    about = {"README.md", "expected.tsv", "cases.jsonl"}
    return sorted(one for one in CORPUS.rglob("*") if one.is_file() and one.name not in about)


@pytest.mark.parametrize("to", list(WRITERS))
@pytest.mark.parametrize("path", _recorded(), ids=lambda path: path.name)
def test_native_and_python_readers_give_the_same_file(
    path: Path, to: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = ""
    try:
        history = read_history(path)
    except MalformedHistory as error:
        refused = error.reason
    if refused:
        assert main(["convert", str(path), str(tmp_path / "out"), "--to", to]) == 4
        assert refused in capsys.readouterr().err
        return
    lost = write_history_as(history, tmp_path / "expected", to, lossy=True)
    ended = main(["convert", str(path), str(tmp_path / "out"), "--to", to])
    assert ended == (2 if lost else 0)
    if lost:
        assert main(["convert", str(path), str(tmp_path / "out"), "--to", to, "--lossy"]) == 0
    assert (tmp_path / "out").read_bytes() == (tmp_path / "expected").read_bytes()


@pytest.mark.parametrize("name", ["h.jsonl", "h.edn", "h.json", "h.edn.gz", "h.jsonl.gz"])
def test_the_name_tells_the_format(name: str, tmp_path: Path) -> None:
    out = tmp_path / name
    assert main(["convert", ETCD, str(out)]) == 0
    assert (out.read_bytes()[:2] == b"\x1f\x8b") == name.endswith(".gz")
    asked = [(op.process, op.f, op.value, op.output, op.outcome) for op in read_history(ETCD)]
    assert [
        (op.process, op.f, op.value, op.output, op.outcome) for op in read_history(out)
    ] == asked
    assert main(["verify", str(out), "--model", "cas-register"]) == 1


def test_what_would_be_lost_is_said_and_nothing_written(
    run: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run.ops"
    assert main(["convert", run, str(out)]) == 2
    errors = capsys.readouterr().err
    assert "ops cannot hold the header (model)" in errors
    assert "ops cannot hold operations that failed, first on line 2 [0: process 0 write]" in errors
    assert "--lossy" in errors
    assert not out.exists()
    assert main(["convert", run, str(tmp_path / "run.edn"), "--lossy"]) == 0
    assert "lost: the header (model)" in capsys.readouterr().err


def test_from_standard_input_to_standard_output(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(RUN.encode()))))
    assert main(["convert", "-", "-"]) == 0
    assert capsys.readouterr().out == RUN


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ([ETCD, "h.parquet"], 2, "the name h.parquet does not tell a format: name one with --to"),
        ([ETCD, "h.jsonl.zst"], 2, "zstd cannot be written"),
        ([ETCD, "no/such/h.edn"], 2, "OUT: there is no directory no/such"),
        ([ETCD, "h.txt", "--to", "porcupine"], 2, "porcupine"),
        (["missing", "h.edn"], 2, "cannot read missing"),
        ([BROKEN, "h.edn"], 4, "broken-line.jsonl:3"),
        ([ETCD, "/dev/full", "--to", "edn"], 5, "cannot write /dev/full"),
    ],
)
def test_each_end_has_its_code(
    arguments: list[str],
    code: int,
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["convert", *arguments]) == code
    output = "".join(capsys.readouterr()).replace("│", " ")
    assert says in " ".join(output.split())
    assert list(tmp_path.iterdir()) == []

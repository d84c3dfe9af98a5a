"""Every exit code of the contract: in this process, and a few through the command itself."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from checker.cli import main
from tests.support.checker_command import checker_command, run_checker

CORPUS = Path(__file__).parents[1] / "corpora" / "knossos"
MALFORMED = Path(__file__).parents[1] / "malformed"
GOOD = CORPUS / "good" / "cas-register-bug.edn"
BAD = CORPUS / "bad" / "bad-analysis.edn"
BROKEN = MALFORMED / "broken-line.jsonl"
UNREADABLE = Path("/proc/self/mem")  # it can be opened, and its first byte cannot be read

MODELS = """
from checker import Model

class Raises(Model):
    name = "raises"
    def init(self): return 0
    def step(self, state, operation): raise RuntimeError("my model is broken")

class Panics(Model):
    name = "panics"
    def init(self): return 0
    def step(self, state, operation): raise SystemError("as a panic")

class PanicException(BaseException):
    pass

class Escapes(Model):
    name = "escapes"
    def init(self): return 0
    def step(self, state, operation): raise PanicException("not an Exception")

class Nothing:
    pass
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
    monkeypatch.delitem(sys.modules, "mymodels", raising=False)
    (tmp_path / "mymodels.py").write_text(MODELS)
    (tmp_path / "nofault.py").write_text("raise RuntimeError('at import')")
    hard = [{"client": n, "call": 0, "return": 100, "f": "write", "value": n} for n in range(14)]
    hard.append({"client": 99, "call": 200, "return": 300, "f": "read", "out": "never written"})
    (tmp_path / "hard.ops").write_text("".join(json.dumps(line) + "\n" for line in hard))
    (tmp_path / "register.jsonl").write_text(
        '{"format": "trueorder.history/1", "model": "no-such-model"}\n'
        '{"type": "invoke", "process": 0, "f": "read"}\n'
    )
    (tmp_path / "strange.ops").write_text('{"client": 0, "call": 1, "return": 2, "f": "dance"}\n')
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["verify", GOOD], 0, "valid"),
        (["verify", GOOD, GOOD, "--model", "cas-register"], 0, "2 histories: 2 valid"),
        (["verify", BAD], 1, "invalid"),
        (["verify", BAD, "--engine", "reference", "--json"], 1, '"invalid"'),
        (["verify"], 2, "FILES"),
        (["verify", GOOD, "--bogus"], 2, "--bogus"),
        (["nonsense"], 2, "nonsense"),
        (["verify", "missing.jsonl"], 2, "cannot read missing.jsonl: No such file"),
        (["verify", "."], 2, "cannot read .: it is a directory"),
        (["verify", GOOD, "--model", "nonesuch"], 2, "unknown model 'nonesuch'"),
        (["verify", GOOD, "--model", "nowhere:Class"], 2, "nowhere:Class"),
        (["verify", GOOD, "--model", "nofault:Class"], 2, "RuntimeError: at import"),
        (["verify", GOOD, "--model", "mymodels:Nothing"], 2, "not a subclass of checker.Model"),
        (["verify", "strange.ops"], 2, "operations (dance) do not tell the model"),
        (["verify", "register.jsonl"], 2, "unknown model 'no-such-model'"),
        (["verify", GOOD, "--initial", "{"], 2, "--initial: '{' is not JSON"),
        (["verify", GOOD, "--model", "stream", "--initial", "1"], 2, "'stream'"),
        (["verify", GOOD, "--timeout", "soon"], 2, "--timeout: 'soon' is not a duration"),
        (["verify", GOOD, "--timeout", "0s"], 2, "--timeout: '0s' is not a duration"),
        (["verify", GOOD, "--timeout", "5 parsecs"], 2, "the unit 'parsecs'"),
        (["verify", GOOD, "--memory-limit", "4GoB"], 2, "--memory-limit: '4GoB' has the unit"),
        (["verify", GOOD, "--format", "xml"], 2, "xml"),
        (["verify", GOOD, "--engine", "steam"], 2, "steam"),
        (["verify", GOOD, "--consistency", "eventual"], 2, "eventual"),
        (["verify", GOOD, "--html", "no/such/x.html"], 2, "--html: there is no directory no/such"),
        (["verify", GOOD, GOOD, "--html", "x.html"], 2, "--html draws one history"),
        (["verify", "-", "-"], 2, "standard input (-) can be read only once"),
        (["verify", "hard.ops", "--engine", "reference", "--timeout", "1ms"], 3, "raise --timeout"),
        (
            ["verify", "hard.ops", "--engine", "reference", "--memory-limit", "9KB"],
            3,
            "raise --memory-limit",
        ),
        (["verify", BROKEN], 4, "broken-line.jsonl:3"),
        (["verify", "-"], 4, "<stdin>:1"),
        (["verify", "strange.ops", "--model", "register"], 4, "no operation 'dance'"),
        (["lint", BROKEN], 4, "broken-line.jsonl:3: malformed"),
        (["lint", GOOD], 0, "well-formed"),
        (["lint", GOOD, "--strict"], 4, "no-times"),
        (["stats", BROKEN], 4, "broken-line.jsonl:3"),
        (["stats", GOOD], 0, "6 operations"),
        (["stats", "missing"], 2, "cannot read missing"),
        (["models"], 0, "cas-register"),
        (["verify", UNREADABLE], 5, "cannot be read"),
        (["verify", GOOD, "--junit", "/dev/full"], 5, "--junit"),
        (["verify", GOOD, "--model", "mymodels:Raises"], 70, "my model is broken"),
        (["verify", GOOD, "--model", "mymodels:Panics"], 70, "SystemError"),
        (["verify", GOOD, "--model", "mymodels:Escapes"], 70, "PanicException: not an Exception"),
        (["--help"], 0, "verify"),
        (["verify", "--help"], 0, "--timeout"),
        (["--version"], 0, "checker 0."),
        ([], 0, "verify"),
    ],
    ids=lambda value: " ".join(map(str, value))[-60:] if isinstance(value, list) else None,
)
@pytest.mark.usefixtures("folder")
def test_each_end_has_its_code(
    arguments: list[str | Path], code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(argument) for argument in arguments]) == code
    # On a narrow console the box of a usage error may cut a line.
    output = " ".join("".join(capsys.readouterr()).replace("│", " ").split())
    assert says in output
    assert "Traceback" not in output


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ([GOOD, BAD], 1),
        ([BAD, BROKEN], 4),
        ([BROKEN, GOOD, BAD], 4),
        (["hard.ops", GOOD], 3),
        (["hard.ops", BAD], 1),
        (["hard.ops", BROKEN], 4),
        ([UNREADABLE, "hard.ops"], 5),
        ([UNREADABLE, BAD], 1),
        ([UNREADABLE, BROKEN], 4),
        (["strange.ops", BROKEN], 2),
    ],
)
@pytest.mark.usefixtures("folder")
def test_the_worst_end_wins(files: list[str | Path], code: int) -> None:
    options = ["--engine", "reference", "--timeout", "1ms"]
    assert main(["verify", *map(str, files), *options]) == code


@pytest.mark.usefixtures("folder")
def test_an_internal_error_wins_over_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(BROKEN), str(GOOD), "--model", "mymodels:Raises"]) == 70
    assert "malformed" in capsys.readouterr().out


@pytest.mark.parametrize(("option", "variable"), [(["--debug"], ""), ([], "1")])
@pytest.mark.usefixtures("folder")
def test_a_traceback_is_shown_on_demand(
    option: list[str],
    variable: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CHECKER_DEBUG", variable)
    assert main(["verify", str(GOOD), "--model", "mymodels:Escapes", *option]) == 70
    errors = capsys.readouterr().err
    assert "Traceback" in errors
    assert 'raise PanicException("not an Exception")' in errors


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["verify", GOOD], 0),
        (["verify", BAD], 1),
        (["verify", "--bogus"], 2),
        (["verify", "hard.ops", "--engine", "reference", "--timeout", "1ms"], 3),
        (["verify", BROKEN], 4),
        (["verify", UNREADABLE], 5),
        (["verify", GOOD, "--model", "mymodels:Escapes"], 70),
    ],
)
def test_the_command_ends_with_the_code(
    folder: Path, arguments: list[str | Path], code: int
) -> None:
    assert run_checker(*arguments, cwd=folder).returncode == code


def test_a_reader_that_goes_away_ends_it_quietly() -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    with subprocess.Popen(
        checker_command("verify", BAD), stdout=write_end, stderr=subprocess.PIPE
    ) as process:
        os.close(write_end)
        assert process.stderr is not None
        errors = process.stderr.read()
    assert (process.returncode, errors) == (141, b"")

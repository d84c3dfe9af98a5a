"""Each way a command can end has its exit code, and an internal error is never 1."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from eventstore import errors as store_errors
from verification import cli
from verification import errors as our_errors


class NativePanic(BaseException):
    """Not an Exception, as PyO3's PanicException is not."""


def run_with(outcome: object) -> int:
    """Run a command of `trueorder` that returns or raises `outcome`."""

    def act() -> object:
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    cli.app.command(act, name="act")
    try:
        return cli.run(["act"])
    finally:
        del cli.app["act"]


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (None, 0),
        (0, 0),
        (1, 1),
        (3, 3),
        (our_errors.ConfigError("x"), 2),
        (our_errors.PortTaken("PostgreSQL", 5432), 2),
        (our_errors.ServerFailed("PostgreSQL", "died", Path("log")), 5),
        (store_errors.ConfigError("x"), 2),
        (store_errors.SchemaMismatch("0001", "0002"), 2),
        (store_errors.StoreUnavailable("x"), 5),
        (KeyboardInterrupt(), 130),
        (ValueError("a bug"), 70),
        (NativePanic("a bug in Rust"), 70),
        (SystemExit("a stray exit"), 70),
        (SystemExit(1), 70),
    ],
)
def test_an_outcome_has_its_code(outcome: object, code: int) -> None:
    assert run_with(outcome) == code


def test_an_error_of_ours_is_a_sentence_and_a_bug_is_a_traceback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run_with(our_errors.ConfigError("say it otherwise"))
    assert capsys.readouterr() == ("", "trueorder: say it otherwise\n")
    run_with(ValueError("a bug"))
    said = capsys.readouterr().err
    assert "ValueError: a bug" in said
    assert said.endswith("please report it with the lines above\n")


@pytest.mark.parametrize("arguments", [["upp"], ["up", "--nonsense"], ["--nonsense"]])
def test_a_wrong_command_line_is_exit_2_and_on_standard_error(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "Error" in said.err


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["up", "--help"], []])
def test_help_is_no_error(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(arguments) == 0
    said = capsys.readouterr()
    assert "trueorder" in said.out
    assert said.err == ""


def test_a_closed_output_is_exit_141_without_a_word() -> None:
    shell = f"{sys.executable} -m verification.cli --help | true; echo ${{PIPESTATUS[0]}}"
    ran = subprocess.run(
        ["bash", "-c", shell], capture_output=True, text=True, timeout=60, check=True
    )
    assert ran.stdout in ("0\n", "141\n")  # 0 if `true` was late
    assert ran.stderr == ""


def test_help_loads_no_driver() -> None:
    script = "import sys, verification.cli as c; c.run(['--help']); print(sorted(sys.modules))"
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    for module in ("asyncpg", "nats", "sqlalchemy"):
        assert f"'{module}'" not in ran.stdout

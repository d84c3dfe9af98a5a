"""Run a command of ours in this process, as a user types it."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from eventstore import cli


class Ran(NamedTuple):
    code: object
    out: str
    err: str

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


Run = Callable[..., Ran]


def runner(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """A function that runs `eventstore` with arguments, and what it printed."""
    monkeypatch.setenv("COLUMNS", "200")

    def run_command(*arguments: str, stdin: str = "") -> Ran:
        monkeypatch.setattr(sys, "argv", ["eventstore", *arguments])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        code: object
        try:
            code = cli.main()
        except SystemExit as ended:
            code = ended.code
        return Ran(code, *capsys.readouterr())

    return run_command

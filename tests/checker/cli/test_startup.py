"""What the command imports, and that a broken installation never ends as a violation."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest

from checker.cli.version import VERSION
from tests.support.checker_command import run_checker

GOOD = Path(__file__).parents[1] / "corpora" / "knossos" / "good" / "cas-register-bug.edn"

PRINTS_MODULES = """
import sys
from checker.cli import main
code = main(sys.argv[1:])
print(*sys.modules, sep="\\n", file=sys.stderr)
sys.exit(code)
"""
HEAVY = {
    "asyncio",
    "checker.checking",
    "checker.engine",
    "checker.history",
    "checker.models",
    "checker.monitors",
    "checker.report",
    "checker.transactions",
    "importlib.metadata",
    "jinja2",
    "msgspec",
    "numpy",
}


def _imported_by(*arguments: str | Path) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", PRINTS_MODULES, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stderr.split())


def test_the_version_is_the_packages() -> None:
    assert importlib.metadata.version("trueorder") == VERSION


def test_printing_the_version_imports_next_to_nothing() -> None:
    imported = _imported_by("--version")
    assert not imported & HEAVY
    assert not imported & {"cyclopts", "rich"}
    assert {name for name in imported if name.startswith("checker.")} <= {
        "checker._native",
        "checker.cli",
        "checker.cli.endings",
        "checker.cli.exits",
        "checker.cli.output",
        "checker.cli.signals",
        "checker.cli.usage",
        "checker.cli.version",
    }


def test_printing_the_help_imports_no_command() -> None:
    imported = _imported_by("--help")
    assert not imported & (HEAVY - {"importlib.metadata"})
    assert "markdown_it" not in imported
    assert "checker.cli.verify" not in imported


def test_a_valid_history_that_is_judged_natively_takes_no_words_for_violations(
    tmp_path: Path,
) -> None:
    valid = tmp_path / "valid.ops"
    valid.write_text('{"client": 0, "call": 1, "return": 2, "f": "read", "out": null}\n')
    imported = _imported_by("verify", valid, "--model", "register", "--json")
    assert not {name for name in imported if name.startswith("checker.monitors.registers")}


def test_judging_as_json_imports_nothing_to_draw_with() -> None:
    imported = _imported_by("verify", GOOD, "--json")
    assert not imported & {"asyncio", "jinja2", "numpy", "rich"}
    assert "checker.checking" in imported
    assert not {name for name in imported if name.startswith("checker.transactions")}
    assert "checker.monitors.streams" not in imported


@pytest.mark.parametrize("module", ["cyclopts", "msgspec", "rich"])
@pytest.mark.parametrize("raised", ["ImportError('gone')", "SystemExit(1)", "ValueError('odd')"])
def test_a_broken_installation_is_an_internal_error(
    module: str, raised: str, tmp_path: Path
) -> None:
    (tmp_path / f"{module}.py").write_text(f"raise {raised}\n")
    done = run_checker("verify", GOOD, env={"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 70
    assert done.stdout == ""
    assert f"internal error: {raised.partition('(')[0]}" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_native_engine_is_an_internal_error_of_judging_alone(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\nsys.modules['checker._native'] = None  # type: ignore[assignment]\n"
    )
    environment = {"PYTHONPATH": str(tmp_path)}
    version = run_checker("--version", env=environment)
    assert (version.returncode, version.stdout) == (0, f"checker {VERSION} (no native engine)\n")
    judged = run_checker("verify", GOOD, env=environment)
    assert judged.returncode == 70
    assert "checker._native" in judged.stderr


@pytest.mark.parametrize(
    ("body", "code", "says"),
    [
        ("raise RuntimeError('at import')", 2, "RuntimeError: at import"),
        ("import a_module_that_is_not_there", 2, "a_module_that_is_not_there"),
        ("def broken(:", 2, "SyntaxError"),
        ("raise SystemExit(1)", 70, "SystemExit: 1"),
        ("import os; os.abort", 2, "Register"),
    ],
)
def test_a_model_whose_module_is_broken_is_no_violation(
    body: str, code: int, says: str, tmp_path: Path
) -> None:
    (tmp_path / "broken.py").write_text(body + "\n")
    done = run_checker("verify", GOOD, "--model", "broken:Register", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (code, "")
    assert says in done.stderr


def test_help_for_a_reader_that_goes_away_ends_quietly() -> None:
    command = f"{Path(sys.executable).with_name('checker')} --help | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stderr == ""
    assert done.stdout.strip() in {"0", "141"}

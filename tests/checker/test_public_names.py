"""What `import checker` offers, and what it costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import checker


def _for_type_checkers() -> dict[str, str]:
    """Where type checkers are told that each name comes from."""
    module = ast.parse(Path(checker.__file__).read_text())
    (block,) = (node for node in module.body if isinstance(node, ast.If) and _positive(node))
    return {
        alias.name: node.module or ""
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def _positive(node: ast.If) -> bool:
    return isinstance(node.test, ast.Name)


def test_type_checkers_and_programs_are_told_the_same() -> None:
    assert _for_type_checkers() == checker._HOME_OF
    assert sorted(checker._HOME_OF) == sorted(checker.__all__)


@pytest.mark.parametrize("name", checker.__all__)
def test_each_name_is_there_and_listed(name: str) -> None:
    assert getattr(checker, name) is not None
    assert name in dir(checker)


def test_a_name_that_does_not_exist_is_no_name() -> None:
    with pytest.raises(AttributeError, match="module 'checker' has no attribute 'chekc'"):
        checker.chekc  # type: ignore[attr-defined]  # noqa: B018


def test_importing_it_imports_none_of_its_modules() -> None:
    code = "import sys, checker; print(*(m for m in sys.modules if m.startswith('checker.')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []

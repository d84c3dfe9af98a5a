"""The rules of the house, held by a test instead of by review."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.support.source import ROOT, package_files, parsed, tracked_files

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70
BLOB_BYTES_MAX = 500_000
VAGUE_NAMES = re.compile(r"(manager|helpers?|utils?|common|base)$", re.IGNORECASE)


def names(paths: tuple[Path, ...]) -> list[str]:
    return [str(path) for path in paths]


@pytest.mark.parametrize("name", names(tracked_files(".py", ".rs", ".js", ".css")))
def test_a_file_has_one_purpose_and_under_400_lines(name: str) -> None:
    if name.startswith("checker/report/assets/"):
        return  # vendored, with its licence beside it
    lines = (ROOT / name).read_text(encoding="utf-8").count("\n")
    assert lines <= FILE_LINES_MAX, f"{name} has {lines} lines: split it by purpose"


@pytest.mark.parametrize("name", names(tracked_files(".py")))
def test_functions_stay_under_70_lines(name: str) -> None:
    long = [
        f"{name}:{node.lineno} {node.name} has {lines} lines"
        for node in ast.walk(parsed(Path(name)))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES_MAX
    ]
    assert not long


@pytest.mark.parametrize("name", names(package_files()))
def test_modules_and_classes_are_named_for_what_they_are(name: str) -> None:
    path = Path(name)
    assert not VAGUE_NAMES.match(path.stem), f"{name}: name it for what it does"
    vague = [
        node.name
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ClassDef) and VAGUE_NAMES.search(node.name)
    ]
    assert not vague


@pytest.mark.parametrize("name", names(package_files()))
def test_every_module_says_what_it_is(name: str) -> None:
    assert ast.get_docstring(parsed(Path(name))), f"{name} has no docstring"


@pytest.mark.parametrize("name", names(package_files()))
def test_exported_names_are_sorted_and_exist(name: str) -> None:
    module = parsed(Path(name))
    for node in module.body:
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and node.targets[0].id == "__all__"
        ):
            exported: list[str] = ast.literal_eval(node.value)
            assert len(exported) == len(set(exported))
            bound = bound_names(module)
            assert not [n for n in exported if n not in bound and "__getattr__" not in bound]


def bound_names(module: ast.Module) -> set[str]:
    bound: set[str] = set()
    for node in module.body:
        match node:
            case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                bound.add(node.name)
            case ast.Import() | ast.ImportFrom():
                bound.update(alias.asname or alias.name for alias in node.names)
            case ast.Assign():
                bound.update(t.id for t in node.targets if isinstance(t, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)):
                bound.add(name)
            case ast.If(body=body):  # what type checkers see, or do not
                bound |= bound_names(ast.Module(body=body, type_ignores=[]))
            case _:
                pass
    return bound


def test_nothing_large_is_tracked() -> None:
    large = [
        f"{path}: {size} bytes"
        for path in tracked_files(".py", ".rs", ".js", ".json", ".jsonl", ".gz", ".html", ".png")
        if (size := (ROOT / path).stat().st_size) > BLOB_BYTES_MAX
    ]
    assert not large


def test_tests_are_not_packages() -> None:
    # An `__init__.py` in tests/eventstore would make `import eventstore` find the tests.
    assert not [p for p in tracked_files(".py") if p.parts[0] == "tests" and p.stem == "__init__"]


def test_a_todo_names_its_issue() -> None:
    marker = re.compile(r"\b(TODO|FIXME|XXX)\b(?!\(#\d+\))")
    unowned = [
        f"{path}:{number}"
        for path in tracked_files(".py", ".rs", ".js")
        if not str(path).startswith(("checker/report/assets/", "tests/architecture/"))
        for number, line in enumerate((ROOT / path).read_text(encoding="utf-8").splitlines(), 1)
        if marker.search(line)
    ]
    assert not unowned

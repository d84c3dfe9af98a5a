"""Each package draws its tree of errors; the drawing and the classes must agree."""

from __future__ import annotations

import importlib
import re
from types import ModuleType

import pytest

from tests.support.source import PACKAGES, ROOT

WITH_ERRORS = [
    name
    for name in PACKAGES
    if any((ROOT / name / errors).exists() for errors in ("errors.py", "errors/__init__.py"))
]


def drawn(module: ModuleType) -> dict[str, str | None]:
    """The tree in the docstring: class name to the name of its parent."""
    tree: dict[str, str | None] = {}
    path: list[str] = []
    for line in (module.__doc__ or "").splitlines():
        match = re.fullmatch(r"    ((?:[| ]  )*)(\+- )?([A-Z]\w+)(?: .*)?", line)
        if match:
            depth = len(match[1]) // 3 + (1 if match[2] else 0)
            path[depth:] = [match[3]]
            tree[match[3]] = path[depth - 1] if depth else None
    return tree


def defined(module: ModuleType) -> dict[str, str | None]:
    classes = {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, type)
        and issubclass(value, Exception)
        and f"{value.__module__}.".startswith(f"{module.__name__}.")
    }
    return {
        name: value.__base__.__name__
        if value.__base__ is not None and value.__base__.__name__ in classes
        else None
        for name, value in classes.items()
    }


@pytest.mark.parametrize("package", WITH_ERRORS)
def test_the_drawing_is_the_tree(package: str) -> None:
    module = importlib.import_module(f"{package}.errors")
    assert drawn(module) == defined(module)
    assert sorted(drawn(module)) == sorted(module.__all__)


@pytest.mark.parametrize("package", WITH_ERRORS)
def test_every_error_is_documented(package: str) -> None:
    module = importlib.import_module(f"{package}.errors")
    undocumented = [n for n in module.__all__ if not vars(vars(module)[n]).get("__doc__")]
    assert not undocumented

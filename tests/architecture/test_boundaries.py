"""Who may touch what: drivers, brokers, the environment. import-linter holds the rest."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.support.source import imported_modules, package_files, parsed


def top_level(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imported_modules(path)}


def is_adapter(path: Path, word: str) -> bool:
    return any(word in part for part in path.parts)


@pytest.mark.parametrize("name", [str(path) for path in package_files()])
def test_drivers_are_imported_by_their_adapters_only(name: str) -> None:
    path = Path(name)
    modules = top_level(path)
    if "asyncpg" in modules:
        assert is_adapter(path, "postgres"), f"{name} imports asyncpg"
    if "grpc" in modules:
        assert is_adapter(path, "grpc"), f"{name} imports grpc"
    if "pyarrow" in modules:
        assert is_adapter(path, "archive_file"), f"{name} imports pyarrow"
    if "nats" in modules:
        assert is_adapter(path, "jetstream") or path.parts[0] == "verification", (
            f"{name} imports nats"
        )


@pytest.mark.parametrize("name", [str(path) for path in package_files()])
def test_the_environment_is_read_at_the_edge_only(name: str) -> None:
    path = Path(name)
    if "config" in path.stem or "cli" in path.parts:
        return
    reads = [
        f"{name}:{node.lineno}"
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
        and node.attr in {"environ", "getenv"}
    ]
    assert not reads


@pytest.mark.parametrize("name", [str(path) for path in package_files()])
def test_randomness_is_never_the_global_generator(name: str) -> None:
    path = Path(name)
    uses = [
        f"{name}:{node.lineno} random.{node.func.attr}"
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "random"
        and node.func.attr not in {"Random", "SystemRandom"}
    ]
    assert not uses

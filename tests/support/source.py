"""The project's own source, for the tests that hold its structure."""

from __future__ import annotations

import ast
import functools
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("eventstore", "projector", "gateway", "checker", "verification")


@functools.cache
def tracked_files(*suffixes: str) -> tuple[Path, ...]:
    """Files that git tracks or would track, with one of the suffixes, relative to the root."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    paths = (Path(name) for name in listed.split("\0") if name)
    return tuple(sorted(p for p in paths if p.suffix in suffixes and (ROOT / p).is_file()))


@functools.cache
def parsed(path: Path) -> ast.Module:
    """The syntax tree of one file."""
    return ast.parse((ROOT / path).read_text(encoding="utf-8"), filename=str(path))


def package_files() -> tuple[Path, ...]:
    """Python files of our own packages."""
    return tuple(p for p in tracked_files(".py") if p.parts[0] in PACKAGES)


def imported_modules(path: Path) -> set[str]:
    """Full names of the modules that a file imports, wherever in the file it does."""
    names: set[str] = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return names
